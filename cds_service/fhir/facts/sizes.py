"""How large the liver lesion is: the greatest dimension in mm, from the latest day that measured it.

A size counts only if it is the liver's; it may be another organ's, or the lesion's of years ago.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import reduce

from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.dates import EVER, Order, When
from cds_service.fhir.datatypes.elements import (
    JsonObject,
    codings,
    concept,
    mappings,
    texts,
    words_of,
)
from cds_service.fhir.datatypes.quantities import LENGTHS_MM, amount, greatest, shown
from cds_service.fhir.facts.findings import names_size
from cds_service.fhir.facts.lesion import LesionItem, Says, Story
from cds_service.fhir.facts.problems import GAPS, is_liver_site, latest_first
from cds_service.fhir.facts.told import OBSERVED, Told
from cds_service.fhir.facts.window import Window
from cds_service.fhir.records import Entry, Records
from cds_service.guideline.chart import Evidence, Interval, Measure, Searched
from cds_service.guideline.terms.judging import Terms

# A size whose own name tells of another place is that place's, wherever it was reported.
_ELSEWHERE = re.compile(
    r"\b(?:lung|pulmonary|(?:upper|middle|lower) lobe|lingula|chest|thora|breast|kidney|renal|spleen|splenic|"
    r"pancrea|adrenal|thyroid|prostat|lymph|node|gallbladder|bile|biliary|ovar|uter|cerv|colon|colorectal|"
    r"rectal|bladder|bone|skin|brain|cerebral|aort|stomach|gastric|esophag|oesophag|bowel|muscle|testi)",
    re.IGNORECASE,
)
ABSURD_MM = 400.0  # larger than any liver
LINKS = ("focus", "derivedFrom", "partOf", "hasMember")


@dataclass(frozen=True, slots=True)
class Size:
    """One measured lesion. `liver`: True or False when the Observation itself says, else None."""

    entry: Entry
    interval: Interval
    when: When | None
    evidence: Evidence
    liver: bool | None
    has_site: bool


def read_sizes(records: Records, terms: Terms) -> list[Size]:
    """Every Observation that measures a lesion, of whatever organ."""
    named = records.alike("Observation", _measures)
    return list(records.read_these((entry for entry, _ in named), lambda entry: _size(entry, records, terms)))


def _measures(observation: JsonObject) -> bool | None:
    """Whether it, or a component of it, asks for the extent of a lesion."""
    return True if any(names_size(concept(part.get("code"))) for part in _parts(observation)) else None


def told_sizes(told: Iterable[Told]) -> list[Size]:
    """What reports say in prose of the size of a liver lesion."""
    return [
        Size(one.entry, found, one.when, one.entry.evidence(one.reading.size_quote, one.when), True, True)
        for one in told
        if (found := _plausible(one.reading.size)) is not None
    ]


def _size(entry: Entry, records: Records, terms: Terms) -> Iterator[Size]:
    parts = [part for part in _parts(entry.raw) if names_size(concept(part.get("code")))]
    measured = [(part, found) for part in parts if (found := _plausible(amount(part, LENGTHS_MM)))]
    if not measured:
        return
    interval = reduce(greatest, (found for _, found in measured))
    when = dates.of(entry.raw, *OBSERVED) or _date_of_parent(entry, records)
    text = "; ".join(f"{words_of(part.get('code'))}: {shown(part)}" for part, _ in measured)
    site = entry.raw.get("bodySite")
    has_site = bool(codings(site) or texts(site))
    yield Size(entry, interval, when, entry.evidence(text, when), _of_liver(entry, terms), has_site)


def _parts(observation: JsonObject) -> Iterator[JsonObject]:
    """The Observation and its components; a component without a code of its own is the Observation's."""
    yield observation
    for part in mappings(observation.get("component")):
        if not part.get("modifierExtension"):
            yield (
                part
                if codings(part.get("code")) or texts(part.get("code"))
                else {**part, "code": observation.get("code")}
            )


def _plausible(found: Interval | None) -> Interval | None:
    """None for what cannot be a lesion: zero, or larger than a liver."""
    if found is None or found.high <= 0 or (found.value is not None and found.value > ABSURD_MM):
        return None
    return None if found.low > ABSURD_MM else found


def _of_liver(entry: Entry, terms: Terms) -> bool | None:
    """By body site or the code's own words; None when neither says."""
    site = entry.raw.get("bodySite")
    if is_liver_site(site, terms):
        return True
    code = entry.raw.get("code")
    named = [text for text in (*texts(code), *(coding.display for coding in codings(code))) if text]
    if any(is_liver_site(text, terms) for text in named):
        return True
    elsewhere = codings(site) or texts(site) or any(_ELSEWHERE.search(text[:500]) for text in named)
    return False if elsewhere else None


def _date_of_parent(entry: Entry, records: Records) -> When | None:
    """A measurement inside a report, or listed by one, is of the report's day."""
    for report in records.of("DiagnosticReport"):
        if entry.name.startswith(f"{report.name}#") or entry.name in records.listed_by(report):
            return dates.of(report.raw, *OBSERVED)
    return None


def items_of_sizes(sizes: Iterable[Size]) -> Iterator[LesionItem]:
    """A size that says itself that it is the liver's is evidence of a lesion."""
    for size in sizes:
        if size.liver:
            yield LesionItem(Says.MEASURED, size.entry.name, size.when, size.evidence, size.entry.reliable)


def of_the_lesion(
    sizes: Sequence[Size], story: Story, describing: AbstractSet[str], records: Records
) -> list[Size]:
    """The liver's sizes, without those of a lesion that was diagnosed or gone before this one was seen.

    `describing`: names of the reports that describe the lesion.
    """
    known = {item.source for item in story.current}
    reports = [report for report in records.of("DiagnosticReport") if report.name in describing]
    days = {dates.of(report.raw, *OBSERVED) for report in reports}
    inner = [entry.name for entry in records.of("Observation") if "#" in entry.name]
    reported = {name for report in reports for name in (*records.listed_by(report), *_inside(report, inner))}
    return [
        size
        for size in sizes
        if (size.liver or _is_linked(size, known, reported, days, records))
        and not _is_earlier(size.when, story.reopened_after)
    ]


def _is_linked(
    size: Size,
    known: AbstractSet[str],
    reported: AbstractSet[str],
    days: AbstractSet[When | None],
    records: Records,
) -> bool:
    if size.liver is False:
        return False
    focus = records.linked(size.entry, "focus")
    if focus and focus.isdisjoint(known):
        return False  # it measures something else that the chart names
    if size.entry.name in reported or not records.linked(size.entry, *LINKS).isdisjoint(known):
        return True
    return not size.has_site and size.when is not None and any(_same_day(size.when, day) for day in days)


def _same_day(one: When, other: When | None) -> bool:
    return dates.order(one, other) is Order.SAME_DAY


def _inside(report: Entry, contained: Iterable[str]) -> list[str]:
    return [name for name in contained if name.startswith(f"{report.name}#")]


def _is_earlier(when: When | None, after: When | None) -> bool:
    return after is not None and dates.order(when, after) in (Order.BEFORE, Order.SAME_DAY)


def lesion_size(sizes: Sequence[Size], searched: Searched, window: Window) -> Measure:
    """The fact `lesion_size_mm`, from sizes that are the lesion's. One from before the window is no size of
    today: a lesion grows, or is another one."""
    old = [size for size in sizes if not window.holds(size.when)]
    sizes = [size for size in sizes if window.holds(size.when)]
    if old and not sizes:
        return Measure(Interval(), latest_first(size.evidence for size in old), searched, "only an old size")
    reliable = [size for size in sizes if size.entry.reliable]
    if not sizes or not reliable:
        note = "only a size that cannot be relied on" if sizes else GAPS[searched]
        return Measure(Interval(), latest_first(size.evidence for size in sizes), searched, note)
    latest = _latest(reliable)
    doubted = [size for size in sizes if not size.entry.reliable and _may_be_newer(size, latest)]
    if doubted:
        shown_ones = latest_first(size.evidence for size in (*latest, *doubted))
        return Measure(Interval(), shown_ones, searched, "the newest size cannot be relied on")
    return _measure(latest, searched)


def _measure(latest: Sequence[Size], searched: Searched) -> Measure:
    """The largest of one day; where it is not clear which is the latest, everything they leave possible."""
    one_day = len({size.when for size in latest}) == 1 or all(_exact(size.when) for size in latest)
    combine = greatest if one_day else Interval.hull
    interval = reduce(combine, (size.interval for size in latest))
    shown_ones = latest_first(size.evidence for size in latest)
    return Measure(interval, shown_ones, searched, "" if one_day else "undated sizes differ")


def _exact(when: When | None) -> bool:
    return when is not None and when.exact


def _latest(sizes: Sequence[Size]) -> list[Size]:
    """Those of the latest day, and those that may be of that day or later."""
    newest = max(
        (size.when for size in sizes if size.when is not None), key=lambda when: when.last, default=EVER
    )
    return [size for size in sizes if (size.when or EVER).last >= newest.first]


def _may_be_newer(size: Size, latest: Sequence[Size]) -> bool:
    return all(dates.order(size.when, other.when) is not Order.BEFORE for other in latest)
