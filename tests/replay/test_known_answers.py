"""End to end: a messy synthetic export comes out as its vignettes say, and everything odd is counted."""

import csv
from collections import Counter
from dataclasses import asdict
from typing import Any

import orjson

from cds_service.replay.unreadable import faults_of
from tests.replay.conftest import PATIENTS, Replayed


def _sorted(codes: str) -> str:
    return ";".join(sorted(code for code in codes.split(";") if code not in ("", "radiation-history")))


def _differences(known: dict[str, Any], row: dict[str, Any]) -> list[str]:
    """What of a known answer the row says otherwise."""
    if known["status"] != row["status"] or known["status"] != "decided":
        return [] if known["status"] == row["status"] else ["status"]
    found = {
        **{name: row[name] for name in ("verdict", "rating", "variants", "later_verdict", "agreement")},
        "asks": _sorted(row["asks"]),
        "cautions": _sorted(row["cautions"]),
        "card": row["indicator"] or "none",
        "later_changes": "verdict" in row["later_changes"],
    }
    return [name for name, value in found.items() if known[name] is not None and known[name] != value]


def test_every_known_answer_is_reproduced(replayed: Replayed) -> None:
    rows = {(row["order"], row["patient"]): row for row in replayed.rows}
    known = {(one.order, one.patient): asdict(one) for one in replayed.written.known}
    assert len(known) == 3 * PATIENTS
    assert set(rows) == {key for key, one in known.items() if one["row"]}
    assert {key: found for key, row in rows.items() if (found := _differences(known[key], row))} == {}


def test_the_synthetic_export_asks_for_everything(replayed: Replayed) -> None:
    """Otherwise the test above proves little."""
    rows = replayed.rows
    verdicts = Counter(row["verdict"] for row in rows)
    assert {"rated", "undetermined", "no-criteria", "not-applicable"} <= verdicts.keys()
    assert {"decided", "no-authored-on", "entered-in-error", "filler-order"} <= {r["status"] for r in rows}
    assert any("verdict" in row["later_changes"] for row in rows)
    assert {"as-ordered", "as-suggested", "another-study", "none-found"} <= {r["agreement"] for r in rows}
    assert {row["order"].partition("/")[0] for row in rows} == {"ServiceRequest", "ProcedureRequest"}


def test_what_cannot_be_read_is_listed_with_file_and_line(replayed: Replayed) -> None:
    assert len(replayed.written.bad) > 5
    assert sorted(set(replayed.written.bad)) == sorted(
        {(file, line) for file, line, _ in faults_of(replayed.ran.pieces)}
    )
    with (replayed.out / "unreadable.csv").open(encoding="utf-8") as listed:
        lines = list(csv.DictReader(listed))
    assert len(lines) == len(replayed.written.bad)
    assert {line["why"] for line in lines} <= {"not JSON", "not a JSON object", "no resourceType"}


def test_what_is_odd_is_counted(replayed: Replayed) -> None:
    counts = dict(_quality(replayed)["counts"])
    assert counts["Lines that could not be read"] == len(replayed.written.bad)
    assert counts["Resources that name no patient"] == replayed.written.no_patient
    assert counts["Patients"] == PATIENTS
    assert counts["Orders of any kind"] == 3 * PATIENTS
    assert counts["… for neither imaging nor biopsy"] == sum(not one.row for one in replayed.written.known)
    assert 0 < counts["Resources that came more than once"] <= replayed.written.copies
    assert counts["Orders in the shape of STU3"] > 0
    assert counts["Orders in the shape of R5"] > 0


def _quality(replayed: Replayed) -> dict[str, Any]:
    quality: dict[str, Any] = orjson.loads((replayed.out / "numbers.json").read_bytes())["quality"]
    return quality


def test_error_files_are_told_of_and_others_are_named(replayed: Replayed) -> None:
    assert _quality(replayed)["outcomes"] == [["error: not-found", 1]]
    assert replayed.ran.manifest["ignored_files"] == ["README.txt"]


def test_rows_are_the_same_as_csv(replayed: Replayed) -> None:
    with (replayed.out / "orders.csv").open(encoding="utf-8") as written:
        lines = list(csv.DictReader(written))
    assert [line["order"] for line in lines] == [row["order"] for row in replayed.rows]
    assert [line["cards"] for line in lines] == [str(row["cards"]) for row in replayed.rows]


def test_nobody_else_may_read_the_results(replayed: Replayed) -> None:
    assert replayed.out.stat().st_mode & 0o077 == 0
