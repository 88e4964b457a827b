"""Kidney function: reported eGFR, CKD-EPI 2021 from creatinine, and which result is the latest."""

from typing import Any

import pytest

from cds_service.fhir.facts.kidney import ckd_epi_2021
from cds_service.guideline.chart import Interval, Measure
from tests.charts import LOINC, concept, measure, observation, patient, read

EGFR_2021, MDRD, CREATININE, CREATININE_MOLES = "98979-8", "33914-3", "2160-0", "14682-9"


def lab(
    name: str, code: str, value: float | None, unit: str | None, day: str | None = "2026-05-01", **more: Any
) -> dict[str, Any]:
    quantity = {"value": value, **({"unit": unit} if unit is not None else {})}
    given = {"valueQuantity": None if value is None else quantity, **more}
    return observation(name, concept((LOINC, code, f"lab {code}")), day, **given)


def egfr(*results: dict[str, Any], woman: dict[str, Any] | None = None, **gaps: Any) -> Measure:
    return measure(read(woman or patient(), *results, **gaps), "egfr")


@pytest.mark.parametrize(
    "unit",
    [
        "mL/min/{1.73_m2}",
        "mL/min",
        "mL/min/1.73m2",
        "mL/min/1.73 m²",
        "ml/min/1.73 m2",
        "mL/min/1.73m*2",
        None,
    ],
)
def test_reported_egfr_in_the_units_that_are_sent(unit: str | None) -> None:
    fact = egfr(lab("e1", EGFR_2021, 62, unit))
    assert fact.value == 62
    assert fact.evidence[0].resource == "Observation/e1"


@pytest.mark.parametrize(("value", "unit"), [(62, "mL/s"), (62, "mg/dL"), (0, "mL/min"), (900, "mL/min")])
def test_what_is_no_egfr_is_left_out(value: float, unit: str) -> None:
    assert egfr(lab("e1", EGFR_2021, value, unit)).interval.unbounded


def test_values_with_a_sign_are_intervals() -> None:
    above = {"value": 60, "comparator": ">", "unit": "mL/min"}
    assert egfr(lab("e1", EGFR_2021, 60, "", valueQuantity=above)).interval == Interval(low=60)
    assert egfr(lab("e1", EGFR_2021, None, None, valueString=">60")).interval == Interval(low=60)


def test_the_latest_result_counts_by_the_time_of_day_too() -> None:
    assert (
        egfr(
            lab("a", EGFR_2021, 80, "mL/min", "2024-01-01"), lab("b", MDRD, 25, "mL/min", "2026-05-01")
        ).value
        == 25
    )
    morning = lab("a", EGFR_2021, 25, "mL/min", "2026-05-01T07:00:00Z")
    evening = lab("b", EGFR_2021, 40, "mL/min", "2026-05-01T19:00:00Z")
    assert egfr(evening, morning).value == 40


def test_two_results_of_one_day_without_times_stay_open_between_them() -> None:
    both = egfr(lab("a", EGFR_2021, 28, "mL/min"), lab("b", EGFR_2021, 33, "mL/min"))
    assert both.interval == Interval(28, 33, True, True)


def test_of_one_day_the_current_equation_counts() -> None:
    assert egfr(lab("a", "48643-1", 75, "mL/min"), lab("b", "48642-3", 62, "mL/min")).value == 62
    assert egfr(lab("a", MDRD, 55, "mL/min"), lab("b", EGFR_2021, 58, "mL/min")).value == 58


def test_equations_for_someone_else_are_left_out() -> None:
    assert egfr(lab("a", "70969-1", 62, "mL/min")).interval.unbounded  # for men; the patient is a woman
    assert egfr(lab("a", "50384-7", 62, "mL/min")).interval.unbounded  # for children


@pytest.mark.parametrize(
    ("creatinine", "age", "sex", "expected"),
    # By hand: 142 x min(Scr/k, 1)^a x max(Scr/k, 1)^-1.200 x 0.9938^age x 1.012 if female.
    [
        (1.0, 50, "male", 91.7),
        (1.0, 50, "female", 68.6),
        (0.6, 50, "female", 109.3),
        (2.0, 70, "male", 35.2),
        (0.9, 30, "male", 117.8),
    ],
)
def test_ckd_epi_2021(creatinine: float, age: int, sex: str, expected: float) -> None:
    assert ckd_epi_2021(age, sex)(creatinine) == pytest.approx(expected, abs=0.1)


def test_creatinine_in_either_unit_gives_the_same() -> None:
    mass = egfr(lab("c1", CREATININE, 1.0, "mg/dL")).value
    moles = egfr(lab("c1", CREATININE_MOLES, 88.42, "umol/L")).value
    assert mass == moles == ckd_epi_2021(60, "female")(1.0)
    assert egfr(lab("c1", CREATININE_MOLES, 88.42, "µmol/L")).value == mass


def test_creatinine_without_a_unit_is_not_guessed() -> None:
    assert egfr(lab("c1", CREATININE, 1.0, None)).interval.unbounded


def test_a_creatinine_limit_turns_round() -> None:
    below = {"value": 0.5, "comparator": "<", "unit": "mg/dL"}
    interval = egfr(lab("c1", CREATININE, 0.5, "", valueQuantity=below)).interval
    assert interval == Interval(low=ckd_epi_2021(60, "female")(0.5))


@pytest.mark.parametrize(
    "woman",
    [patient(gender="other"), patient(gender=None), patient(birthDate=None), patient(birthDate="2012-01-01")],
)
def test_without_sex_age_or_adulthood_nothing_is_worked_out(woman: dict[str, Any]) -> None:
    assert egfr(lab("c1", CREATININE, 1.0, "mg/dL"), woman=woman).interval.unbounded


def test_the_laboratory_s_own_figure_counts_unless_the_creatinine_is_newer() -> None:
    reported, creatinine = lab("e1", EGFR_2021, 62, "mL/min"), lab("c1", CREATININE, 2.0, "mg/dL")
    assert egfr(reported, creatinine).value == 62
    newer = lab("c1", CREATININE, 2.0, "mg/dL", "2026-05-20")
    fact = egfr(reported, newer)
    assert fact.value == ckd_epi_2021(60, "female")(2.0)
    assert "CKD-EPI 2021" in fact.evidence[0].text
    assert egfr(lab("e1", EGFR_2021, 62, "mL/min", "2026-05-20"), creatinine).value == 62


def test_what_cannot_be_relied_on_is_not_used() -> None:
    doubtful = lab("e1", EGFR_2021, 25, "mL/min", modifierExtension=[{"url": "http://x"}])
    fact = egfr(doubtful)
    assert fact.interval.unbounded
    assert "relied on" in fact.note
    assert egfr(doubtful, lab("c1", CREATININE, 1.0, "mg/dL")).value == ckd_epi_2021(60, "female")(1.0)
