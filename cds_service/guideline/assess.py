"""Assess one draft order: try every way the open facts may fall and look whether they agree (design §4.3).

Pure: the same topic, chart and order give the same assessment.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from cards.vocabulary import Band, Rating, Verdict
from cds_service.guideline.asks import Asked, asks_of
from cds_service.guideline.chart import MRI_SINCE, YES, Chart
from cds_service.guideline.content.schema import Procedure
from cds_service.guideline.content.topic_schema import GuidelineTopic, Row, Variant
from cds_service.guideline.criteria import Possible, possible_answers
from cds_service.guideline.explaining import explained
from cds_service.guideline.finding import Finding
from cds_service.guideline.indication import Applies, applies, with_reasons
from cds_service.guideline.order import Order
from cds_service.guideline.ways import (
    PROCEDURE,
    Kind,
    Outcome,
    Told,
    Way,
    covering,
    is_characterized,
    told,
    ways_of,
)

Covered: TypeAlias = tuple[Way, tuple[Variant, ...]]  # a way, and the variants that hold in it


@dataclass(frozen=True, slots=True)
class Option:
    """Any study of the topic for this patient. `rating` only when every way gives the same band.

    `always_usual`: usually appropriate in every way that a variant covers, and some variant does.
    """

    procedure: str
    rating: Rating | None
    rows: tuple[Row, ...]
    always_usual: bool

    @property
    def medians(self) -> tuple[int, ...]:
        """Panel medians over the rows, low to high."""
        return medians(self.rows)


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the guideline says of one order, and why."""

    verdict: Verdict
    finding: Finding
    chart: Chart  # as the order's reasons leave it
    procedures: tuple[str, ...] = ()  # still possible after the order's answers
    rating: Rating | None = None
    rows: tuple[Row, ...] = ()  # every row that some way rests on
    asks: tuple[Asked, ...] = ()
    outcomes: frozenset[Outcome] = frozenset()
    options: tuple[Option, ...] = ()
    answers: Mapping[str, Possible] | None = None

    @property
    def medians(self) -> tuple[int, ...]:
        """Panel medians over the ways, low to high; one entry when there is one median."""
        return medians(self.rows)

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The variants behind the rows, in the topic's order."""
        return tuple({row.variant.number: row.variant for row in self.rows}.values())


def assess(
    topic: GuidelineTopic, catalogue: Mapping[str, Procedure], chart: Chart, order: Order
) -> Assessment:
    """The assessment of one order. `catalogue`: procedures by id."""
    procedures = _settle_procedure(topic, order)
    told_chart = with_reasons(chart, topic, order)
    scope = applies(topic, tuple(catalogue[p] for p in procedures), order, told_chart)
    scope_finding = Finding(scope.why, scope.holds)
    if scope.holds is not True:
        return _outside(scope_finding, told_chart, procedures)
    mri = told_chart.choice(MRI_SINCE)
    if mri is not None and mri.value == YES:
        found = Finding("an MRI without and with contrast followed the finding", True, mri.evidence)
        finding = Finding("the topic is over", True, parts=(scope_finding, found))
        answers = _possible(topic, told_chart, order)
        return Assessment(Verdict.AFTER_MRI, finding, told_chart, procedures, answers=answers)
    return _by_ways(topic, told_chart, order, procedures, scope)


def medians(rows: Sequence[Row]) -> tuple[int, ...]:
    """The distinct panel medians of these rows, low to high."""
    return tuple(sorted({row.rating.median for row in rows}))


def common_rating(rows: Sequence[Row]) -> Rating | None:
    """The rating these rows share; a panel's disagreement is kept only when every row has it."""
    ratings = {row.rating.rating for row in rows}
    if len({rating.band for rating in ratings}) != 1:
        return None
    return ratings.pop() if len(ratings) == 1 else Rating.MAY_BE_APPROPRIATE


def _outside(scope: Finding, chart: Chart, procedures: tuple[str, ...]) -> Assessment:
    finding = Finding("the topic applies to this order", scope.holds, parts=(scope,))
    return Assessment(Verdict.NOT_APPLICABLE, finding, chart, procedures)


def _settle_procedure(topic: GuidelineTopic, order: Order) -> tuple[str, ...]:
    """The studies still possible once the order's own answers (phase, tracer) are taken.

    An answer about another study, left over from an earlier draft, changes nothing.
    """
    possible = order.procedures
    for name, values in order.answers.items():
        question = topic.questions.get(name)
        if question is None:
            continue
        meant = {spec.procedure for value, spec in question.values.items() if value in values}
        possible = tuple(p for p in possible if p in meant) or possible
    return possible


def _possible(topic: GuidelineTopic, chart: Chart, order: Order) -> dict[str, Possible]:
    """The answers still possible to every question about the chart."""
    about_chart = ((name, question) for name, question in topic.questions.items() if question.fact)
    return {name: possible_answers(name, question, chart, order) for name, question in about_chart}


def _by_ways(
    topic: GuidelineTopic, chart: Chart, order: Order, procedures: tuple[str, ...], scope: Applies
) -> Assessment:
    possible = _possible(topic, chart, order)
    ways = ways_of({name: answer.values for name, answer in possible.items()})
    covered: Sequence[Covered] = tuple((way, covering(topic, way)) for way in ways)
    results = [
        ({**way, PROCEDURE: p}, told(p, variants, is_characterized(way)))
        for way, variants in covered
        for p in procedures
    ]
    outcomes = frozenset(result.outcome for _, result in results)
    rows = _distinct(result for _, result in results)
    verdict = _verdict(outcomes)
    return Assessment(
        verdict=verdict,
        finding=explained(topic, possible, covered, verdict, scope),
        chart=chart,
        procedures=procedures,
        rating=common_rating(rows) if verdict is Verdict.RATED else None,
        rows=rows,
        asks=asks_of(topic, possible, procedures, results) if verdict is Verdict.UNDETERMINED else (),
        outcomes=outcomes,
        options=_options(topic, covered),
        answers=possible,
    )


def _verdict(outcomes: frozenset[Outcome]) -> Verdict:
    if len(outcomes) > 1:
        return Verdict.UNDETERMINED
    (only,) = outcomes
    return {
        Kind.RATED: Verdict.RATED,
        Kind.NO_CRITERIA: Verdict.NO_CRITERIA,
        Kind.CONFLICT: Verdict.CONFLICTING,
        Kind.CHARACTERIZED: Verdict.NOT_APPLICABLE,
    }[only.kind]


def _distinct(results: Iterable[Told]) -> tuple[Row, ...]:
    rows = {(row.variant.number, row.rating.procedure): row for result in results for row in result.rows}
    return tuple(rows[key] for key in sorted(rows))


def _options(topic: GuidelineTopic, covered: Sequence[Covered]) -> tuple[Option, ...]:
    """Ways in which the same variants hold say the same of every study."""
    apart = {(is_characterized(way), tuple(v.number for v in held)): held for way, held in covered}
    held = tuple((variants, characterized) for (characterized, _), variants in apart.items())
    return tuple(_option(procedure, held) for procedure in topic.rated_procedures)


def _option(procedure: str, held: Sequence[tuple[tuple[Variant, ...], bool]]) -> Option:
    results = [told(procedure, variants, characterized) for variants, characterized in held]
    outcomes = {result.outcome for result in results}
    where_covered = {r.outcome for (variants, _), r in zip(held, results, strict=True) if variants}
    rows = _distinct(results)
    rated = len(outcomes) == 1 and results[0].outcome.kind is Kind.RATED
    usual = where_covered == {Outcome(Kind.RATED, Band.USUALLY)}
    return Option(procedure, common_rating(rows) if rated else None, rows, usual)
