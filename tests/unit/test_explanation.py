"""The shape of `explain --json`: open, narrowed and known facts, orders, and the published schema."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cards.vocabulary import Rating, Verdict
from cds_service.consultation import Consultation, OrderOutcome
from cds_service.explanation import explain, schema
from cds_service.guideline.chart import Chart, Choice, Evidence, Fact, Interval, Measure

FACTS = {
    "liver_lesion", "lesion_size_mm", "initial_imaging", "extrahepatic_malignancy", "chronic_liver_disease",
    "egfr", "acute_kidney_injury", "dialysis", "gadolinium_reaction", "iodinated_contrast_reaction",
    "ultrasound_contrast_reaction", "implant", "pregnancy", "platelets", "inr", "mri_since",
    "radiation_12_months",
}  # fmt: skip


def _explained(facts: Mapping[str, Fact], *orders: OrderOutcome, unusable: str = "") -> dict[str, Any]:
    consultation = Consultation(
        revision="0123456789abcdef",
        hook="order-select",
        response={"cards": []},
        chart=Chart(facts, unusable=unusable),
        orders=orders,
    )
    explained = explain(consultation).to_json()
    Draft202012Validator(schema()).validate(explained)
    assert json.loads(json.dumps(explained, allow_nan=False)) == explained
    return explained


def _fact(name: str, fact: Fact) -> object:
    return _explained({name: fact})["chart"][name]


def test_every_fact_is_there_and_open_when_the_chart_says_nothing() -> None:
    chart = _explained({})["chart"]
    assert chart.keys() == FACTS
    assert all(fact == {"value": None, "evidence": []} for fact in chart.values())


def test_a_chart_that_was_not_read_is_open_throughout() -> None:
    consultation = Consultation(revision="r", hook="order-sign", response={"cards": []})
    explained = explain(consultation).to_json()
    assert all(fact == {"value": None, "evidence": []} for fact in explained["chart"].values())
    assert explained["orders"] == []


def test_nothing_of_an_unusable_chart_is_shown() -> None:
    known = {"liver_lesion": Choice(("indeterminate",), (Evidence("Condition/other", "somebody else's"),))}
    assert "somebody" not in json.dumps(_explained(known, unusable="another patient's resource"))


def test_a_known_fact_has_its_value_and_evidence() -> None:
    evidence = Evidence("DiagnosticReport/us-1", "8 mm hypoechoic lesion", date(2026, 5, 20))
    assert _fact("lesion_size_mm", Measure(Interval.point(8), (evidence,))) == {
        "value": 8.0,
        "evidence": [
            {"resource": "DiagnosticReport/us-1", "date": "2026-05-20", "text": "8 mm hypoechoic lesion"}
        ],
    }


def test_undated_evidence_has_no_date() -> None:
    shown = _fact("dialysis", Choice(("yes",), (Evidence("Condition/d", "Dialysis"),)))
    assert shown == {"value": "yes", "evidence": [{"resource": "Condition/d", "text": "Dialysis"}]}


@pytest.mark.parametrize(
    ("interval", "bounds"),
    [
        (Interval(high=10), {"below": 10}),
        (Interval(high=10, high_included=True), {"at_most": 10}),
        (Interval(low=10), {"above": 10}),
        (Interval(low=10, low_included=True), {"at_least": 10}),
        (Interval(5, 10, low_included=True), {"at_least": 5, "below": 10}),
        (Interval(), {}),
    ],
)
def test_a_measurement_that_is_not_a_number_has_its_bounds(interval: Interval, bounds: object) -> None:
    shown = _fact("lesion_size_mm", Measure(interval))
    assert isinstance(shown, dict)
    assert shown == {"value": None, "evidence": [], **(bounds if isinstance(bounds, dict) else {})}


@pytest.mark.parametrize(
    ("name", "possible", "one_of"),
    [
        ("initial_imaging", ("us", "ct-noncontrast"), ["us", "ct-noncontrast"]),
        ("extrahepatic_malignancy", ("yes", "no"), None),
        ("liver_lesion", ("indeterminate", "characterized"), ["indeterminate", "characterized"]),
        ("liver_lesion", ("indeterminate", "characterized", "none"), None),
        ("gadolinium_reaction", ("mild", "moderate"), ["mild", "moderate"]),
        ("gadolinium_reaction", ("no", "mild", "moderate", "severe"), None),
    ],
)
def test_one_of_says_what_an_open_fact_is_narrowed_to(
    name: str, possible: tuple[str, ...], one_of: list[str] | None
) -> None:
    shown = _fact(name, Choice(possible))
    assert isinstance(shown, dict)
    assert shown["value"] is None
    assert shown.get("one_of") == one_of


def test_why_a_fact_is_open_is_told() -> None:
    shown = _fact("chronic_liver_disease", Choice(("yes", "no"), note="only an unconfirmed entry"))
    assert shown == {"value": None, "evidence": [], "note": "only an unconfirmed entry"}


def _order(**changes: Any) -> object:
    outcome = OrderOutcome(
        **{"reference": "ServiceRequest/x", "procedures": ("a",), "verdict": Verdict.RATED, **changes}
    )
    return _explained({}, outcome)["orders"][0]


def test_a_rated_order() -> None:
    shown = _order(
        variants=(6,), rating=Rating.USUALLY_NOT_APPROPRIATE, medians=(2,), why=("liver lesion: yes",)
    )
    assert shown == {
        "order": "ServiceRequest/x",
        "procedure": "a",
        "verdict": "rated",
        "variants": [6],
        "rating": "usually-not-appropriate",
        "median": 2,
        "asks": [],
        "cautions": [],
        "why": ["liver lesion: yes"],
    }


def test_several_medians_are_a_range() -> None:
    shown = _order(variants=(2, 4), rating=Rating.USUALLY_APPROPRIATE, medians=(7, 8, 9))
    assert isinstance(shown, dict)
    assert (shown["median"], shown["median_range"]) == (None, {"low": 7, "high": 9})


@pytest.mark.parametrize(
    ("procedures", "expected"),
    [((), (None, None)), (("a",), ("a", None)), (("a", "b"), (None, ["a", "b"]))],
)
def test_which_procedure_an_order_names(procedures: tuple[str, ...], expected: tuple[object, object]) -> None:
    shown = _order(procedures=procedures, verdict=Verdict.UNDETERMINED, asks=("ct-phase",))
    assert isinstance(shown, dict)
    assert (shown["procedure"], shown.get("procedure_one_of")) == expected


def test_the_schema_refuses_what_is_not_in_the_contract() -> None:
    explained = _explained({})
    validator = Draft202012Validator(schema())
    assert not validator.is_valid({**explained, "chart": {**explained["chart"], "shoe_size": {}}})
    without_egfr = {name: fact for name, fact in explained["chart"].items() if name != "egfr"}
    assert not validator.is_valid({**explained, "chart": without_egfr})
    assert not validator.is_valid({**explained, "hook": None})
