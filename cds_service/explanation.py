"""What `liver-cds explain --json` prints: one consultation as data, with the JSON Schema of that shape.

Members are left out where there is nothing to say, except `value` and `evidence` of a fact and the
first members of an order, which are always there. Lengths are in mm, eGFR in mL/min/1.73 m2.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from cards.vocabulary import Rating, Verdict
from cds_service.consultation import Consultation, OrderOutcome
from cds_service.fhir.facts.lesion import EVERY
from cds_service.fhir.facts.reactions import AGENTS, DEGREES
from cds_service.guideline.chart import (
    IMAGING_KINDS,
    INITIAL_IMAGING,
    LIVER_LESION,
    NO,
    YES,
    Chart,
    Choice,
    Evidence,
    Fact,
    Interval,
    Measure,
)

YES_NO: Final = frozenset((YES, NO))
# Facts that fall otherwise than yes or no. An open fact is narrowed when some of these are ruled out.
EVERY_VALUE: Final[Mapping[str, frozenset[str]]] = {
    LIVER_LESION: frozenset(EVERY),
    INITIAL_IMAGING: frozenset(IMAGING_KINDS),
    **dict.fromkeys(AGENTS, frozenset((NO, *DEGREES))),
}


class Shape(BaseModel):
    """Base of every part: nothing but the members stated here."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EvidenceShown(Shape):
    """What a fact rests on: which resource, of what day, in whose words. Chart text, unescaped."""

    resource: str
    date: str | SkipJsonSchema[None] = None
    text: str


class ChoiceShown(Shape):
    """A fact with a closed set of values; null = open, `one_of` = open between these."""

    value: str | None
    one_of: list[str] | SkipJsonSchema[None] = None
    evidence: list[EvidenceShown]
    note: str | SkipJsonSchema[None] = None


class MeasureShown(Shape):
    """A fact that is a number; null = open, with the bounds that are known."""

    value: float | None
    below: float | SkipJsonSchema[None] = None
    at_most: float | SkipJsonSchema[None] = None
    above: float | SkipJsonSchema[None] = None
    at_least: float | SkipJsonSchema[None] = None
    evidence: list[EvidenceShown]
    note: str | SkipJsonSchema[None] = None


class ChartShown(Shape):
    """The patient's facts by name. When no order needed the chart, every fact is open."""

    liver_lesion: ChoiceShown
    lesion_size_mm: MeasureShown
    initial_imaging: ChoiceShown
    extrahepatic_malignancy: ChoiceShown
    chronic_liver_disease: ChoiceShown
    egfr: MeasureShown
    acute_kidney_injury: ChoiceShown
    dialysis: ChoiceShown
    gadolinium_reaction: ChoiceShown
    iodinated_contrast_reaction: ChoiceShown
    ultrasound_contrast_reaction: ChoiceShown
    implant: ChoiceShown
    pregnancy: ChoiceShown
    platelets: MeasureShown
    inr: MeasureShown
    mri_since: ChoiceShown
    radiation_12_months: MeasureShown


class MedianRange(Shape):
    """Lowest and highest panel median (1-9) over the variants that are still possible."""

    low: int
    high: int


class OrderShown(Shape):
    """What became of one draft order. `asks`: questions whose answers change the outcome."""

    order: str
    procedure: str | None
    procedure_one_of: list[str] | SkipJsonSchema[None] = None
    verdict: Verdict
    variants: list[int]
    rating: Rating | None
    median: int | None
    median_range: MedianRange | SkipJsonSchema[None] = None
    asks: list[str]
    cautions: list[str]
    why: list[str]


class Explanation(Shape):
    """One hook request, explained. `response`: the body that the service answers over HTTP."""

    revision: str
    hook: str
    chart: ChartShown
    orders: list[OrderShown]
    response: dict[str, Any] = Field(description="CDS Hooks 2.0.1 response")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, without the members that were never set."""
        return self.model_dump(mode="json", exclude_unset=True)


def explain(consultation: Consultation) -> Explanation:
    """The explanation of a consultation."""
    return Explanation(
        revision=consultation.revision,
        hook=consultation.hook,
        chart=_chart(consultation.chart),
        orders=[_order(outcome) for outcome in consultation.orders],
        response=dict(consultation.response),
    )


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of what `to_json` gives."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Explanation.model_json_schema(mode="serialization"),
    }


def _chart(chart: Chart | None) -> ChartShown:
    facts = {} if chart is None or chart.unusable else chart.facts
    return ChartShown.model_validate({name: _fact(name, facts) for name in ChartShown.model_fields})


def _fact(name: str, facts: Mapping[str, Fact]) -> dict[str, Any]:
    match facts.get(name):
        case Choice() as choice:
            stated = {**_narrowed(name, choice), **_grounds(choice)}
        case Measure() as measure:
            stated = {**_bounds(measure.interval), **_grounds(measure)}
        case None:
            stated = {"value": None, "evidence": []}
    return stated


def _narrowed(name: str, choice: Choice) -> dict[str, Any]:
    open_between = choice.value is None and set(choice.possible) != EVERY_VALUE.get(name, YES_NO)
    return {"value": choice.value, **({"one_of": list(choice.possible)} if open_between else {})}


def _bounds(interval: Interval) -> dict[str, Any]:
    if interval.value is not None or interval.unbounded:
        return {"value": interval.value}
    bounds: dict[str, Any] = {"value": None}
    if interval.low != float("-inf"):
        bounds["at_least" if interval.low_included else "above"] = interval.low
    if interval.high != float("inf"):
        bounds["at_most" if interval.high_included else "below"] = interval.high
    return bounds


def _grounds(fact: Fact) -> dict[str, Any]:
    evidence = [_evidence(found) for found in fact.evidence]
    return {"evidence": evidence, **({"note": fact.note} if fact.note else {})}


def _evidence(found: Evidence) -> dict[str, str]:
    dated = {"date": found.day.isoformat()} if found.day else {}
    return {"resource": found.resource, **dated, "text": found.text}


def _order(outcome: OrderOutcome) -> OrderShown:
    several = len(outcome.procedures) > 1
    medians = outcome.medians
    return OrderShown.model_validate(
        {
            "order": outcome.reference,
            "procedure": None if several or not outcome.procedures else outcome.procedures[0],
            **({"procedure_one_of": list(outcome.procedures)} if several else {}),
            "verdict": outcome.verdict,
            "variants": list(outcome.variants),
            "rating": outcome.rating,
            "median": medians[0] if len(medians) == 1 else None,
            **({"median_range": {"low": medians[0], "high": medians[-1]}} if len(medians) > 1 else {}),
            "asks": list(outcome.asks),
            "cautions": list(outcome.cautions),
            "why": list(outcome.why),
        }
    )
