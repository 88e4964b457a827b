"""Facts of the patient that cautions rest on. Coded data only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from cds_service.fhir.access.prefetch import INR, PLATELETS, PREGNANCY
from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.dates import When
from cds_service.fhir.datatypes.elements import (
    JsonObject,
    codings,
    loinc_of,
    mappings,
    status_words,
    texts,
    word,
    words_of,
)
from cds_service.fhir.facts.labs import measure, results
from cds_service.fhir.facts.problems import NO_WORDS, Problem, latest_first, settle, unless_over, yes_no
from cds_service.fhir.facts.told import OBSERVED
from cds_service.fhir.records import Entry, Records
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
    found = results(records, PLATELETS, PLATELET_UNITS, (1, 3000))
    return measure(found, records.searched("observations"))


def inr(records: Records) -> Measure:
    """International normalised ratio."""
    return measure(results(records, INR, INR_UNITS, (0.3, 30)), records.searched("observations"))


def acute_kidney_injury(problems: Sequence[Problem], records: Records) -> Choice:
    """An acute kidney injury that is not over."""
    return yes_no([p for p in problems if not p.over], "acute-kidney-injury", records, unless_over)


def dialysis(problems: Sequence[Problem], records: Records, terms: Terms, today: date) -> Choice:
    """On dialysis: by the problem list, or a dialysis in the last 90 days. An older one leaves it open."""
    listed = yes_no(problems, "dialysis", records, unless_over)
    named = records.alike("Procedure", lambda said: _is_dialysis(said, terms))
    done = [_dialysis(entry, today) for entry, _ in named]
    recent = [evidence for evidence, is_recent in done if is_recent]
    if listed.value == YES or not done:
        return _as_far_as(listed, records.searched("conditions", "procedures"))
    hints = {"an older dialysis": [evidence for evidence, _ in done]}
    return settle(recent, hints, records.searched("conditions", "procedures"))


def _is_dialysis(procedure: JsonObject, terms: Terms) -> bool | None:
    code = procedure.get("code")
    return True if judge(terms, "dialysis", codings(code), texts(code)).standing is Standing.YES else None


def _dialysis(entry: Entry, today: date) -> tuple[Evidence, bool]:
    when = dates.of(entry.raw, "performedDateTime", "performedPeriod")
    recent = when is not None and when.last >= today - RECENT_DIALYSIS and entry.reliable
    return entry.evidence(words_of(entry.raw.get("code")), when), recent


def _as_far_as(fact: Choice, searched: Searched) -> Choice:
    """A "no" needs every search that could have found a "yes"."""
    if fact.value != NO or searched is Searched.COMPLETE:
        return fact
    return settle((), {}, searched)


@dataclass(frozen=True, slots=True)
class _Named:
    words: str
    standing: Standing
    unsafe: bool = False


@dataclass(frozen=True, slots=True)
class _Implant:
    evidence: Evidence
    standing: Standing
    reliable: bool
    unsafe: bool


def implant(problems: Sequence[Problem], records: Records, terms: Terms) -> Choice:
    """`no`, `yes`, or `mr-unsafe` when the device says so: a code tells presence, never MR status."""
    found = [
        _implant(entry, named)
        for kind in ("Device", "Procedure")
        for entry, named in records.alike(kind, partial(_named, kind, terms=terms))
    ]
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


def _named(kind: str, said: JsonObject, terms: Terms) -> _Named | None:
    """What a Device is or a Procedure put in; None when that is no implant."""
    named = said.get("code") if kind == "Procedure" else said.get("type")
    names = [word(one.get("name")) for one in mappings(said.get("deviceName"))]
    standing = judge(terms, "implant", codings(named), [t for t in (*texts(named), *names) if t]).standing
    unsafe = kind == "Device" and _is_mr_unsafe(said.get("safety"))
    if standing is Standing.UNREADABLE and kind == "Procedure":
        return None
    if standing is Standing.NO and not unsafe:
        return None
    words = words_of(named) or (names or [""])[0] or NO_WORDS
    return _Named(words, Standing.YES if unsafe else standing, unsafe)


def _implant(entry: Entry, named: _Named) -> _Implant:
    when = dates.of(entry.raw, "performedDateTime", "performedPeriod", "manufactureDate")
    return _Implant(entry.evidence(named.words, when), named.standing, entry.reliable, named.unsafe)


def _is_mr_unsafe(safety: object) -> bool:
    given = status_words(safety) | {w for s in mappings(safety) for w in status_words(s)}
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
