"""Laboratory results that are plain numbers: which Observation, in which unit, and which is the latest."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce

from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.dates import EVER, Order, When
from cds_service.fhir.datatypes.elements import loinc_of, mappings, words_of
from cds_service.fhir.datatypes.quantities import amount, shown
from cds_service.fhir.evidence import Entry, Records
from cds_service.fhir.facts.problems import GAPS, latest_first
from cds_service.fhir.facts.told import OBSERVED
from cds_service.guideline.chart import Evidence, Interval, Measure, Searched


@dataclass(frozen=True, slots=True)
class Result:
    """One result, in the unit asked for."""

    code: str
    interval: Interval
    when: When | None
    evidence: Evidence
    reliable: bool


def results(
    records: Records, codes: Collection[str], units: Mapping[str, float], low: float, high: float
) -> list[Result]:
    """Every result with one of these LOINC codes between `low` and `high`; panels' components as well."""
    return list(records.read_each(("Observation",), lambda entry: _results(entry, codes, units, (low, high))))


def _results(
    entry: Entry, codes: Collection[str], units: Mapping[str, float], bounds: tuple[float, float]
) -> Iterator[Result]:
    when = dates.of(entry.raw, *OBSERVED)
    for part in (entry.raw, *mappings(entry.raw.get("component"))):
        code = loinc_of(part.get("code"), codes)
        found = amount(part, units) if code else None
        if code and found is not None and bounds[0] <= found.high and found.low <= bounds[1]:
            text = f"{words_of(part.get('code'))}: {shown(part)}"
            yield Result(code, found, when, entry.evidence(text, when), entry.reliable)


def latest(found: Sequence[Result]) -> list[Result]:
    """The latest dated result; several when their times do not tell which one that is."""
    dated = [one for one in found if one.when is not None]
    if not dated:
        return list(found)
    newest = max(dated, key=_sort_key)
    left = [one for one in dated if not _is_after(newest, one)]
    return [one for one in left if not any(_is_after(other, one) for other in left)]


def _sort_key(one: Result) -> tuple[date, float]:
    """By the last possible day, then by time of day. Undated results never get here."""
    when = one.when or EVER
    return when.last, when.moment.timestamp() if when.moment else 0.0


def _is_after(one: Result, other: Result) -> bool:
    return dates.order_with_times(one.when, other.when) is Order.AFTER


def measure(found: Sequence[Result], searched: Searched) -> Measure:
    """The latest result as a fact; what its day leaves possible when several were taken."""
    newest = latest([one for one in found if one.reliable])
    if not newest:
        note = "only a result that cannot be relied on" if found else GAPS[searched]
        return Measure(Interval(), latest_first(one.evidence for one in found), searched, note)
    interval = reduce(Interval.hull, (one.interval for one in newest))
    return Measure(interval, latest_first(one.evidence for one in newest), searched)
