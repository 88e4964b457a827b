"""Assess one draft order: try every way the open facts may fall and look whether they agree (design §4.3).

Pure: the same topic, chart and order give the same assessment.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cards.vocabulary import Rating, Verdict
from cds_service.guideline.asks import Asked
from cds_service.guideline.chart import MRI_SINCE, YES, Chart
from cds_service.guideline.content.schema import Procedure
from cds_service.guideline.content.topic_schema import GuidelineTopic, Row, Variant
from cds_service.guideline.criteria import Possible, possible_answers
from cds_service.guideline.explaining import explained
from cds_service.guideline.finding import Finding
from cds_service.guideline.indication import Applies, applies, with_reasons
from cds_service.guideline.order import Order
from cds_service.guideline.reach import Option, medians, reached
from cds_service.guideline.ways import Left, Outcome


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
    left = tuple(Left(name, answer.values, answer.on_the_bound) for name, answer in possible.items())
    found = reached(topic, procedures, left)
    return Assessment(
        verdict=found.verdict,
        finding=explained(topic, possible, found, scope),
        chart=chart,
        procedures=procedures,
        rating=found.rating,
        rows=found.rows,
        asks=found.asks,
        outcomes=found.outcomes,
        options=found.options,
        answers=possible,
    )
