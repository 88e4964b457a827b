"""read_chart(): every fact the guideline asks for, from the resources that came."""

from collections.abc import Mapping, Sequence
from datetime import date

from cds_service.fhir.access.prefetch import ResourceSet
from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.dates import When
from cds_service.fhir.datatypes.elements import word
from cds_service.fhir.datatypes.references import owner
from cds_service.fhir.evidence import sort_out
from cds_service.fhir.facts import (
    findings,
    imaging,
    kidney,
    lesion,
    patient_facts,
    problems,
    radiation,
    reactions,
    sizes,
)
from cds_service.fhir.facts.conclusions import is_silent
from cds_service.fhir.facts.describing import describing
from cds_service.fhir.facts.lesion import LesionItem
from cds_service.fhir.facts.problems import Problem
from cds_service.fhir.facts.studies import Study, read_studies, unrecognised_imaging
from cds_service.fhir.facts.told import Told, read_told
from cds_service.fhir.facts.window import Window, window
from cds_service.fhir.records import Records
from cds_service.guideline.chart import (
    INITIAL_IMAGING,
    LESION_SIZE,
    LIVER_LESION,
    MRI_RESULT,
    MRI_SINCE,
    Chart,
    Fact,
)
from cds_service.guideline.terms.judging import Terms

ADULT = 18
UNREAD_REPORT = "an imaging report could not be read"


def read_chart(
    sets: Mapping[str, ResourceSet],
    terms: Terms,
    patient_id: str,
    fhir_base: str | None,
    today: date,
    imaging_window_days: int = 365,
) -> Chart:
    """The chart of one patient. Never raises on what a resource holds.

    `sets`: by our prefetch keys. `fhir_base`: the request's FHIR server; an absolute reference to
    another server is another patient's. `imaging_window_days`: how old the first imaging may be.
    """
    records = sort_out(sets, owner(patient_id, fhir_base))
    if records.foreign:
        return Chart({}, unusable=f"the chart holds a resource of another patient ({records.foreign})")
    birth, sex = dates.parse(records.patient.get("birthDate")), _sex(records)
    listed = problems.read_problems(records, terms)
    told = read_told(records, terms)
    studies = read_studies(records, terms, told)
    days = window(today, imaging_window_days)
    facts, remarks = _lesion_facts(records, listed, studies, terms, days, told)
    facts |= _history_facts(records, listed)
    facts |= _patient_facts(records, listed, studies, terms, today)
    facts["egfr"] = kidney.egfr(records, birth.first if birth else None, sex)
    facts["pregnancy"] = patient_facts.pregnancy(listed, records, sex, today)
    return Chart(
        facts,
        _age(birth, today),
        sex,
        remarks=(*remarks, *_remarks(records)),
        done_lately=imaging.done_lately(studies, today),
    )


def _lesion_facts(
    records: Records,
    listed: Sequence[Problem],
    studies: Sequence[Study],
    terms: Terms,
    days: Window,
    told: Mapping[str, Told],
) -> tuple[dict[str, Fact], tuple[str, ...]]:
    """The lesion, its size, and the imaging that showed it: each rests on the one before. With remarks."""
    measured = [*sizes.read_sizes(records, terms), *sizes.told_sizes(told.values())]
    items = _lesion_items(records, listed, measured, terms, told)
    story = lesion.story(items)
    names = describing(records, story, measured, studies)
    own_sizes = sizes.of_the_lesion(measured, story, names, records)
    seen = imaging.imaging_of(studies, names, story, days, records.searched("reports"))
    searched = records.searched("conditions", "reports")
    return {
        LIVER_LESION: lesion.fact_from(items, searched, _missed(records, seen, told)),
        LESION_SIZE: sizes.lesion_size(own_sizes, records.searched("observations"), days),
        INITIAL_IMAGING: imaging.initial_imaging(seen),
        MRI_SINCE: imaging.mri_since(seen),
        MRI_RESULT: imaging.mri_result(seen),
    }, imaging.imaging_remarks(seen)


def _lesion_items(
    records: Records,
    listed: Sequence[Problem],
    measured: Sequence[sizes.Size],
    terms: Terms,
    told: Mapping[str, Told],
) -> list[LesionItem]:
    return [
        *lesion.items_of_problems(listed),
        *findings.items_of_reports(records, terms, told),
        *findings.items_of_observations(records, terms),
        *sizes.items_of_sizes(measured),
    ]


def _missed(records: Records, seen: imaging.Imaging, told: Mapping[str, Told]) -> list[str]:
    """Why a lesion may have been missed: reports of the liver and problems that could not be read."""
    unread = {entry.name for entry in records.of("DiagnosticReport") if is_silent(entry, told)}
    recent = (study for study in seen.studies if seen.window.holds(study.when))
    reports = [UNREAD_REPORT] if any(study.names & unread for study in recent) else []
    broken = [problems.UNREADABLE] if records.unread else []
    return reports + broken


def _history_facts(records: Records, listed: Sequence[Problem]) -> dict[str, Fact]:
    return {
        "extrahepatic_malignancy": problems.extrahepatic_malignancy(listed, records),
        "chronic_liver_disease": problems.chronic_liver_disease(listed, records),
        "liver_malignancy": problems.liver_malignancy(listed, records),
    }


def _patient_facts(
    records: Records, listed: Sequence[Problem], studies: Sequence[Study], terms: Terms, today: date
) -> dict[str, Fact]:
    unrecognised = unrecognised_imaging(records, studies)
    return {
        "acute_kidney_injury": patient_facts.acute_kidney_injury(listed, records),
        "dialysis": patient_facts.dialysis(listed, records, terms, today),
        **reactions.reaction_facts(reactions.read_reactions(records, terms), listed, records),
        "implant": patient_facts.implant(listed, records, terms),
        "platelets": patient_facts.platelets(records),
        "inr": patient_facts.inr(records),
        "radiation_12_months": radiation.radiation_12_months(
            studies, unrecognised, records.searched("reports", "procedures", "imaging"), today
        ),
    }


def _sex(records: Records) -> str | None:
    found = word(records.patient.get("gender")).lower()
    return found if found in ("male", "female") else None


def _age(birth: When | None, today: date) -> int | None:
    """Whole years. With only a year or month of birth: the lower age, unless adulthood hangs on it."""
    if birth is None or birth.first > today:
        return None
    youngest = max(kidney.years_between(min(birth.last, today), today), 0)
    oldest = kidney.years_between(birth.first, today)
    return None if youngest < ADULT <= oldest else youngest


def _remarks(records: Records) -> tuple[str, ...]:
    """What a reader should know of the search itself; no patient data."""
    doubtful = sum(not entry.reliable for entry in records.of("Condition", "Observation", "DiagnosticReport"))
    said = []
    if doubtful:
        why = "whose it is, its status or a modifier is unclear"
        said.append(f"{_counted(doubtful, 'record')} in the chart could not be relied on: {why}.")
    if records.unread:
        said.append(f"{_counted(len(records.unread), 'record')} in the chart could not be read.")
    return tuple(said)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
