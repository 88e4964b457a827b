"""A silent phase, reported from the store as past orders are."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cds_service.consult import Desk
from cds_service.errors import ReplayImpossible
from cds_service.replay.finish import Wanted
from cds_service.replay.silent import report_silent, silent_rows
from cds_service.store.consultations import write
from cds_service.store.migrating import migrate
from cds_service.store.opening import open_engine, read_url
from cds_service.store.records import CardRecord, ConsultationRecord, OrderRecord, SuggestionRecord

AT = datetime(2026, 5, 20, 10, tzinfo=UTC)
MRI = "mri-abdomen-without-and-with-iv-contrast"
PET = "fdg-pet-ct-skull-base-to-mid-thigh"
BIOPSY = "image-guided-biopsy-liver"


def _card(number: int, *offers: str, indicator: str = "warning") -> CardRecord:
    made = (
        SuggestionRecord(f"{number:08d}-0000-4000-8000-{n:012d}", offer) for n, offer in enumerate(offers)
    )
    return CardRecord(f"{number:08d}-0000-4000-9000-000000000000", indicator, "off-guideline", tuple(made))


def _consultation(
    number: int, *orders: OrderRecord, mode: str = "silent", status: int = 200
) -> ConsultationRecord:
    name = f"{number:08d}-0000-4000-a000-000000000000"
    return ConsultationRecord(
        name, "north", "s", "order-sign", name, mode, status, "rev1", AT, 5.0, orders=orders
    )


RATED = OrderRecord(
    PET, "rated", variants=(6,), rating="usually-not-appropriate", medians=(2,),
    cards=(_card(1, MRI, "lesion-size.under-1-cm", "remove-order"),),
)  # fmt: skip
OPEN = OrderRecord(None, "undetermined", one_of=("a", "b"), variants=(3, 6), asks=("lesion-size", "ct-phase"))
UNMAPPED = OrderRecord(None, "not-applicable")


@pytest.fixture
def store(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    engine = open_engine(read_url(url)).engine
    migrate(engine)
    made = [
        _consultation(1, RATED, OPEN),
        _consultation(2, UNMAPPED, OrderRecord(BIOPSY, "no-criteria", cautions=("platelets-under-50",))),
        _consultation(3, OrderRecord(PET, "rated"), mode="visible"),
        _consultation(4, OrderRecord(PET, "rated"), status=500),
    ]
    with engine.begin() as connection:
        write(connection, made, [])
    engine.dispose()
    return url


def test_orders_judged_in_silence_become_rows(store: str) -> None:
    with open_engine(read_url(store)).engine.connect() as connection:
        rows, revisions = silent_rows(connection, frozenset((BIOPSY,)))
    assert revisions == ["rev1"]
    first, second, third, fourth = rows
    assert (first.procedures, first.verdict, first.variants, first.medians) == (PET, "rated", "6", "2")
    assert (first.cards, first.indicator, first.suggested, first.day) == (1, "warning", MRI, "2026-05-20")
    assert (second.procedures, second.mapped, second.variants, second.asks) == (
        "a;b",
        True,
        "3;6",
        "lesion-size;ct-phase",
    )
    assert (third.mapped, third.kind, third.cards) == (False, "imaging", 0)
    assert (fourth.kind, fourth.cautions) == ("biopsy", "platelets-under-50")


def test_the_report_of_a_silent_phase(store: str, tmp_path: Path, desk: Desk) -> None:
    with open_engine(read_url(store)).engine.connect() as connection:
        rows, revisions = silent_rows(connection, frozenset((BIOPSY,)))
    finished = report_silent(rows, revisions, tmp_path / "out", desk, Wanted())
    page = finished.report.read_text(encoding="utf-8")
    assert "Silent phase" in page
    assert "consultations of tenants in mode silent" in page
    assert 'id="as-of"' not in page
    assert finished.numbers["overview"]["cards"] == 1


def test_a_store_without_a_silent_phase_is_said(tmp_path: Path, desk: Desk) -> None:
    with pytest.raises(ReplayImpossible, match="mode: silent"):
        report_silent([], [], tmp_path / "out", desk, Wanted())


def test_the_command_takes_an_export_or_the_store(store: str, tmp_path: Path) -> None:
    program = str(Path(sys.executable).with_name("liver-cds"))

    def run(*options: str, url: str = store) -> tuple[int, str]:
        environ = {**os.environ, "LIVER_CDS_DATABASE_URL": url}
        ran = subprocess.run([program, "replay", *options], capture_output=True, text=True, env=environ)
        return ran.returncode, ran.stdout + ran.stderr

    code, said = run("--silent", "--out", str(tmp_path / "out"))
    assert code == 0
    assert f"report: {tmp_path / 'out' / 'report.html'}" in said
    assert run("--silent", str(tmp_path))[0] == 2
    assert run()[0] == 2
    code, said = run("--silent", url=f"sqlite:///{tmp_path / 'none.sqlite'}")
    assert code == 1
    assert "nothing has been recorded yet" in said


def test_a_replay_and_a_silent_phase_do_not_share_a_directory(store: str, tmp_path: Path, desk: Desk) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "manifest.json").write_bytes(b"{}")
    with open_engine(read_url(store)).engine.connect() as connection:
        rows, revisions = silent_rows(connection, frozenset())
    with pytest.raises(ReplayImpossible, match="another --out"):
        report_silent(rows, revisions, tmp_path, desk, Wanted())
