"""Facts of the patient that cautions rest on. Coded data only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cds_service.fhir.access.prefetch import INR, PLATELETS, PREGNANCY
from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.dates import When
from cds_service.fhir.datatypes.elements import (
    codings,
    loinc_of,
    mappings,
    status_words,
    texts,
    word,
    words_of,
)
from cds_service.fhir.evidence import Entry, Records
from cds_service.fhir.facts.labs import measure, results
from cds_service.fhir.facts.problems import NO_WORDS, Problem, latest_first, settle, unless_over, yes_no
from cds_service.fhir.facts.told import OBSERVED
from cds_service.guideline.chart import NO, YES, Choice, Evidence, Measure, Searched
from cds_service.guideline.terms.judging import Standing, Terms, judge

MR_UNSAFE = "mr-unsafe"
PREGNANT = frozenset(("77386006", "LA15173-0"))
NOT_PREGNANT = frozenset(("60001007", "LA26683-5"))
TERM = timedelta(days=300)  # no longer than this does a pregnancy entry speak of today
RECENT_DIALYSIS = timedelta(days=90)
# To 10*9/L. A count without a unit may be per litre or per microlitre.
# Keys are printed units as `squashed` gives them, or UCUM codes.
PLATELET_UNITS = {
    **dict.fromkeys(
        ("103/ul", "x103/ul", "10e3/ul", "x10e3/ul", "103/mm3", "k/ul", "k/mcl", "k/mm3", "k/cumm"), 1.0
    ),
    **dict.fromkeys(("109/l", "x109/l", "10e9/l", "x10e9/l", "G/L", "thou/ul", "thousand/ul"), 1.0),
    **dict.fromkeys(("/uL", "/ul", "/mm3", "cells/ul"), 0.001),
}
INR_UNITS = dict.fromkeys(("", "1", "{INR}", "INR", "inr", "ratio", "{ratio}"), 1.0)


def platelets(records: Records) -> Measure:
    """Platelets, 10^9/L."""
    found = results(records, PLATELETS, PLATELET_UNITS, 1, 3000)
    return measure(found, records.searched("observations"))


def inr(records: Records) -> Measure:
    """International normalised ratio."""
    return measure(results(records, INR, INR_UNITS, 0.3, 30), records.searched("observations"))


def acute_kidney_injury(problems: Sequence[Problem], records: Records) -> Choice:
    """An acute kidney injury that is not over."""
    return yes_no([p for p in problems if not p.over], "acute-kidney-injury", records, unless_over)


def dialysis(problems: Sequence[Problem], records: Records, terms: Terms, today: date) -> Choice:
    """On dialysis: by the problem list, or a dialysis in the last 90 days. An older one leaves it open."""
    listed = yes_no(problems, "dialysis", records, unless_over)
    done = list(records.read_each(("Procedure",), lambda entry: _dialysis(entry, terms, today)))
    recent = [evidence for evidence, is_recent in done if is_recent]
    if listed.value == YES or not done:
        return _as_far_as(listed, records.searched("conditions", "procedures"))
    hints = {"an older dialysis": [evidence for evidence, _ in done]}
    return settle(recent, hints, records.searched("conditions", "procedures"))


def _dialysis(entry: Entry, terms: Terms, today: date) -> Iterator[tuple[Evidence, bool]]:
    code = entry.raw.get("code")
    if judge(terms, "dialysis", codings(code), texts(code)).standing is Standing.YES:
        when = dates.of(entry.raw, "performedDateTime", "performedPeriod")
        recent = when is not None and when.last >= today - RECENT_DIALYSIS and entry.reliable
        yield entry.evidence(words_of(code), when), recent


def _as_far_as(fact: Choice, searched: Searched) -> Choice:
    """A "no" needs every search that could have found a "yes"."""
    if fact.value != NO or searched is Searched.COMPLETE:
        return fact
    return settle((), {}, searched)


@dataclass(frozen=True, slots=True)
class _Implant:
    evidence: Evidence
    standing: Standing
    reliable: bool
    unsafe: bool = False


def implant(problems: Sequence[Problem], records: Records, terms: Terms) -> Choice:
    """`no`, `yes`, or `mr-unsafe` when the device says so: a code tells presence, never MR status."""
    found = list(records.read_each(("Device", "Procedure"), lambda entry: _implant(entry, terms)))
    certain = [one for one in found if one.standing is Standing.YES and one.reliable]
    unsafe = [one.evidence for one in certain if one.unsafe]
    listed = yes_no(problems, "implant", records, unless_over)
    searched = records.searched("devices", "conditions", "procedures")
    if unsafe:
        return Choice((MR_UNSAFE,), latest_first(unsafe), searched)
    proofs = [*(one.evidence for one in certain), *(listed.evidence if listed.value == YES else ())]
    doubtful = [one.evidence for one in found if one.standing is not Standing.NO]
    hints = {"an entry that may be an implant": doubtful} if doubtful else {}
    if listed.value is None and listed.note:
        hints[listed.note] = list(listed.evidence)
    return settle(proofs, hints, searched)


def _implant(entry: Entry, terms: Terms) -> Iterator[_Implant]:
    named = entry.raw.get("code") if entry.kind == "Procedure" else entry.raw.get("type")
    names = [word(one.get("name")) for one in mappings(entry.raw.get("deviceName"))]
    said = [text for text in (*texts(named), *names) if text]
    standing = judge(terms, "implant", codings(named), said).standing
    unsafe = entry.kind == "Device" and _is_mr_unsafe(entry)
    if standing is Standing.UNREADABLE and entry.kind == "Procedure":
        return
    if standing is not Standing.NO or unsafe:
        when = dates.of(entry.raw, "performedDateTime", "performedPeriod", "manufactureDate")
        text = words_of(named) or (names or [""])[0] or NO_WORDS
        yield _Implant(
            entry.evidence(text, when), Standing.YES if unsafe else standing, entry.reliable, unsafe
        )


def _is_mr_unsafe(entry: Entry) -> bool:
    given = status_words(entry.raw.get("safety")) | {
        w for s in mappings(entry.raw.get("safety")) for w in status_words(s)
    }
    return any("mr-unsafe" in one or "mri-unsafe" in one for one in given)


def pregnancy(problems: Sequence[Problem], records: Records, sex: str | None, today: date) -> Choice:
    """Pregnant now: by the latest pregnancy status, or a Condition that is not older than a pregnancy."""
    if sex == "male":
        return Choice((NO,))
    asked = records.measuring(PREGNANCY)
    statuses = list(records.read_these(asked, lambda entry: _pregnancy_status(entry, today)))
    current = [p for p in problems if not p.over and _speaks_of_today(p.when, today)]
    listed = yes_no(current, "pregnancy", records, unless_over)
    newest = max(statuses, key=lambda one: one[0].last, default=None)
    if newest is None or listed.value == YES:
        return _as_far_as(listed, records.searched("conditions", "observations"))
    _, answer, evidence = newest
    note = "" if answer else "the status was recorded as unknown"
    return Choice((answer,) if answer else (YES, NO), (evidence,), note=note)


def _pregnancy_status(entry: Entry, today: date) -> Iterator[tuple[When, str, Evidence]]:
    when = dates.of(entry.raw, *OBSERVED)
    if when is None or not loinc_of(entry.raw.get("code"), PREGNANCY) or not _speaks_of_today(when, today):
        return
    value = entry.raw.get("valueCodeableConcept")
    codes = {coding.code for coding in codings(value)}
    answer = YES if codes & PREGNANT else NO if codes & NOT_PREGNANT else ""
    yield (
        when,
        answer if entry.reliable else "",
        entry.evidence(f"{words_of(entry.raw.get('code'))}: {words_of(value)}", when),
    )


def _speaks_of_today(when: When | None, today: date) -> bool:
    return when is None or when.last >= today - TERM
