"""Criteria: which answers to a question the chart and the order leave possible, and which variants fit.

A question has a small closed set of answers. A known fact leaves one, an open fact several. A number
that falls on a bound (exactly 1 cm) belongs to no answer, so every answer stays possible.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cds_service.guideline.chart import Chart, Choice, Evidence, Interval, Measure
from cds_service.guideline.content.topic_schema import GuidelineTopic, Question, Variant
from cds_service.guideline.order import Order


@dataclass(frozen=True, slots=True)
class Possible:
    """The answers still possible to one question.

    `on_the_bound`: the chart gives exactly the bound. `answered`: the clinician settled it on the
    order. `chart_differs`, `chart_evidence`: what the chart alone would have said, when the answer
    outranks it.
    """

    values: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()
    note: str = ""
    on_the_bound: bool = False
    answered: bool = False
    chart_differs: tuple[str, ...] = ()
    chart_evidence: tuple[Evidence, ...] = ()

    @property
    def open(self) -> bool:
        """More than one answer is possible."""
        return len(self.values) > 1


def possible_answers(name: str, question: Question, chart: Chart, order: Order) -> Possible:
    """Answers to a question about the chart: the order's own answer first, else what the fact leaves."""
    from_chart = _from_fact(question, chart)
    told = dict.fromkeys(order.answers.get(name, ()))  # said twice is said once: each would be a way
    answered = tuple(value for value in told if value in question.values)
    if not answered:
        return from_chart
    evidence = (Evidence(order.reference, _answer_text(question, answered)),)
    differs = () if set(answered) & set(from_chart.values) else from_chart.values
    grounds = from_chart.evidence if differs else ()
    return Possible(answered, evidence, answered=True, chart_differs=differs, chart_evidence=grounds)


def answers_in_words(topic: GuidelineTopic) -> Mapping[str, tuple[str, str]]:
    """Question and value by the text that an answer is written with, in lower case."""
    return {
        text.casefold(): (name, value)
        for name, question in topic.questions.items()
        for value, spec in question.values.items()
        for text in (spec.reason_text, spec.boundary_text)
        if text
    }


def fits(variant: Variant, way: Mapping[str, str]) -> bool:
    """True when every criterion of the variant holds in this way; what it does not name is no matter."""
    return all(way[question] in allowed for question, allowed in variant.criteria.items())


def _answer_text(question: Question, values: tuple[str, ...]) -> str:
    return " or ".join(question.values[value].reason_text for value in values)


def _from_fact(question: Question, chart: Chart) -> Possible:
    everything = tuple(question.values)
    match chart.facts.get(question.fact or ""):
        case Measure() as measure:
            values, on_the_bound = _by_interval(question, measure.interval)
            return Possible(values, measure.evidence, measure.note, on_the_bound)
        case Choice() as choice:
            left = set(choice.possible)
            values = tuple(v for v, spec in question.values.items() if not left.isdisjoint(spec.facts))
            return Possible(values or everything, choice.evidence, choice.note)
        case _:
            return Possible(everything)


def _by_interval(question: Question, interval: Interval) -> tuple[tuple[str, ...], bool]:
    """Answers that the interval touches; all of them when part of it lies on no answer's side."""
    spans = {name: spec.measure.span for name, spec in question.values.items() if spec.measure}
    inside = tuple(name for name, span in spans.items() if contains(span, interval))
    if inside:
        return inside, False
    bounds = {edge for span in spans.values() for edge in (span.low, span.high)}
    if any(_touches(interval, bound) for bound in bounds):
        return tuple(question.values), interval.value in bounds
    return tuple(name for name, span in spans.items() if span.overlaps(interval)), False


def contains(span: Interval, inner: Interval) -> bool:
    """All of `inner` lies within the open `span`."""
    low = inner.low > span.low or (inner.low == span.low and not inner.low_included)
    high = inner.high < span.high or (inner.high == span.high and not inner.high_included)
    return low and high


def _touches(interval: Interval, bound: float) -> bool:
    above = interval.low < bound or (interval.low == bound and interval.low_included)
    below = interval.high > bound or (interval.high == bound and interval.high_included)
    return above and below
