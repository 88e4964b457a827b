"""One patient's orders: the production answer, as of each order."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from cds_service.app import open_desk
from cds_service.consult import Desk
from cds_service.replay.decide import Decider, Question
from cds_service.replay.inputs import CHART_TYPES
from cds_service.replay.records import Found, Record
from cds_service.replay.rows import Row
from tests.charts import ICD, LESION, LIVER, concept, condition, patient, report, size
from tests.replay.conftest import OPEN, SETTINGS
from tests.replay.test_past_orders import order

REASON = [concept(LESION)]
CANCER = condition("lung", concept((ICD, "C34.11", "")), "2023-04-02")
SEEN = report("us", "US ABDOMEN COMPLETE", "2026-05-10", conclusionCode=[concept(LESION)])
SMALL = size("size", 8, day="2026-05-10")
CHART = (patient(), CANCER, SEEN, SMALL)
MRI = "mri-abdomen-without-and-with-iv-contrast"


@pytest.fixture(scope="module")
def decider() -> Iterator[Decider]:
    opened = Decider(Question(OPEN, CHART_TYPES))
    yield opened
    opened.close()


def _one(decider: Decider, *chart: Any, raw: Any = None) -> Row:
    orders = [Found(0, 0, raw or order(reasonCode=REASON))]
    (row,) = decider.decide(Record("p1", orders, list(chart)))
    return row


def test_the_answer_is_the_services(decider: Decider) -> None:
    row = _one(decider, *CHART)
    assert (row.status, row.verdict, row.rating, row.variants) == (
        "decided",
        "rated",
        "usually-not-appropriate",
        "6",
    )
    assert (row.cards, row.indicator, row.suggested.split(";")[0]) == (1, "warning", MRI)
    assert (row.indication, row.kind, row.mapped) == ("names-liver-lesion", "imaging", True)
    assert (row.known, row.later, row.later_changes, row.agreement) == (4, 0, "", "none-found")


def test_what_came_later_does_not_count_and_is_told_of(decider: Decider) -> None:
    later = condition("hcc", concept((ICD, "C22.0", "Hepatocellular carcinoma")), "2026-06-10")
    row = _one(decider, *CHART, later)
    assert (row.verdict, row.variants, row.later) == ("rated", "6", 1)
    assert {"verdict", "rating", "cards"} <= set(row.later_changes.split(";"))
    assert (row.later_verdict, row.later_rating) == ("not-applicable", "")


def test_later_data_of_no_weight_change_nothing(decider: Decider) -> None:
    later = condition("htn", concept((ICD, "I10", "")), "2026-06-10")
    row = _one(decider, *CHART, later)
    assert (row.later, row.later_changes, row.later_verdict) == (1, "", "rated")


def test_what_is_doubtful_counts_and_is_told_of(decider: Decider) -> None:
    undated = {**CANCER, "recordedDate": None}
    row = _one(decider, patient(), undated, SEEN, SMALL)
    assert (row.verdict, row.doubtful) == ("rated", 1)
    assert "verdict" in row.doubtful_changes.split(";")


def test_each_order_has_its_own_day(decider: Decider) -> None:
    early = order(id="early", authoredOn="2026-05-01", reasonCode=REASON)
    orders = [Found(0, 0, early), Found(0, 1, order(id="late", reasonCode=REASON))]
    before, after = decider.decide(Record("p1", orders, list(CHART)))
    assert (before.verdict, after.verdict) == ("undetermined", "rated")
    assert (before.day, after.day) == ("2026-05-01", "2026-05-20")


def test_an_order_outside_the_topic_is_not_asked_about_twice(decider: Decider) -> None:
    row = _one(
        decider, *CHART, size("later", 14, day="2026-06-10"), raw=order(reasonCode=[{"text": "Lymphoma"}])
    )
    assert (row.verdict, row.later, row.later_changes, row.later_verdict) == ("not-applicable", 1, "", "")


def test_lab_orders_get_no_row(decider: Decider) -> None:
    assert decider.decide(Record("p1", [Found(0, 0, order({"text": "CBC"}))], [])) == []


def test_types_that_were_not_exported_were_not_searched() -> None:
    without = Decider(Question(OPEN, CHART_TYPES - {"Condition"}))
    row = _one(without, *CHART[:1], SEEN, SMALL)
    assert (row.status, row.verdict, row.known) == ("no-problem-list", "", 3)
    without.close()


def test_an_exported_type_without_entries_was_searched(decider: Decider) -> None:
    row = _one(decider, patient(), SEEN, size("size", 14, day="2026-05-10"))
    assert (row.verdict, row.variants) == ("rated", "1")


def test_another_patients_order_is_not_judged(decider: Decider) -> None:
    row = _one(decider, *CHART, {**SMALL, "id": "x", "performer": [], "subject": {"reference": "Patient/p2"}})
    assert (row.status, row.verdict) == ("decided", "unreadable")


def test_a_title_is_no_formula(decider: Decider) -> None:
    row = _one(decider, raw=order(concept(text="=HYPERLINK(1) MRI BRAIN")))
    assert row.title == "'=HYPERLINK(1) MRI BRAIN"


def test_other_content_is_compared(tmp_path: Path) -> None:
    other = tmp_path / "guidelines"
    copytree(Path("cds_service/guidelines"), other)
    topic = other / "topics" / "liver-lesion.yaml"
    text = topic.read_text(encoding="utf-8")
    assert text.count("minimum_age: 18") == 1
    topic.write_text(text.replace("minimum_age: 18", "minimum_age: 70"), encoding="utf-8")
    opened = Decider(Question(OPEN, CHART_TYPES, partial(open_desk, replace(SETTINGS, guidelines=other))))
    row = _one(opened, *CHART)
    assert (row.verdict, row.other_verdict, row.other_cards) == ("rated", "not-applicable", 0)
    assert row.other_changes is not None
    assert {"verdict", "rating", "cards"} <= set(row.other_changes.split(";"))
    assert _one(opened, patient(birthDate="1940-01-01"), *CHART[1:]).other_changes == ""
    opened.close()


def _desk_that_breaks() -> Desk:
    return replace(OPEN(), profile=None)  # type: ignore[arg-type]


def test_our_own_fault_costs_one_order_and_does_not_look_like_silence() -> None:
    broken = Decider(Question(_desk_that_breaks, CHART_TYPES))
    row = _one(broken, *CHART)
    assert (row.status, row.verdict, row.cards) == ("our-own-fault", "", 0)
    broken.close()


def test_the_liver_is_meant() -> None:
    """The charts above measure the liver's lesion."""
    assert SMALL["bodySite"] == LIVER
