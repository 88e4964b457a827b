"""What the report says in words and tables: shares, what is missing, and what must not be named."""

import re
from collections import Counter
from pathlib import Path

import pytest

from cds_service.consult import Desk
from cds_service.replay.report.drawing import percent
from cds_service.replay.report.equity import equity
from cds_service.replay.report.findings import findings, tiles
from cds_service.replay.report.numbers import numbers
from cds_service.replay.report.page import write_page
from cds_service.replay.report.quality import public_name, quality_of
from cds_service.replay.report.tables import tables
from cds_service.replay.report.words import words_of
from cds_service.replay.staging import PieceCounts
from cds_service.replay.statistics import Share
from tests.replay.conftest import Replayed
from tests.replay.test_report import MANIFEST_ALL
from tests.replay.test_review import OUT, _rows, row


def test_every_picture_has_its_numbers_in_a_table(replayed: Replayed, desk: Desk) -> None:
    words = words_of(desk.library, desk.topic)
    found = tables(replayed.finished.numbers, words)
    assert {"procedures", "months", "asks", "cautions", "flows", "agreement"} == found.keys()
    assert all(len(row) == len(table.heads) for table in found.values() for row in table.rows)
    told = replayed.finished.numbers
    assert (
        sum(int(row[-1].replace(",", "")) for row in found["procedures"].rows) == told["overview"]["in_scope"]
    )
    assert sum(int(row[-1].replace(",", "")) for row in found["months"].rows) == told["overview"]["cards"]


def test_of_few_orders_no_share_is_shown(tmp_path: Path, desk: Desk) -> None:
    rows = [row(n, requester="Practitioner/a", agreement="as-ordered", day="2026-01-02") for n in range(3)]
    with _rows(tmp_path, [*rows, row(9, **OUT, day="2026-05-02")]) as asked:
        found = {**numbers(asked, 11), "equity": equity(asked), "review": None}
    words = words_of(desk.library, desk.topic)
    assert [tile["value"] for tile in tiles(found)] == ["4", "3 of 4", "3 of 3", "too few", "too few"]
    page = tmp_path / "report.html"
    write_page(page, desk.topic, words, found, MANIFEST_ALL, None, 11)
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"[\d.]+ %(?! intervals)", text[text.index("<main>") :])
    assert "Feb 26" in text  # a month without an order has its place on the axis
    assert found["firing"]["days"]["nameless"] == 1


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (0, 0, "–"),
        (3, 19, "3 of 19"),
        (1, 20, "5.0 %"),
        (5, 50, "10 %"),
        (999, 1000, "99.9 %"),
        (9, 9, "9 of 9"),
    ],
)
def test_shares_in_words(part: int, whole: int, words: str) -> None:
    assert percent(part, whole) == words


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a/Condition.000.ndjson.gz", "Condition.000.ndjson.gz"),
        ("1.Patient.ndjson", "1.Patient.ndjson"),
        ("Smith.ndjson", "file 4 of run.json"),
        ("Condition.4711-Smith.ndjson", "file 4 of run.json"),
        ("Patient.123456789.ndjson", "file 4 of run.json"),
    ],
)
def test_a_file_whose_name_may_be_a_patients_is_not_named(name: str, shown: str) -> None:
    assert public_name(name, {name: 4}) == shown


def test_what_is_missing_in_an_export_is_said() -> None:
    missing = ["Condition.1.ndjson", "J.Smith.ndjson"]
    manifest = {
        "files": [],
        "exported": [],
        "missing_files": missing,
        "promised": {"Device": 2, "Patient": 1},
    }
    one = PieceCounts(
        "0", "x", seen=Counter(Patient=1, DiagnosticOrder=3), servers=Counter({"a": 1, "b": 2, "": 9})
    )
    said = " ".join(quality_of(manifest, [one], [], 0)["notices"])
    assert "not here: 2 (Condition.1.ndjson …)" in said
    assert "counts 2 resources of type Device; 0 were found" in said
    assert "type Patient" not in said
    assert "DSTU2, which is not read: 3" in said
    assert "name 2 servers" in said


def test_the_review_is_among_the_findings(replayed: Replayed, desk: Desk) -> None:
    review = {"cases": 40, "ppv": Share(0.8, 0.62, 0.91, 20), "npv": None}
    told = {**replayed.finished.numbers, "review": review}
    said = findings(told, words_of(desk.library, desk.topic), with_later=True)
    assert said[-1] == "By the chart review of 40 orders, cards were right in 80 % (95 % interval 62 to 91)."
