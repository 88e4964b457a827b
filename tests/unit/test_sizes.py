"""The lesion's size: units, comparators, components, and only the liver's."""

import math
from typing import Any

import pytest

from cds_service.fhir.datatypes.quantities import LENGTHS_MM, greatest, quantity, spoken
from cds_service.guideline.chart import Interval, Measure
from tests.charts import (
    LESION,
    LIVER,
    LOINC,
    SNOMED,
    concept,
    condition,
    measure,
    observation,
    patient,
    read,
    report,
    size,
)

KIDNEY = concept((SNOMED, "64033007", "Kidney structure"))
LONGEST = concept((LOINC, "33728-7", "Size.maximum dimension in Tumor"))


def found(*resources: dict[str, Any], **gaps: Any) -> Measure:
    return measure(read(patient(), *resources, **gaps), "lesion_size_mm")


@pytest.mark.parametrize(
    ("value", "unit", "mm"),
    [
        (8, "mm", 8.0),
        (0.8, "cm", 8.0),
        (0.08, "dm", 8.0),
        (0.008, "m", 8.0),
        (8000, "um", 8.0),
        (0.393701, "[in_i]", 10.0),
        (0.05, "[ft_i]", 15.24),
        (1, "cm", 10.0),
    ],
)
def test_any_ucum_length_becomes_millimetres(value: float, unit: str, mm: float) -> None:
    assert found(size("s1", value, unit)).value == mm


@pytest.mark.parametrize(
    ("given", "mm"),
    [
        ({"value": "0.8", "unit": "cm"}, 8.0),
        ({"value": 8, "unit": "Millimeters"}, 8.0),
        ({"value": 8, "unit": "MM"}, 8.0),
        ({"value": 0.8, "unit": "centimeter", "system": SNOMED, "code": "258672001"}, 8.0),
        ({"value": 8, "code": "mm{longest}"}, 8.0),
    ],
)
def test_units_as_ehrs_print_them(given: dict[str, Any], mm: float) -> None:
    assert quantity(given, LENGTHS_MM) == Interval.point(mm)


@pytest.mark.parametrize(
    "given",
    [
        {"value": 8},
        {"value": 8, "unit": "g"},
        {"value": 8, "unit": "Mm"},
        {"value": -8, "unit": "mm"},
        {"unit": "mm"},
        {"value": 8, "unit": "mm", "comparator": "ad"},
        {"value": None, "unit": "mm"},
    ],
)
def test_without_a_length_there_is_no_size(given: dict[str, Any]) -> None:
    assert quantity(given, LENGTHS_MM) is None


def test_exactly_one_centimetre_stays_a_point() -> None:
    assert found(size("s1", 1, "cm")).interval == Interval.point(10)


@pytest.mark.parametrize(
    ("comparator", "interval"),
    [
        ("<", Interval(high=10)),
        ("<=", Interval(high=10, high_included=True)),
        (">", Interval(low=10)),
        (">=", Interval(low=10, low_included=True)),
    ],
)
def test_comparators_are_intervals(comparator: str, interval: Interval) -> None:
    quantity = {"value": 1, "comparator": comparator, "unit": "cm", "code": "cm"}
    assert found(size("s1", 1, valueQuantity=quantity)).interval == interval


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("8 mm", Interval.point(8)),
        ("<1 cm", Interval(high=10)),
        ("0,8cm", Interval.point(8)),
        (">= 12 mm", Interval(12, math.inf, True)),
    ],
)
def test_a_value_in_words(text: str, interval: Interval) -> None:
    assert spoken(text, LENGTHS_MM) == interval


@pytest.mark.parametrize("text", ["8", "8 x 5 mm", "about 8 mm", "8 mm in 2020", "mm", ""])
def test_words_that_hold_more_than_a_size_are_left(text: str) -> None:
    assert spoken(text, LENGTHS_MM) is None


def test_a_range_and_components_count() -> None:
    ranged = size(
        "s1",
        1,
        valueQuantity=None,
        valueRange={"low": {"value": 5, "unit": "mm"}, "high": {"value": 9, "unit": "mm"}},
    )
    assert found(ranged).interval == Interval(5, 9, True, True)
    parts = [
        {"code": LONGEST, "valueQuantity": {"value": 12, "unit": "mm"}},
        {"code": concept((LOINC, "33729-5", "")), "valueQuantity": {"value": 7, "unit": "mm"}},
        {"code": concept(text="Distance to capsule"), "valueQuantity": {"value": 30, "unit": "mm"}},
    ]
    assert found(size("s1", 1, valueQuantity=None, component=parts)).value == 12


def test_a_string_counts_and_a_bare_number_does_not() -> None:
    assert found(size("s1", 1, valueQuantity=None, valueString="8 mm")).value == 8
    assert found(size("s1", 1, valueQuantity=None, valueInteger=8)).interval.unbounded
    assert found(size("s1", 1, valueQuantity=None, valueRange={"low": {"value": 5}})).interval.unbounded


@pytest.mark.parametrize("value", [0, 401, 5000])
def test_absurd_sizes_are_ignored(value: float) -> None:
    assert found(size("s1", value)).interval.unbounded


def test_another_organ_is_ignored() -> None:
    assert found(size("s1", 30, bodySite=KIDNEY)).interval.unbounded
    described = report(
        "r1", "CT ABDOMEN", conclusionCode=[concept(LESION)], result=[{"reference": "Observation/s1"}]
    )
    assert found(described, size("s1", 30, bodySite=KIDNEY)).interval.unbounded


def test_a_size_of_nowhere_is_ignored() -> None:
    assert found(size("s1", 30, bodySite=None)).interval.unbounded


def test_links_make_a_size_the_liver_s() -> None:
    lesion = condition("l1", concept(LESION), "2026-05-20")
    focused = size("s1", 8, bodySite=None, focus=[{"reference": "Condition/l1"}])
    assert found(lesion, focused).value == 8
    reported = report(
        "r1",
        "US ABDOMEN",
        "2026-05-20",
        conclusionCode=[concept(LESION)],
        result=[{"reference": "Observation/s1"}],
    )
    assert found(reported, size("s1", 9, bodySite=None, day=None)).value == 9
    same_day = report("r1", "US ABDOMEN", "2026-05-20", conclusionCode=[concept(LESION)])
    assert found(same_day, size("s1", 7, bodySite=None)).value == 7
    assert found(same_day, size("s1", 7, bodySite=None, day="2026-05-19")).interval.unbounded


def test_words_of_the_code_make_a_size_the_liver_s() -> None:
    named = observation(
        "s1",
        concept(text="Hepatic lesion, longest diameter"),
        "2026-05-20",
        valueQuantity={"value": 8, "unit": "mm"},
    )
    assert found(named).value == 8
    organ = observation(
        "s1", concept(text="Liver length"), "2026-05-20", valueQuantity={"value": 160, "unit": "mm"}
    )
    assert found(organ).interval.unbounded


def test_a_size_inside_a_report_is_of_the_report_s_day() -> None:
    inner = {**size("in", 8, day=None), "subject": None}
    fact = found(report("r1", "US ABDOMEN", "2026-05-20", contained=[inner]))
    assert (fact.value, str(fact.evidence[0].day)) == (8, "2026-05-20")


def test_the_latest_day_wins_and_on_one_day_the_largest() -> None:
    assert found(size("old", 25, day="2026-01-01"), size("new", 8, day="2026-05-20")).value == 8
    assert found(size("a", 8), size("b", 14), size("c", 9)).value == 14


def test_intervals_of_one_day_give_what_is_known_of_the_largest() -> None:
    assert greatest(Interval.point(8), Interval(high=10)) == Interval(8, 10, True, False)
    assert greatest(Interval(low=10), Interval.point(10)) == Interval(10, math.inf, False, False)
    assert greatest(Interval.point(10), Interval(high=10)) == Interval.point(10)


def test_where_the_latest_is_unclear_everything_stays_possible() -> None:
    assert found(size("a", 8), size("b", 14, day=None)).interval == Interval.hull(
        Interval.point(8), Interval.point(14)
    )
    assert found(size("a", 14, day=None)).value == 14


def test_a_newest_size_that_cannot_be_relied_on_leaves_it_open() -> None:
    doubtful = size("new", 30, day="2026-05-25", modifierExtension=[{"url": "http://x"}])
    fact = found(size("old", 8, day="2026-05-20"), doubtful)
    assert fact.interval.unbounded
    older = size("x", 30, day="2026-05-01", modifierExtension=[{"url": "http://x"}])
    assert found(size("old", 8, day="2026-05-20"), older).value == 8


def test_the_size_of_a_treated_lesion_is_not_the_new_one_s() -> None:
    over = {"clinicalStatus": concept(("x", "resolved", ""))}
    treated = condition(
        "m1", concept(("http://hl7.org/fhir/sid/icd-10-cm", "C78.7", "")), "2022-03-01", **over
    )
    new = report("r1", "US ABDOMEN", "2026-05-20", conclusionCode=[concept(LESION)])
    assert found(treated, new, size("old", 31, day="2022-03-01")).interval.unbounded
    assert found(treated, new, size("old", 31, day="2022-03-01"), size("new", 8)).value == 8


def test_evidence_is_what_was_recorded() -> None:
    (shown,) = found(size("s1", 0.8, "cm", bodySite=LIVER)).evidence
    assert (shown.resource, shown.text) == ("Observation/s1", "Size.maximum dimension in Tumor: 0.8 cm")
