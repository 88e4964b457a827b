"""Imaging studies already done: each once, though recorded as report, study and procedure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial

from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.dates import Order, When
from cds_service.fhir.datatypes.elements import JsonObject, codings, mappings, texts, word
from cds_service.fhir.facts.conclusions import is_silent
from cds_service.fhir.facts.grouping import Groups
from cds_service.fhir.facts.study_names import StudyName, study_name
from cds_service.fhir.facts.told import OBSERVED, Told
from cds_service.fhir.narrative import Reading, StudyReading
from cds_service.fhir.records import Entry, Records
from cds_service.guideline.chart import Evidence, Interval
from cds_service.guideline.content.schema import StudyTraits
from cds_service.guideline.terms.judging import (
    Terms,
    dose_named,
    imaging_kinds,
    procedures_named,
)

MOST_RECORDS = 600  # of imaging; more than a year of one patient, however ill
_LINKS = ("imagingStudy", "basedOn", "partOf", "procedureReference", "report", "result", "study")
_DATES = (*OBSERVED, "started", "performedDateTime", "performedPeriod", "performedDate")
_UNREAD = Reading()
LIVER_REGIONS = frozenset(("liver", "abdomen", "gallbladder"))
_RADIOLOGY = frozenset(("rad", "394914008", "lp29684-5", "radiology", "imaging"))


@dataclass(frozen=True, slots=True)
class Study:
    """One study. `kinds`: what it may have been, of IMAGING_KINDS; () = it cannot have shown the liver.

    `of_liver`: a region with the whole liver is stated; a CT of the chest may have shown part of it.
    `silent`: nothing of its result can be read, so that it may have shown anything.
    `contrast`: "without", "with", "without-and-with", or None when no record says.
    """

    names: frozenset[str]
    when: When | None
    kinds: tuple[str, ...]
    modality: str
    contrast: str | None
    of_liver: bool
    silent: bool
    reliable: bool
    evidence: Evidence
    dose: Interval | None = None  # adult mSv; None = not known
    readings: tuple[Reading, ...] = ()  # its reports in prose
    procedures: tuple[str, ...] = ()  # studies of the catalogue that it may have been


@dataclass(slots=True)
class _Record:
    entry: Entry
    when: When | None
    traits: StudyTraits
    kinds: tuple[str, ...]
    words: str
    procedures: tuple[str, ...]
    dose: Interval | None
    marks: set[str] = field(
        default_factory=set
    )  # what ties records together: names, orders, accession numbers


def read_studies(records: Records, terms: Terms, told: Mapping[str, Told]) -> list[Study]:
    """Every imaging study of the chart, of whatever region. `told`: what reports say in prose."""
    named = [
        pair
        for kind in ("DiagnosticReport", "ImagingStudy", "Procedure")
        for pair in records.alike(kind, partial(study_name, kind, terms))
    ]
    known = {id(entry): name for entry, name in named}
    entries = (entry for entry, name in named if name.traits or entry.name in told)
    read = records.read_these(entries, lambda entry: _record(entry, known[id(entry)], records, terms, told))
    found = _newest(list(read))
    groups: dict[str, Groups[_Record]] = {}
    for record in found:
        groups.setdefault(record.traits.modality, Groups(_same_study)).add(record, _ties(record))
    return [_study(group, told) for each in groups.values() for group in each.groups]


def _newest(records: list[_Record]) -> list[_Record]:
    """The records in their order; of very many only the newest, since each is compared with every other."""
    if len(records) <= MOST_RECORDS:
        return records
    latest = sorted(records, key=lambda one: one.when.last if one.when else date.max, reverse=True)
    kept = {id(record) for record in latest[:MOST_RECORDS]}
    return [record for record in records if id(record) in kept]


def unrecognised_imaging(records: Records, studies: Sequence[Study]) -> int:
    """How many imaging records name no study that we know."""
    known = frozenset(name for study in studies for name in study.names)
    reports = (entry for entry, _ in records.alike("DiagnosticReport", _of_radiology))
    return sum(1 for e in (*reports, *records.of("ImagingStudy")) if e.name not in known)


def _of_radiology(report: JsonObject) -> bool | None:
    """Whether a report's category is imaging."""
    category = report.get("category")
    given = [*(c.code for c in codings(category)), *(c.display for c in codings(category)), *texts(category)]
    return True if any(one.lower() in _RADIOLOGY for one in given) else None


def _record(
    entry: Entry, named: StudyName, records: Records, terms: Terms, told: Mapping[str, Told]
) -> Iterator[_Record]:
    reading = told[entry.name].reading if entry.name in told else _UNREAD
    traits = _with_prose(named.traits, reading)
    if traits is None:
        return
    as_named = traits is named.traits
    by_code = [c.display or c.code for c in named.codings]
    yield _Record(
        entry,
        dates.of(entry.raw, *_DATES),
        traits,
        named.kinds if as_named else imaging_kinds(traits),
        (named.texts or by_code or [reading.study.quote if reading.study else ""])[0],
        _procedures(named, reading, terms),
        named.dose if as_named else dose_named(terms, traits),
        _marks(entry, records),
    )


def _marks(entry: Entry, records: Records) -> set[str]:
    identifiers = mappings(entry.raw.get("identifier"))
    numbers = {f"{word(each.get('system'))}|{word(each.get('value'))}" for each in identifiers}
    return {entry.name, *records.linked(entry, *_LINKS), *numbers - {"|"}}


def _ties(record: _Record) -> Iterator[object]:
    """What a record of the same study has in common with it: a mark, or the day."""
    yield from record.marks
    if record.when and record.when.exact:
        yield record.when.first


def _procedures(named: StudyName, reading: Reading, terms: Terms) -> tuple[str, ...]:
    phase = _phase_words(reading)
    if named.traits is not None and not phase:
        return named.procedures
    return procedures_named(terms, named.codings, named.texts, phase)


def _phase_words(reading: Reading) -> list[str]:
    return [reading.study.phase] if reading.study and reading.study.phase else []


def _with_prose(traits: StudyTraits | None, reading: Reading) -> StudyTraits | None:
    """What code and title leave unsaid, as the report's technique says it; they win where they speak."""
    said = reading.study
    if said is None or (traits is not None and traits.modality != said.modality):
        return traits
    if traits is None:  # a report without a name that speaks of the liver, so it showed the liver
        return StudyTraits.model_validate(_prose_traits(said)) if reading.lesion else None
    return traits.model_copy(
        update={"contrast": traits.contrast or said.contrast, "phase": traits.phase or said.phase}
    )


def _prose_traits(said: StudyReading) -> dict[str, object]:
    return {
        "modality": said.modality,
        "regions": ("abdomen",),
        "contrast": said.contrast,
        "phase": said.phase,
    }


def _same_study(group: Sequence[_Record], record: _Record) -> bool:
    """One order or accession number, or one day, modality and possible kind; two reports are two studies."""
    if any(other.marks & record.marks for other in group):
        return all(_near(other.when, record.when) for other in group)
    if any(other.entry.kind == record.entry.kind for other in group):
        return False
    same_day = all(dates.order(other.when, record.when) is Order.SAME_DAY for other in group)
    first = group[0].kinds
    return same_day and (first == record.kinds or not set(first).isdisjoint(record.kinds))


def _near(one: When | None, other: When | None) -> bool:
    """Within a day or two, as far as dates tell: records of one study differ by zone and by night shift."""
    if one is None or other is None:
        return True
    return max(one.first, other.first) - min(one.last, other.last) <= timedelta(days=2)


def _study(group: Sequence[_Record], told: Mapping[str, Told]) -> Study:
    reports = [record for record in group if record.entry.kind == "DiagnosticReport"]
    lead = (reports or group)[0]
    when = next((record.when for record in (lead, *group) if record.when), None)
    contrasts = {record.traits.contrast for record in group if record.traits.contrast}
    return Study(
        names=frozenset(record.entry.name for record in group),
        when=when,
        kinds=_common_kinds(group, lead),
        modality=lead.traits.modality,
        contrast=lead.traits.contrast or (contrasts.pop() if len(contrasts) == 1 else None),
        of_liver=any(LIVER_REGIONS.intersection(record.traits.regions) for record in group),
        silent=all(is_silent(record.entry, told) for record in reports),
        reliable=any(record.entry.reliable for record in reports or group),
        evidence=lead.entry.evidence(lead.words, when),
        dose=lead.dose,
        procedures=lead.procedures,
        readings=tuple(told[r.entry.name].reading for r in reports if r.entry.name in told),
    )


def _common_kinds(group: Sequence[_Record], lead: _Record) -> tuple[str, ...]:
    """What all records of the study leave possible; where they contradict each other, what the lead says."""
    common = tuple(kind for kind in lead.kinds if all(kind in record.kinds for record in group))
    return common or lead.kinds
