"""What imaging reports tell in prose: each report read once, for every fact that rests on it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.dates import When
from cds_service.fhir.datatypes.elements import codings, mappings, texts, words_of
from cds_service.fhir.evidence import Entry, Records
from cds_service.fhir.narrative import Reading, read_once, report_text
from cds_service.guideline.terms.judging import Terms, imaging_kinds, traits_named

OBSERVED = ("effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued")
MOST_READ = 20  # reports: more than a year of imaging of one abdomen
LONGEST = 40_000  # characters of one report; a longer one counts as one that could not be read
BUDGET = 80_000  # characters of all reports of a chart, the newest first
_LABORATORY = frozenset(("lab", "laboratory", "hm", "ch", "mb", "sr", "path", "26436-6"))


@dataclass(frozen=True, slots=True)
class _Worded:
    entry: Entry
    when: When | None
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """One report with words. `when`: the day of the study."""

    entry: Entry
    when: When | None
    reading: Reading


def read_told(records: Records, terms: Terms) -> Mapping[str, Told]:
    """Reports of imaging that may have shown the liver, by name ("DiagnosticReport/x"), newest first.

    Reading prose costs more than anything else of a chart, so that only the newest are read. Half a
    report is not read either: what its impression says would be missing.
    """
    found = records.read_each(("DiagnosticReport",), lambda entry: _worded(entry, terms))
    newest = sorted(found, key=lambda one: one.when.last if one.when else date.max, reverse=True)
    return {one.entry.name: _told(one) for one in _within_budget(newest[:MOST_READ])}


def _within_budget(newest: Iterable[_Worded]) -> Iterator[_Worded]:
    left = BUDGET
    for one in newest:
        left -= len(one.text)
        if left >= 0:
            yield one


def _worded(entry: Entry, terms: Terms) -> Iterator[_Worded]:
    """A report with words, unless it is a laboratory's or of a study that cannot have shown the liver."""
    if _is_laboratory(entry):
        return
    code = entry.raw.get("code")
    traits = traits_named(terms, codings(code), texts(code))
    if traits is not None and not imaging_kinds(traits):
        return
    text = report_text(entry.raw)
    if 0 < len(text) <= LONGEST:
        yield _Worded(entry, dates.of(entry.raw, *OBSERVED), text)


def _told(one: _Worded) -> Told:
    return Told(one.entry, one.when, read_once(one.text, words_of(one.entry.raw.get("code"))))


def _is_laboratory(entry: Entry) -> bool:
    given = [
        word.lower()
        for category in mappings(entry.raw.get("category"))
        for word in (*(c.code for c in codings(category)), *texts(category))
    ]
    return any(word in _LABORATORY for word in given)
