"""A vignette through the pure core: its stated facts and order, without any FHIR."""

from collections.abc import Mapping, Sequence

from cards.vocabulary import Verdict
from cds_service.guideline.assess import Assessment, assess
from cds_service.guideline.cautions import Concerns, concerns_of
from cds_service.guideline.chart import (
    CAUTION_FACTS,
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
    Searched,
)
from cds_service.guideline.content.library import Library
from cds_service.guideline.content.topic_schema import GuidelineTopic
from cds_service.guideline.order import Order, Reason
from cds_service.vignettes.case import Bound, Case, Dated, Expect, FactValue
from cds_service.vignettes.scene import REFERENCE_DAY

UNKNOWN = "unknown"
RADIATION_HISTORY = "radiation-history"  # told by the chart's studies, of which the pure core knows nothing
LESIONS = ("indeterminate", "characterized", "none")


def core_assessment(case: Case, library: Library, topic: GuidelineTopic) -> Assessment:
    """What the guideline says of the case as it is stated."""
    return assess(topic, library.procedures, core_chart(case), _order(case))


def core_chart(case: Case) -> Chart:
    """The case's stated facts."""
    facts = {name: _fact(name, value) for name, value in case.facts.items()}
    return Chart(facts=facts, age=case.patient.age, sex=case.patient.sex)


def core_concerns(case: Case, library: Library, *procedures: str) -> Concerns:
    """What bears on a study by the case's stated facts."""
    studies = [library.procedures[name] for name in procedures]
    return concerns_of(studies, library.cautions, core_chart(case), REFERENCE_DAY) if studies else Concerns()


def core_cautions(case: Case, library: Library, found: Assessment) -> list[str]:
    """The caution codes that concern the ordered study."""
    in_scope = found.verdict is not Verdict.NOT_APPLICABLE
    concerns = core_concerns(case, library, *(found.procedures if in_scope else ()))
    return [caution.code for caution in concerns.cautions]


def core_differences(case: Case, library: Library, topic: GuidelineTopic) -> list[str]:
    """One line per difference between the pure core's assessment and what the case expects."""
    if case.expect.refused:
        return []  # what is refused for want of a chart never reaches the core
    found = core_assessment(case, library, topic)
    asks = tuple(asked.question for asked in found.asks)
    variants = tuple(variant.number for variant in found.variants)
    cautions = core_cautions(case, library, found)
    cautions += [code for code in case.expect.cautions if code == RADIATION_HISTORY]
    return [
        *outcome_differences(
            case.expect, found.verdict, variants, found.rating, found.medians, asks, cautions
        ),
        *_offer_differences(case.expect, found),
    ]


def outcome_differences(
    expect: Expect,
    verdict: object,
    variants: Sequence[int],
    rating: object,
    medians: Sequence[int],
    asks: Sequence[str],
    cautions: Sequence[str],
) -> list[str]:
    """What any way of running a case can be compared by."""
    lines = [
        difference("verdict", expect.verdict, verdict),
        difference("rating", expect.rating, rating),
        difference("asks", sorted(expect.asks), sorted(asks)),
        difference("cautions", sorted(expect.cautions), sorted(cautions)),
    ]
    if expect.variants is not None:
        lines.append(difference("variants", list(expect.variants), list(variants)))
    if expect.medians is not None:
        lines.append(difference("medians", list(expect.medians), list(medians)))
    return [line for line in lines if line]


def difference(what: str, expected: object, found: object) -> str:
    """One line, or "" when there is none."""
    return "" if expected == found else f"{what}: expected {_shown(expected)}, found {_shown(found)}"


def _shown(value: object) -> str:
    return str(getattr(value, "value", value))


def _offer_differences(expect: Expect, found: Assessment) -> list[str]:
    if expect.offers is None:
        return []
    offered = [
        tuple(f"{asked.question}.{value}" for value in answer.values)
        for asked in found.asks
        for answer in asked.answers
    ]
    line = difference("offers", sorted(map(sorted, expect.offers)), sorted(map(sorted, offered)))
    return [line] if line else []


def _order(case: Case) -> Order:
    reasons = tuple(Reason(reason.text or "", frozenset(reason.means)) for reason in case.reasons)
    answers: dict[str, tuple[str, ...]] = {}
    for codes in case.answers:
        answers.update(_answered(codes))  # a later answer to a question replaces the earlier one
    return Order("ServiceRequest/vignette", case.order.study, reasons, answers)


def _answered(codes: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    question = codes[0].partition(".")[0]
    return {question: tuple(code.partition(".")[2] for code in codes)}


def _fact(name: str, value: FactValue) -> Fact:
    if isinstance(value, Bound):
        return Measure(_interval(value))
    if isinstance(value, Dated):
        return Measure(Interval.point(value.value), (Evidence("Observation/stated", "", value.day),))
    if isinstance(value, float | int):
        return Measure(Interval.point(float(value)))
    if value == UNKNOWN:
        return _unknown(name)
    if isinstance(value, str):
        return Choice((value,))
    # A caution fact that is stated as open is one that something in the chart speaks of.
    spoken_of = (Evidence("Observation/stated", ""),) if name in CAUTION_FACTS else ()
    return Choice(value, spoken_of)


def _interval(bound: Bound) -> Interval:
    known = Interval()
    low = bound.above if bound.at_least is None else bound.at_least
    high = bound.below if bound.at_most is None else bound.at_most
    return Interval(
        known.low if low is None else low,
        known.high if high is None else high,
        bound.at_least is not None,
        bound.at_most is not None,
    )


def _unknown(name: str) -> Fact:
    if name.endswith("_mm") or CAUTION_FACTS.get(name, ()) is None:
        return Measure()
    every = {LIVER_LESION: LESIONS, INITIAL_IMAGING: IMAGING_KINDS, **CAUTION_FACTS}.get(name) or (YES, NO)
    return Choice(every, searched=Searched.CUT_SHORT)
