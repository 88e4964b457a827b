"""What came before: history for a suggested order, studies done lately, radiation already received."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from cards.advice import FactLine, History, Json, RatedStudy
from cards.vocabulary import SNOMED_CT, Coding
from cds_service.fhir.orders import DraftOrder
from cds_service.guideline.assess import Assessment
from cds_service.guideline.chart import Chart, Evidence, Measure
from cds_service.guideline.content.topic_schema import GuidelineTopic

LESION_OF_LIVER = "300331000"  # SNOMED CT; facts (k)
REASON_TYPES = ("Condition", "Observation", "DiagnosticReport")  # what FHIR lets a reason point at
REASONS = 4  # references on one order


def history_of(topic: GuidelineTopic, assessment: Assessment, draft: DraftOrder, text: str) -> History | None:
    """The indication in words (`text`) and what it rests on; None where there is nothing to suggest."""
    if not assessment.answers:
        return None
    named = any(reason.concepts & set(topic.applicability.reasons) for reason in draft.order.reasons)
    return History(text, tuple(_references(topic, assessment)), None if named else lesion_reason(text))


def lesion_reason(text: str) -> Json:
    """The lesion as a coded reason. `text`: what is known of it, in words."""
    coding = Coding(SNOMED_CT, LESION_OF_LIVER, "Liver lesion")
    return {"coding": [coding.to_json()], "text": text}


def with_done(studies: Iterable[RatedStudy], done: Mapping[str, Evidence]) -> tuple[RatedStudy, ...]:
    """The studies, those done lately marked with the day."""
    return tuple(
        replace(one, done=_done(done[one.study.id])) if one.study.id in done else one for one in studies
    )


def radiation_lines(chart: Chart) -> tuple[FactLine, ...]:
    """What the studies of the last 12 months sum to; nothing when there were none."""
    sum_of_studies = chart.facts.get("radiation_12_months")
    if not isinstance(sum_of_studies, Measure) or not sum_of_studies.evidence:
        return ()
    return (FactLine("Radiation, last 12 months", sum_of_studies.note),)


def _done(evidence: Evidence) -> str:
    return f"done on {evidence.day.isoformat()}" if evidence.day else "done lately"


def _references(topic: GuidelineTopic, assessment: Assessment) -> list[str]:
    """The entries behind the lesion and what is present besides it, each once."""
    answers = assessment.answers or {}
    lesion = assessment.chart.facts.get(topic.applicability.lesion_fact)
    present = [
        found for answer in answers.values() if answer.values == ("yes",) for found in answer.evidence[:1]
    ]
    rests_on = [*(lesion.evidence[:2] if lesion else ()), *present]
    names = dict.fromkeys(found.resource for found in rests_on)
    return [name for name in names if name.partition("/")[0] in REASON_TYPES and "#" not in name][:REASONS]
