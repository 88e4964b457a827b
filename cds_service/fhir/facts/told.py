"""What imaging reports tell in prose: each report read once, for every fact that rests on it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice

from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.dates import When
from cds_service.fhir.datatypes.elements import JsonObject, codings, mappings, texts, words_of
from cds_service.fhir.narrative import Reading, read_once, report_text
from cds_service.fhir.records import Entry, Records
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
    of_liver = records.alike("DiagnosticReport", lambda said: _may_tell(said, terms))
    newest = sorted((entry for entry, _ in of_liver), key=_day, reverse=True)
    worded = islice(records.read_these(newest, _worded), MOST_READ)
    return {one.entry.name: _told(one) for one in _within_budget(worded)}


def _day(report: Entry) -> date:
    when = dates.of(report.raw, *OBSERVED)
    return when.last if when else date.max


def _within_budget(newest: Iterable[_Worded]) -> Iterator[_Worded]:
    left = BUDGET
    for one in newest:
        left -= len(one.text)
        if left >= 0:
            yield one


def _may_tell(report: JsonObject, terms: Terms) -> bool | None:
    """None for a laboratory's report, and for one of a study that cannot have shown the liver."""
    if _is_laboratory(report):
        return None
    code = report.get("code")
    traits = traits_named(terms, codings(code), texts(code))
    return True if traits is None or imaging_kinds(traits) else None


def _worded(entry: Entry) -> Iterator[_Worded]:
    text = report_text(entry.raw)
    if 0 < len(text) <= LONGEST:
        yield _Worded(entry, dates.of(entry.raw, *OBSERVED), text)


def _told(one: _Worded) -> Told:
    return Told(one.entry, one.when, read_once(one.text, words_of(one.entry.raw.get("code"))))


def _is_laboratory(report: JsonObject) -> bool:
    given = [
        word.lower()
        for category in mappings(report.get("category"))
        for word in (*(c.code for c in codings(category)), *texts(category))
    ]
    return any(word in _LABORATORY for word in given)
