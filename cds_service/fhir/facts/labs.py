"""Laboratory results that are plain numbers: which Observation, in which unit, and which is the latest."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import reduce

from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.dates import EVER, Order, When
from cds_service.fhir.datatypes.elements import JsonObject, loinc_of, mappings, words_of
from cds_service.fhir.datatypes.quantities import amount, shown
from cds_service.fhir.facts.problems import GAPS, latest_first
from cds_service.fhir.facts.told import OBSERVED
from cds_service.fhir.records import Entry, Records
from cds_service.guideline.chart import Evidence, Interval, Measure, Searched

ZONES = timedelta(days=2)  # what time zones may make of a day
LONGEST = 160  # characters of what is said of a result that was worked out


@dataclass(frozen=True, slots=True)
class Result:
    """One result, in the unit asked for. `part`: the Observation, or the component of it, that gives it.

    `worked_out`: what stands before its own words when it is not the value that was recorded.
    """

    code: str
    interval: Interval
    when: When | None
    entry: Entry
    part: JsonObject = field(repr=False)
    worked_out: str = ""

    @property
    def reliable(self) -> bool:
        """Whether it may prove something."""
        return self.entry.reliable

    @property
    def evidence(self) -> Evidence:
        """The Observation in its own words."""
        text = f"{words_of(self.part.get('code'))}: {shown(self.part)}"
        own = self.entry.evidence(text, self.when)
        return replace(own, text=f"{self.worked_out}{own.text}"[:LONGEST]) if self.worked_out else own


def results(
    records: Records,
    codes: Collection[str],
    units: Mapping[str, float],
    bounds: tuple[float, float],
    suits: Callable[[Result], bool] = lambda _: True,
) -> list[Result]:
    """Results with one of these LOINC codes within bounds, in their order; panels' components as well.

    A chart holds years of them and the latest counts: none is read that is clearly older than the latest one
    which is to be relied on and which `suits`.
    """

    def read(entry: Entry) -> Iterator[Result]:
        return _results(entry, codes, units, bounds)

    measured = records.measuring(codes)
    days = [dates.plain_day(entry.sent.written("effectiveDateTime")) for entry in measured]
    if not all(days):
        return list(records.read_these(measured, read))
    found: dict[int, list[Result]] = {}
    since = ""
    for place in sorted(range(len(days)), key=days.__getitem__, reverse=True):
        if days[place] < since:
            break
        found[place] = list(records.read_these([measured[place]], read))
        if not since and any(one.reliable and suits(one) for one in found[place]):
            since = (date.fromisoformat(days[place]) - ZONES).isoformat()
    return [one for place in sorted(found) for one in found[place]]


def _results(
    entry: Entry, codes: Collection[str], units: Mapping[str, float], bounds: tuple[float, float]
) -> Iterator[Result]:
    when = dates.of(entry.raw, *OBSERVED)
    for part in (entry.raw, *mappings(entry.raw.get("component"))):
        code = loinc_of(part.get("code"), codes)
        found = amount(part, units) if code else None
        if code and found is not None and bounds[0] <= found.high and found.low <= bounds[1]:
            yield Result(code, found, when, entry, part)


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
