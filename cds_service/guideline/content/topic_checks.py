"""Checks of one topic against the rest of the content: its questions, variants, rating rows and status.
Each check yields (path in the topic's file, what is wrong and what to do)."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from cards.vocabulary import Band, Rating
from cds_service.guideline.chart import QUESTION_FACTS
from cds_service.guideline.content.checks import Finding, duplicates, unknown_name
from cds_service.guideline.content.question_checks import question_findings
from cds_service.guideline.content.schema import LevelRange, Procedure
from cds_service.guideline.content.strict_yaml import Path
from cds_service.guideline.content.topic_schema import GuidelineTopic, Question, RatingRow, Variant

_MEDIANS = {Band.USUALLY: (7, 9), Band.MAY_BE: (4, 6), Band.USUALLY_NOT: (1, 3)}
_DISAGREEMENT_MEDIAN = 5  # what the publisher reports when the panel's votes are too dispersed
_VARIES = "Varies"
_NO_RADIATION = "O"
# A capital must follow, or "e.g. a cyst" and "1.5 cm" would pass for two sentences.
_SENTENCE_BREAK = re.compile(r"[.?!][\"')\]]*\s+[\"'(\[]*[A-Z]")


@dataclass(frozen=True, slots=True)
class Names:
    """What a topic may refer to."""

    concepts: Collection[str]
    procedures: Mapping[str, Procedure]
    radiation_scale: Mapping[str, LevelRange]


def topic_findings(topic: GuidelineTopic, names: Names) -> Iterator[Finding]:
    """Everything wrong with a topic that its own shape allows."""
    yield from _status_findings(topic)
    yield from _applicability_findings(topic, names)
    for name, question in topic.questions.items():
        yield from question_findings(("questions", name), question, names.procedures)
    yield from _variants_findings(topic)
    for i, variant in enumerate(topic.variants):
        yield from _criteria_findings(("variants", i, "criteria"), variant, topic)
        for j, row in enumerate(variant.ratings):
            yield from _row_findings(("variants", i, "ratings", j), row, topic, names)
        yield from _locator_findings(("variants", i), variant)
    yield from _after_mri_findings(topic)


def _status_findings(topic: GuidelineTopic) -> Iterator[Finding]:
    """An active topic is one that somebody answers for. Whether review is overdue needs a clock: not here."""
    if topic.reviewed_on and topic.review_by and topic.review_by <= topic.reviewed_on:
        yield ("review_by",), "is not after reviewed_on, correct one of them"
    if topic.status != "active":
        return
    if topic.licence.state != "obtained":
        yield (
            ("licence", "state"),
            "an active topic needs its publisher's licence, get it or change status",
        )
    for key in ("reviewer", "reviewed_on", "review_by"):
        if getattr(topic, key) is None:
            yield (key,), f"an active topic needs its {key}, give it or change status"


def _applicability_findings(topic: GuidelineTopic, names: Names) -> Iterator[Finding]:
    applies = topic.applicability
    for key, listed in (("reasons", applies.reasons), ("biopsy_reasons", applies.biopsy_reasons)):
        for i, concept in enumerate(listed):
            if concept not in names.concepts:
                yield ("applicability", key, i), unknown_name("concept", concept, names.concepts)
    if applies.lesion_fact not in QUESTION_FACTS:
        yield ("applicability", "lesion_fact"), unknown_name("fact", applies.lesion_fact, QUESTION_FACTS)


def _variants_findings(topic: GuidelineTopic) -> Iterator[Finding]:
    variants = topic.variants
    if not variants:
        yield ("variants",), "the topic has no variants, give at least one"
    for i in duplicates(v.number for v in variants):
        yield ("variants", i, "number"), f"variant {variants[i].number} stands here twice, number them apart"
    criteria = [
        frozenset((name, frozenset(v)) for name, v in variant.criteria.items()) for variant in variants
    ]
    for i in duplicates(criteria):
        other = variants[criteria.index(criteria[i])].number
        yield ("variants", i, "criteria"), f"are those of variant {other} as well, correct one of them"
    for i, variant in enumerate(variants):
        if not variant.ratings:
            yield ("variants", i, "ratings"), "the variant has no ratings, give its rows"
        for j in duplicates(row.procedure for row in variant.ratings):
            path = ("variants", i, "ratings", j, "procedure")
            yield path, f"{variant.ratings[j].procedure} is rated twice in this variant, remove one row"


def _locator_findings(here: Path, variant: Variant) -> Iterator[Finding]:
    """A locator is how a reader finds the row in the source: it names this variant, and one row only."""
    own = re.compile(rf"\bvariant {variant.number}\b", re.IGNORECASE)
    rows = [((*here, "ratings", i, "locator"), row.locator) for i, row in enumerate(variant.ratings)]
    for path, locator in (((*here, "locator"), variant.locator), *rows):
        if not own.search(locator):
            yield path, f"{locator!r} does not name variant {variant.number}, correct it"
    for i in duplicates(locator for _, locator in rows):
        path, locator = rows[i]
        yield path, f"{locator!r} is the locator of another row as well, correct one of them"


def _criteria_findings(here: Path, variant: Variant, topic: GuidelineTopic) -> Iterator[Finding]:
    if not variant.criteria:
        yield here, "the variant has no criteria and would cover everyone, give them"
    for name, values in variant.criteria.items():
        question = topic.questions.get(name)
        if question is None:
            yield (*here, name), unknown_name("question", name, topic.questions)
        elif question.fact is None:
            yield (*here, name), "is a question about the ordered study, not about the patient: remove it"
        else:
            yield from _answers_findings((*here, name), values, question)


def _answers_findings(here: Path, values: tuple[str, ...], question: Question) -> Iterator[Finding]:
    if not values:
        yield here, "names no answer and could never hold, give the answers that fit"
    for i, value in enumerate(values):
        if value not in question.values:
            yield (*here, i), unknown_name("answer", value, question.values)


def _row_findings(here: Path, row: RatingRow, topic: GuidelineTopic, names: Names) -> Iterator[Finding]:
    procedure = names.procedures.get(row.procedure)
    if procedure is None:
        yield (*here, "procedure"), unknown_name("procedure", row.procedure, names.procedures)
    yield from _median_findings((*here, "median"), row)
    for key, printed in (("adult", row.adult_radiation), ("pediatric", row.pediatric_radiation)):
        if printed is not None:
            yield from _radiation_findings((*here, f"{key}_radiation"), key, printed, procedure, names)
    unexplained = row.rationale == topic.no_rationale
    if unexplained and row.rationale_source is not None:
        yield (*here, "rationale_source"), "a row without a rationale has no source for it, write null"
    if not unexplained and row.rationale_source is None:
        yield (*here, "rationale_source"), "is missing: name it, or use the sentence under no_rationale"
    yield from _sentence_findings((*here, "rationale"), row.rationale)


def _sentence_findings(here: Path, text: str) -> Iterator[Finding]:
    """Cards join rationales to other sentences, so each is exactly one."""
    if not text.endswith("."):
        yield here, "does not end with a full stop, write one whole sentence"
    if _SENTENCE_BREAK.search(text):
        yield here, "holds more than one sentence, make it one"


def _after_mri_findings(topic: GuidelineTopic) -> Iterator[Finding]:
    """Advice that is not the publisher's names its source and says which patients that source is about."""
    for key in ("after_mri_source", "after_mri_scope"):
        if topic.after_mri and not getattr(topic, key):
            yield (key,), "is missing, and after_mri needs it: add it"


def _median_findings(here: Path, row: RatingRow) -> Iterator[Finding]:
    low, high = _MEDIANS[row.rating.band]
    if row.rating is Rating.MAY_BE_APPROPRIATE_DISAGREEMENT:
        low = high = _DISAGREEMENT_MEDIAN
    if not low <= row.median <= high:
        span = str(low) if low == high else f"{low} to {high}"
        yield here, f"{row.median} does not go with {row.rating.value} ({span}), correct one of the two"


def _radiation_findings(
    here: Path, age_group: str, printed: str, procedure: Procedure | None, names: Names
) -> Iterator[Finding]:
    level, _, dose = printed.partition(" ")
    on_scale = names.radiation_scale.get(level)
    if level != _VARIES and on_scale is None:
        yield here, unknown_name("radiation level", level, (*names.radiation_scale, _VARIES))
        return
    expected = "" if on_scale is None else _dose(on_scale, age_group)
    if dose != expected:
        yield here, f'does not give the scale\'s dose, write "{" ".join(filter(None, (level, expected)))}"'
    kinds = {_VARIES: "varies", _NO_RADIATION: "none"}
    if procedure is not None and kinds.get(level, "ionizing") != procedure.radiation:
        yield here, f"{level} does not go with the procedure's radiation: {procedure.radiation}, correct one"


def _dose(on_scale: LevelRange, age_group: str) -> str:
    """The scale's dose with its unit, whether or not the scale itself prints the unit."""
    return f"{getattr(on_scale, age_group).removesuffix('mSv').strip()} mSv"
