"""From lines to shards: what is kept, what is counted, and where each patient lands."""

import json
from pathlib import Path
from typing import Any

import pytest

from cds_service.replay.inputs import InputFile, batches_of, find_export
from cds_service.replay.records import Record, records_of
from cds_service.replay.shards import ShardCounts, buckets_of, connect, gather, shard_path, shards_for
from cds_service.replay.staging import PieceCounts, shard_of, stage
from tests.replay.test_past_orders import order

SHARDS = 4


def _sharded(
    folder: Path, *lines: str | bytes | dict[str, Any]
) -> tuple[PieceCounts, list[ShardCounts], list[Record]]:
    """What comes of one file of these lines."""
    export = folder / "export"
    export.mkdir(exist_ok=True)
    written = [json.dumps(one) if isinstance(one, dict) else one for one in lines]
    content = b"\n".join(one.encode() if isinstance(one, str) else one for one in written)
    (export / "all.ndjson").write_bytes(content)
    for name in ("staged", "shards", "spill"):
        (folder / name).mkdir(exist_ok=True)
    (batch,) = batches_of(find_export(export))
    (counts,) = stage(batch, SHARDS, folder / "staged")
    shards = gather(range(SHARDS), folder / "staged", folder / "shards", folder / "spill")
    records = [one for n in range(SHARDS) for one in records_of(shard_path(folder / "shards", n))]
    return counts, shards, records


def _condition(name: str, patient: str = "Patient/p1", **members: Any) -> dict[str, Any]:
    return {"resourceType": "Condition", "id": name, "subject": {"reference": patient}, **members}


def test_half_a_character_costs_that_character(tmp_path: Path) -> None:
    broken = json.dumps(_condition("c1", code={"text": "X"})).replace('"X"', '"Liver \\ud83d lesion"')
    counts, _, records = _sharded(tmp_path, order(), broken)
    assert counts.unreadable == 0
    assert records[0].chart[0]["code"]["text"] == "Liver ? lesion"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "not JSON"),
        ('{"resourceType":"Condition","x":"\\ud83d}', "not JSON"),
        ('{"resourceType":"Condition","x":NaN}', "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"id":"x"}', "no resourceType"),
        ('{"resourceType":{}}', "no resourceType"),
        ('{"resourceType":"Condition","x":' + "[" * 70 + "]" * 70 + "}", "nested too deep"),
        ('{"resourceType":"Condition","x":' + "[" * 5000 + "]" * 5000 + "}", "not JSON"),
    ],
)
def test_why_a_line_cannot_be_read(tmp_path: Path, line: str, why: str) -> None:
    counts, _, records = _sharded(tmp_path, order(), line, _condition("c1"))
    assert counts.faults == [(2, why)]
    assert [one["id"] for one in records[0].chart] == ["c1"]


def test_patients_are_recognised_in_every_spelling(tmp_path: Path) -> None:
    spelt = (
        "Patient/p1",
        "https://ehr.example/fhir/Patient/p1",
        "Patient/p1/_history/2",
        "http://x/Patient/p1/",
    )
    _, _, records = _sharded(tmp_path, order(), *(_condition(f"c{n}", one) for n, one in enumerate(spelt)))
    (record,) = records
    assert [one["id"] for one in record.chart] == ["c0", "c1", "c2", "c3"]


def test_urns_name_a_patient_too(tmp_path: Path) -> None:
    name = "6b29fc40-ca47-1067-b31d-00dd010662da"
    subject = {"reference": f"urn:uuid:{name}"}
    born = {"resourceType": "Patient", "id": name}
    _, shards, records = _sharded(tmp_path, born, order(subject=subject))
    assert [(one.patient, len(one.orders), len(one.chart)) for one in records] == [(name, 1, 1)]
    assert sum(one.unknown_patients for one in shards) == 0


def test_what_names_no_patient_is_counted(tmp_path: Path) -> None:
    nobody = ({"resourceType": "Condition", "id": "x"}, _condition("y", "Group/1"), _condition("z", ""))
    counts, _, records = _sharded(tmp_path, order(), *nobody)
    assert dict(counts.no_patient) == {"Condition": 3}
    assert records[0].chart == []


def test_patients_without_an_order_are_left_out(tmp_path: Path) -> None:
    _, shards, records = _sharded(tmp_path, order(), _condition("c1"), _condition("c2", "Patient/p2"))
    assert [record.patient for record in records] == ["p1"]
    assert sum(one.patients for one in shards) == 2
    assert sum(one.with_orders for one in shards) == 1
    assert sum(one.unknown_patients for one in shards) == 1


def test_what_comes_twice_is_counted_and_the_newer_order_counts(tmp_path: Path) -> None:
    old = order(meta={"lastUpdated": "2026-01-01T00:00:00Z"}, note=[{"text": "old"}])
    new = order(meta={"lastUpdated": "2026-02-01T00:00:00Z"}, note=[{"text": "new"}])
    _, shards, records = _sharded(tmp_path, new, old, _condition("c1"), _condition("c1"))
    assert [one.raw["note"][0]["text"] for one in records[0].orders] == ["new"]
    assert sum(one.copies for one in shards) == 2
    assert sum(one.orders for one in shards) == 1


def test_orders_without_an_id_are_all_orders(tmp_path: Path) -> None:
    one, two = order(id=None), order(id=None, authoredOn="2026-05-21")
    _, shards, records = _sharded(tmp_path, one, two)
    assert len(records[0].orders) == 2
    assert sum(shard.orders for shard in shards) == 2


def test_observations_that_nobody_asks_for_are_left_out(tmp_path: Path) -> None:
    def observation(code: str) -> dict[str, Any]:
        coded = {"coding": [{"system": "http://loinc.org", "code": code}]}
        return {"resourceType": "Observation", "subject": {"reference": "Patient/p1"}, "code": coded}

    counts, _, records = _sharded(tmp_path, order(), observation("33728-7"), observation("8867-4"))
    assert len(records[0].chart) == 1
    assert counts.not_asked_for == 1
    assert counts.seen["Observation"] == 2


def test_bundles_are_opened(tmp_path: Path) -> None:
    conditions = [_condition(f"c{n}") for n in range(3)]
    entries = [{"resource": one} for one in (order(), *conditions)] + [{"request": {"method": "DELETE"}}]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    counts, _, records = _sharded(tmp_path, bundle, _condition("c9"))
    assert (counts.seen["Bundle"], counts.seen["Condition"]) == (1, 4)
    assert [one["id"] for one in records[0].chart] == ["c0", "c1", "c2", "c9"]
    assert len({found.at for found in records[0].orders}) == 1


def test_servers_of_references_are_counted(tmp_path: Path) -> None:
    servers = ("https://a.example/fhir/", "https://b.example/", "")
    counts, _, _ = _sharded(tmp_path, *(_condition(f"c{n}", f"{s}Patient/p1") for n, s in enumerate(servers)))
    assert counts.servers == {"a.example/fhir": 1, "b.example": 1, "": 1}


def test_a_patients_shard_is_the_same_everywhere() -> None:
    assert [shard_of(name, 80) for name in ("p1", "p2", "ä")] == [67, 25, 35]


def test_duckdb_keeps_to_its_memory_and_draws_nothing(tmp_path: Path) -> None:
    with connect(tmp_path, "64MB") as duck:
        asked = "SELECT current_setting('enable_progress_bar'), current_setting('threads')"
        assert duck.execute(asked).fetchone() == (False, 1)
        assert duck.execute("SELECT current_setting('memory_limit')").fetchone()[0].startswith("61.")  # MiB


def test_shards_grow_with_the_export() -> None:
    def of(size: int, gzipped: bool = False) -> int:
        return shards_for([InputFile(0, "a.ndjson", Path("a.ndjson"), size, gzipped)])

    assert (of(10), of(5 << 30), of(5 << 27, gzipped=True), of(5 << 50)) == (4, 80, 80, 4096)


def test_the_work_of_gathering_grows_with_the_export_alone() -> None:
    assert [len(buckets_of(shards)) for shards in (4, 59, 64, 65, 640, 4096)] == [4, 59, 64, 33, 64, 64]
    assert [shard for bucket in buckets_of(1000) for shard in bucket] == list(range(1000))


def test_large_pieces_are_written_bit_by_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cds_service.replay.staging.FLUSH_BYTES", 300)
    _, _, records = _sharded(tmp_path, order(), *(_condition(f"c{n}") for n in range(12)))
    assert len(list((tmp_path / "staged").glob("*.parquet"))) > 2
    assert [one["id"] for one in records[0].chart] == [f"c{n}" for n in range(12)]


def test_only_so_many_faults_of_a_piece_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cds_service.replay.staging.LISTED_FAULTS", 2)
    counts, _, _ = _sharded(tmp_path, order(), "{", "{", "{", "")
    assert (counts.unreadable, len(counts.faults), counts.blank) == (3, 2, 0)
