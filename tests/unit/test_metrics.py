"""What is counted, under which labels, and how several workers' counts become one page."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cds_service.store.records import CardRecord, ConsultationRecord, OrderRecord
from cds_service.web.metrics import Metrics
from cds_service.web.worker_files import VARIABLE, forget_dead_workers, shared_by_workers

SELECT = "liver-lesion-order-select"


def values(exposition: bytes, name: str) -> dict[tuple[str, ...], float]:
    """Values of one metric's samples of that name, by their label values in the order of label names."""
    return {
        tuple(sample.labels[label] for label in sorted(sample.labels)): sample.value
        for family in text_string_to_metric_families(exposition.decode())
        for sample in family.samples
        if sample.name == name
    }


def consultation(*orders: OrderRecord, mode: str = "visible", **counts: int) -> ConsultationRecord:
    return ConsultationRecord(
        id="c",
        tenant="north",
        service=SELECT,
        hook="order-select",
        hook_instance=None,
        mode=mode,
        status=200,
        revision="r",
        at=datetime.now(UTC),
        ms=1.0,
        counts=counts,
        orders=orders,
    )


def order(verdict: str = "rated", variants: tuple[int, ...] = (6,), cards: int = 1) -> OrderRecord:
    made = tuple(CardRecord(str(n), "warning", "guideline") for n in range(cards))
    return OrderRecord("fdg-pet-ct", verdict, variants=variants, cards=made)


def test_verdicts_and_cards_are_counted_by_variant_and_indicator() -> None:
    metrics = Metrics()
    metrics.consulted(consultation(order(), order("undetermined", (5, 6)), order("not-applicable", (), 0)))
    metrics.consulted(consultation(order(), mode="silent"))
    page = metrics.exposition()
    assert values(page, "liver_cds_verdicts_total") == {
        (SELECT, "north", "rated"): 2,
        (SELECT, "north", "undetermined"): 1,
        (SELECT, "north", "not-applicable"): 1,
    }
    assert values(page, "liver_cds_cards_total") == {  # indicator, shown, tenant, variant
        ("warning", "yes", "north", "6"): 1,
        ("warning", "yes", "north", "several"): 1,
        ("warning", "no", "north", "6"): 1,
    }


def test_orders_that_nobody_could_place_are_counted_by_their_coding() -> None:
    metrics = Metrics()
    metrics.consulted(consultation(unmapped=3, unmapped_local=2, orders_missing=1, selected=1))
    page = metrics.exposition()
    assert values(page, "liver_cds_unmapped_codes_total") == {("local", "north"): 2, ("other", "north"): 1}
    assert values(page, "liver_cds_odd_calls_total") == {("north", "orders_missing"): 1}


def test_time_since_the_last_card_runs_from_what_was_known_on_starting() -> None:
    metrics = Metrics()
    metrics.serves("north", [SELECT], 0.0)
    metrics.serves("south", [SELECT])
    since = values(metrics.exposition(), "liver_cds_seconds_since_last_card")
    assert since["north",] > 1e9  # 1970
    assert since["south",] < 1e6
    metrics.consulted(consultation(order()))
    assert values(metrics.exposition(), "liver_cds_seconds_since_last_card")["north",] < 1e6


def test_a_tenants_counters_are_there_before_their_first_event() -> None:
    metrics = Metrics()
    metrics.serves("north", [SELECT])
    page = metrics.exposition()
    assert values(page, "liver_cds_requests_total") == {(SELECT, "200", "north"): 0}
    assert values(page, "liver_cds_odd_calls_total")["north", "patient_mismatch"] == 0


def test_a_consultation_without_a_card_does_not_count_as_one() -> None:
    metrics = Metrics()
    metrics.serves("north", [SELECT], 0.0)
    metrics.consulted(consultation(order("no-criteria", (), 0)))
    assert values(metrics.exposition(), "liver_cds_seconds_since_last_card")["north",] > 1e9


def test_calls_of_nobodys_are_labelled_so() -> None:
    metrics = Metrics()
    metrics.answered("", "other", 404, 0.1)
    metrics.token_refused("", "token-missing")
    metrics.called_out("", "keys", "2xx", 0.1)
    page = metrics.exposition()
    assert values(page, "liver_cds_requests_total") == {("other", "404", "none"): 1}
    assert values(page, "liver_cds_refused_tokens_total") == {("token-missing", "none"): 1}
    assert values(page, "liver_cds_outbound_calls_total") == {("2xx", "keys", "none"): 1}


COUNT = """
import os, sys
from pathlib import Path
from cds_service.web.metrics import Metrics
metrics = Metrics(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
metrics.began("1", "r")
metrics.serves("north", [], float(sys.argv[1]))
metrics.answered("north", "discovery", 200, 0.1)
metrics.outbox(3)
print(metrics.exposition().decode())
"""


def _count_in_a_worker(last_card: float) -> bytes:
    command = [sys.executable, "-c", COUNT, str(last_card)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def test_workers_add_up_and_what_a_dead_one_had_pending_is_forgotten() -> None:
    with shared_by_workers() as directory:
        assert os.environ[VARIABLE] == str(directory)
        _count_in_a_worker(100.0)
        page = _count_in_a_worker(200.0)
    assert values(page, "liver_cds_requests_total") == {("discovery", "200", "north"): 2}
    assert values(page, "liver_cds_outbox_pending") == {(): 3}
    assert values(page, "liver_cds_last_card_timestamp_seconds") == {("north",): 200}
    assert values(page, "liver_cds_info") == {("r", "1"): 1}
    assert not directory.exists()


def test_the_variable_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "elsewhere")
    with shared_by_workers():
        assert os.environ[VARIABLE] != "elsewhere"
    assert os.environ[VARIABLE] == "elsewhere"


def test_only_live_gauges_of_dead_processes_go(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        dead = ended.pid
    kept = [f"gauge_livesum_{os.getpid()}.db", f"counter_{dead}.db", f"gauge_max_{dead}.db", "notes.txt"]
    for name in (*kept, f"gauge_livesum_{dead}.db", f"gauge_livemax_{dead}.db"):
        (tmp_path / name).touch()
    forget_dead_workers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)
