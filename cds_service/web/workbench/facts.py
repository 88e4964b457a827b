"""The patient's facts as the decision used them: value, evidence, and whether what is open matters."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cards.caution_wording import capitalised
from cds_service.explanation import ChoiceShown, Explanation, MeasureShown
from cds_service.guideline.assess import Assessment
from cds_service.guideline.chart import LESION_SIZE, NO, Evidence, Measure
from cds_service.guideline.content.topic_schema import GuidelineTopic, Question
from cds_service.guideline.criteria import Possible
from cds_service.patient_lines import SOURCES, size_words

KNOWN: Final = "known"
ANSWERED: Final = "answered"
OPEN_MATTERS: Final = "matters"
OPEN_NO_MATTER: Final = "no matter"

BOUNDS: Final = {"below": "under", "at_most": "at most", "above": "over", "at_least": "at least"}
UNITS: Final = {
    "egfr": " mL/min/1.73 m²",
    "radiation_12_months": " mSv",
    "platelets": " ×10⁹/L",
}
LABELS: Final = {
    "egfr": "eGFR",
    "acute_kidney_injury": "Acute kidney injury",
    "dialysis": "Dialysis",
    "gadolinium_reaction": "Reaction to gadolinium",
    "iodinated_contrast_reaction": "Reaction to iodinated contrast",
    "ultrasound_contrast_reaction": "Reaction to ultrasound contrast",
    "implant": "Implant",
    "pregnancy": "Pregnancy",
    "platelets": "Platelets",
    "inr": "INR",
    "mri_since": "MRI without and with contrast since",
    "radiation_12_months": "Radiation in the last 12 months",
}


@dataclass(frozen=True, slots=True)
class Ground:
    """One piece of evidence. `where`: as a clinician calls it; `resource`: as FHIR does."""

    where: str
    resource: str
    text: str
    date: str = ""


@dataclass(frozen=True, slots=True)
class FactShown:
    """One fact. `standing`: KNOWN, ANSWERED, OPEN_MATTERS or OPEN_NO_MATTER."""

    label: str
    value: str
    standing: str
    grounds: tuple[Ground, ...] = ()
    note: str = ""


def judged_facts(topic: GuidelineTopic, assessment: Assessment) -> tuple[FactShown, ...]:
    """One per question that the topic asks of a chart."""
    asked = {ask.question for ask in assessment.asks}
    return tuple(
        FactShown(
            topic.questions[name].label or capitalised(topic.questions[name].subject),
            _value(topic.questions[name], answer, assessment),
            _standing(answer, name in asked),
            tuple(_ground(found) for found in answer.evidence),
            _note(topic.questions[name], answer),
        )
        for name, answer in (assessment.answers or {}).items()
    )


def other_facts(explanation: Explanation) -> Iterator[FactShown]:
    """What else was read from the chart, as far as the chart says anything about it."""
    for name, label in LABELS.items():
        fact: ChoiceShown | MeasureShown = getattr(explanation.chart, name)
        if not fact.evidence and fact.value in (None, NO, 0):
            continue
        grounds = tuple(Ground(_where(e.resource), e.resource, e.text, e.date or "") for e in fact.evidence)
        standing = OPEN_NO_MATTER if fact.value is None else KNOWN
        yield FactShown(label, _shown(name, fact), standing, grounds, fact.note or "")


def _value(question: Question, answer: Possible, assessment: Assessment) -> str:
    fact = assessment.chart.facts.get(question.fact or "")
    measured = isinstance(fact, Measure) and not fact.interval.unbounded and not answer.answered
    if question.fact == LESION_SIZE and isinstance(fact, Measure) and measured:
        return capitalised(size_words(fact.interval))
    if answer.values == (NO,) and not answer.evidence:
        return "None on the problem list"
    if answer.open and set(answer.values) == set(question.values):
        return "Not known"
    return " or ".join(question.values[value].label for value in answer.values)


def _standing(answer: Possible, asked: bool) -> str:
    if answer.answered:
        return ANSWERED
    if not answer.open:
        return KNOWN
    return OPEN_MATTERS if asked else OPEN_NO_MATTER


def _note(question: Question, answer: Possible) -> str:
    if answer.on_the_bound and question.boundary_wording:
        return question.boundary_wording
    if answer.chart_differs:
        labels = " or ".join(question.values[value].label for value in answer.chart_differs)
        return f"The chart says otherwise: {labels}. The answer on the order is used."
    return capitalised(answer.note)


def _ground(found: Evidence) -> Ground:
    day = found.day.isoformat() if found.day else ""
    return Ground(_where(found.resource), found.resource, found.text, day)


def _where(resource: str) -> str:
    return capitalised(SOURCES.get(resource.partition("/")[0], "chart"))


def _shown(name: str, fact: ChoiceShown | MeasureShown) -> str:
    if isinstance(fact, ChoiceShown):
        return capitalised(fact.value or " or ".join(fact.one_of or ("not known",)))
    bounds = ((words, getattr(fact, bound)) for bound, words in BOUNDS.items())
    said = [f"{words} {value:g}" for words, value in bounds if value is not None]
    number = f"{fact.value:g}" if fact.value is not None else ", ".join(said) or "not known"
    return number + (UNITS.get(name, "") if number != "not known" else "")
