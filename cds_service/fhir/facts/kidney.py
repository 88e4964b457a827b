"""Kidney function: the latest eGFR in mL/min/1.73 m2, reported or worked out from creatinine."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from cds_service.fhir.access.prefetch import CREATININE, EGFR
from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.dates import Order, When
from cds_service.fhir.facts.labs import Result, latest, measure, results
from cds_service.fhir.records import Records
from cds_service.guideline.chart import Interval, Measure

# By preference when one day holds several: current equations first, race-specific ones last.
BY_RACE = frozenset(("88293-6", "48643-1"))  # "if Black": 88294-4 and 48642-3 are their counterparts
OF_ONE_SEX = {"50044-7": "female", "70969-1": "male"}
OF_CHILDREN = frozenset(("50384-7",))  # Schwartz
ADULT = 18
WORKED_OUT = "worked out from creatinine with CKD-EPI 2021"

# Keys are UCUM codes, or printed units as `squashed` gives them; the LOINC code implies the unit.
EGFR_UNITS = dict.fromkeys(
    ("", "mL/min/{1.73_m2}", "ml/min", "ml/min/1.73", "ml/min/1.73m2", "ml/min/1.73sqm", "ml/min/1.73sq.m"),
    1.0,
)
# To mg/dL; 88.42 umol/L is 1 mg/dL. Without a unit a creatinine could be either.
CREATININE_UNITS = {"mg/dl": 1.0, "mg/l": 0.1, "umol/l": 1 / 88.42, "mmol/l": 1000 / 88.42}


def egfr(records: Records, birth: date | None, sex: str | None) -> Measure:
    """The fact `egfr`. A reported one wins over one that we work out, unless the creatinine is newer."""
    searched = records.searched("observations")
    reported = _suited(results(records, EGFR, EGFR_UNITS, (1, 250), lambda one: _fits(one, sex)), sex)
    worked_out = _worked_out(records, birth, sex)
    if not worked_out or (reported and not _is_newer(worked_out, reported)):
        return measure(reported, searched)
    return replace(measure(worked_out, searched), note=WORKED_OUT)


def _suited(found: Sequence[Result], sex: str | None) -> list[Result]:
    """Without results of an equation for someone else; of the same day the preferred equation's."""
    fitting = [one for one in found if _fits(one, sex)]
    best: dict[When | None, tuple[bool, int]] = {}
    for one in fitting:
        if one.reliable:
            best[one.when] = min(_rank(one), best.get(one.when, _rank(one)))
    return [one for one in fitting if _rank(one) == best.get(one.when, _rank(one))]


def _fits(one: Result, sex: str | None) -> bool:
    return OF_ONE_SEX.get(one.code, sex) == sex and one.code not in OF_CHILDREN


def _rank(one: Result) -> tuple[bool, int]:
    return one.code in BY_RACE, EGFR.index(one.code)


def _is_newer(one: Sequence[Result], other: Sequence[Result]) -> bool:
    """By whole days: on the same day the laboratory's own figure counts."""
    ones, others = latest([r for r in one if r.reliable]), latest([r for r in other if r.reliable])
    if not others:
        return bool(ones)
    return bool(ones) and all(dates.order(a.when, b.when) is Order.AFTER for a in ones for b in others)


def _worked_out(records: Records, birth: date | None, sex: str | None) -> list[Result]:
    if birth is None or sex not in ("female", "male"):
        return []

    def estimate(one: Result) -> Result | None:
        return _estimate(one, birth, sex)

    found = results(records, CREATININE, CREATININE_UNITS, (0.1, 30), lambda one: estimate(one) is not None)
    return [estimated for one in found if (estimated := estimate(one))]


def _estimate(one: Result, birth: date, sex: str) -> Result | None:
    day = dates.day_of(one.when)
    age = years_between(birth, day) if day else -1
    if not ADULT <= age <= 130:
        return None
    formula = ckd_epi_2021(age, sex)
    said = "eGFR worked out with CKD-EPI 2021 from "
    return replace(one, interval=_falling(formula, one.interval), worked_out=said)


def ckd_epi_2021(age: int, sex: str) -> Callable[[float], float]:
    """eGFR by serum creatinine in mg/dL (CKD-EPI 2021, creatinine, no race term), to one decimal."""
    kappa, alpha, factor = (0.7, -0.241, 1.012) if sex == "female" else (0.9, -0.302, 1.0)

    def formula(creatinine: float) -> float:
        ratio = creatinine / kappa
        by_creatinine: float = min(ratio, 1.0) ** alpha * max(ratio, 1.0) ** -1.200
        by_age: float = 0.9938**age
        return round(142 * by_creatinine * by_age * factor, 1)

    return formula


def _falling(formula: Callable[[float], float], found: Interval) -> Interval:
    """The more creatinine the less filtration: ends and their openness change sides."""
    low, high = found.low > 0, found.high != float("inf")
    return Interval(
        formula(found.high) if high else 0.0,
        formula(found.low) if low else float("inf"),
        high and found.high_included,
        low and found.low_included,
    )


def years_between(birth: date, day: date) -> int:
    """Whole years of age on a day."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
