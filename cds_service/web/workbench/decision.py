"""The decision about one order, as the page shows it beside the cards."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from cards.advice import Caution
from cards.caution_wording import capitalised
from cards.vocabulary import Rating, Verdict
from cds_service.consult import Desk
from cds_service.consultation import Consultation, Judgement, OrderOutcome
from cds_service.guideline.assess import Assessment
from cds_service.guideline.content.library import Library
from cds_service.guideline.content.topic_schema import GuidelineTopic, Variant
from cds_service.guideline.ways import covering, ways_of
from cds_service.patient_cautions import PatientCautions
from cds_service.web.rating_rows import ShownRow, rows_of, tone
from cds_service.web.topic_map import TopicMap, map_of
from cds_service.web.workbench.facts import FactShown, judged_facts
from cds_service.web.workbench.whatif import WhatIf, what_ifs

SHOWN_VARIANTS: Final = 2

SENTENCES: Final[Mapping[Verdict, str]] = {
    Verdict.UNDETERMINED: (
        "What is not known decides: the outcome differs with the answer, so nothing is rated without it."
    ),
    Verdict.CONFLICTING: "Two variants fit this patient and disagree about this study. Neither is picked.",
    Verdict.NO_CRITERIA: "The criteria rate no such study for such a patient: there is nothing to say.",
    Verdict.AFTER_MRI: (
        "The criteria cover the first work-up only, and an MRI without and with contrast has been done since."
    ),
    Verdict.UNREADABLE: "The order or the chart could not be used: nothing is said on such ground.",
}
HEADLINES: Final[Mapping[Verdict, str]] = {
    Verdict.UNDETERMINED: "It depends",
    Verdict.CONFLICTING: "Two variants disagree",
    Verdict.NO_CRITERIA: "No criterion applies",
    Verdict.NOT_APPLICABLE: "Not about this topic",
    Verdict.AFTER_MRI: "The first work-up is over",
    Verdict.UNREADABLE: "Not read",
}
UNKNOWN_STUDY: Final = "A study that the service does not know"


@dataclass(frozen=True, slots=True)
class Reasoned:
    """Why a variant rates the ordered study as it does. `source` "": nothing is held, and it says so."""

    variant: Variant
    rating: Rating
    median: int
    strength: str
    tone: str
    rationale: str
    source: str


@dataclass(frozen=True, slots=True)
class VariantTable:
    """One variant and the picture of its ratings."""

    variant: Variant
    rows: tuple[ShownRow, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """One order. `reference`: of the draft; `steps`: every step of the reasoning, one line each."""

    reference: str
    study: str
    headline: str
    tone: str
    medians: tuple[int, ...]
    sentence: str
    topic: GuidelineTopic | None
    reasoned: tuple[Reasoned, ...] = ()
    facts: tuple[FactShown, ...] = ()
    what_ifs: tuple[WhatIf, ...] = ()
    tables: tuple[VariantTable, ...] = ()
    map: TopicMap | None = None
    cautions: tuple[Caution, ...] = ()
    steps: tuple[str, ...] = ()

    @property
    def withdrawn(self) -> bool:
        """The rating stands, but the study is not recommended for this patient."""
        return any(caution.withdraws for caution in self.cautions)


def decisions_of(told: Consultation, desk: Desk, today: date) -> tuple[Decision, ...]:
    """One per order that was looked at; what was judged comes with its reasons."""
    judged = {judgement[0].reference: judgement for judgement in told.judged}
    return tuple(
        _decision(outcome, judged[outcome.reference], desk, today)
        if outcome.reference in judged and outcome.procedures
        else _not_judged(outcome, desk.library)
        for outcome in told.orders
    )


def _decision(outcome: OrderOutcome, judgement: Judgement, desk: Desk, today: date) -> Decision:
    _, topic, assessment = judgement
    library, ordered = desk.library, assessment.procedures
    shown = _variants_shown(topic, assessment)
    tables = tuple(VariantTable(one, rows_of(one, library.procedures, ordered)) for one in shown)
    answers = assessment.answers or {}
    return Decision(
        outcome.reference,
        study_words(ordered, library),
        headline(assessment.verdict, assessment.rating),
        tone(assessment.rating),
        assessment.medians if assessment.verdict is Verdict.RATED else (),
        _sentence(assessment, tables),
        topic,
        tuple(_reasoned(assessment)),
        judged_facts(topic, assessment),
        tuple(what_ifs(judgement, library.procedures)),
        tables,
        map_of(topic, {name: answer.values for name, answer in answers.items()}),
        _cautions(outcome, assessment, desk, today),
        outcome.why,
    )


def _cautions(outcome: OrderOutcome, assessment: Assessment, desk: Desk, today: date) -> tuple[Caution, ...]:
    """Those that the answer counts for the ordered study, as a card words them."""
    max_age_days = {"egfr": desk.egfr_max_age_days}
    patient = PatientCautions(desk.library, assessment.chart, today, max_age_days)
    found = patient.cards(patient.about(assessment.procedures))
    return tuple(caution for caution in found if caution.code in outcome.cautions)


def _not_judged(outcome: OrderOutcome, library: Library) -> Decision:
    known = study_words(outcome.procedures, library)
    sentence = SENTENCES.get(outcome.verdict, "The service says nothing about studies outside its catalogue.")
    return Decision(
        outcome.reference,
        known or UNKNOWN_STUDY,
        headline(outcome.verdict, None),
        "open",
        (),
        sentence,
        None,
        steps=outcome.why,
    )


def headline(verdict: Verdict, rating: Rating | None) -> str:
    """A few words that say what came out."""
    if rating is None:
        return HEADLINES[verdict]
    return capitalised(rating.words)


def study_words(procedures: Sequence[str], library: Library) -> str:
    """The studies that an order may mean."""
    return " or ".join(library.procedures[name].title for name in procedures)


def _variants_shown(topic: GuidelineTopic, assessment: Assessment) -> tuple[Variant, ...]:
    """Those behind the rating; without one, those that cover the patient all the same."""
    if assessment.variants:
        return assessment.variants
    if assessment.answers is None or assessment.verdict is Verdict.NOT_APPLICABLE:
        return ()
    ways = ways_of({name: answer.values for name, answer in assessment.answers.items()})
    found = {variant.number: variant for way in ways for variant in covering(topic, way)}
    return tuple(found[number] for number in sorted(found))[:SHOWN_VARIANTS]


def _sentence(assessment: Assessment, tables: Sequence[VariantTable]) -> str:
    if assessment.verdict is Verdict.NOT_APPLICABLE:
        scope = assessment.finding.parts[0] if assessment.finding.parts else assessment.finding
        return f"{capitalised(scope.statement)}."
    if assessment.verdict is Verdict.NO_CRITERIA and tables:
        numbers = " and ".join(str(table.variant.number) for table in tables)
        return (
            f"Variant {numbers} covers this patient and does not rate this study: nothing is said about it."
        )
    return SENTENCES.get(assessment.verdict, "")


def _reasoned(assessment: Assessment) -> Iterator[Reasoned]:
    for row in assessment.rows:
        rating = row.rating
        yield Reasoned(
            row.variant,
            rating.rating,
            rating.median,
            rating.strength,
            tone(rating.rating),
            rating.rationale,
            rating.rationale_source or "",
        )
