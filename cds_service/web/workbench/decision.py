"""The decision about one order, as the page shows it beside the cards."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cards.vocabulary import Rating, Verdict
from cds_service.consultation import Judgement, OrderOutcome
from cds_service.guideline.assess import Assessment
from cds_service.guideline.content.library import Library
from cds_service.guideline.content.topic_schema import GuidelineTopic, Variant
from cds_service.guideline.ways import covering, ways_of
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
    cautions: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


def decisions_of(
    outcomes: Sequence[OrderOutcome], judged: Sequence[Judgement], library: Library
) -> tuple[Decision, ...]:
    """One per order that was looked at; what was judged comes with its reasons."""
    by_reference = {judgement[0].reference: judgement for judgement in judged}
    return tuple(
        _decision(outcome, by_reference[outcome.reference], library)
        if outcome.reference in by_reference and outcome.procedures
        else _not_judged(outcome, library)
        for outcome in outcomes
    )


def _decision(outcome: OrderOutcome, judgement: Judgement, library: Library) -> Decision:
    _, topic, assessment = judgement
    shown = _variants_shown(topic, assessment)
    ordered = assessment.procedures
    tables = tuple(VariantTable(one, rows_of(one, library.procedures, ordered)) for one in shown)
    answers = assessment.answers or {}
    return Decision(
        outcome.reference,
        study_words(assessment.procedures, library),
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
        outcome.cautions,
        outcome.why,
    )


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
    return rating.words[:1].upper() + rating.words[1:]


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
        return f"{scope.statement[:1].upper()}{scope.statement[1:]}."
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
