"""Why the order was drafted: what its reasons say of the lesion, and whether the topic applies."""

from dataclasses import dataclass, replace
from enum import StrEnum

from cds_service.guideline.chart import LESION_SIZE, Chart, Choice, Evidence, Measure, Searched
from cds_service.guideline.content.schema import Procedure
from cds_service.guideline.content.topic_schema import Applicability, GuidelineTopic
from cds_service.guideline.order import Order, Reason

INDETERMINATE = "indeterminate"
CHARACTERIZED = "characterized"
NONE = "none"
LIVER_MALIGNANCY = "liver_malignancy"  # an active liver cancer or metastasis is on the problem list


class Indication(StrEnum):
    """What the reasons of an order amount to, whatever the chart holds."""

    LESION = "names-liver-lesion"
    LIVER = "asks-about-liver"
    OTHER = "another-reason"
    NONE = "no-reason"
    UNREADABLE = "reference-not-readable"


@dataclass(frozen=True, slots=True)
class Applies:
    """`holds`: yes, no, or None when the chart that would tell was not to be had. `why`: one sentence."""

    holds: bool | None
    why: str


def applies(topic: GuidelineTopic, procedures: tuple[Procedure, ...], order: Order, chart: Chart) -> Applies:
    """Is this order about the topic's lesion? `procedures`: the studies the order may mean."""
    if not procedures:
        return Applies(False, "the ordered study is not in the catalogue")
    minimum = topic.applicability.minimum_age
    if chart.age is not None and chart.age < minimum:
        return Applies(False, f"the patient is under {minimum}; the encoding is for adults")
    if any(_names_lesion(reason, topic.applicability) for reason in order.reasons):
        return Applies(True, "a reason on the order names a liver lesion")
    if not order.reasons:
        return _by_chart(chart, topic, "the order gives no reason")
    if _is_biopsy_for_cancer(topic, procedures, order):
        return _by_chart(chart, topic, "the biopsy's only reasons are malignancies")
    if any(reason.sought & set(topic.applicability.reasons) for reason in order.reasons):
        return _by_chart(chart, topic, "the order asks about the liver")
    if not all(reason.readable for reason in order.reasons):
        return Applies(False, "the order's reason is a reference that could not be read")
    return Applies(False, "the order has another reason")


def stated_indication(topic: GuidelineTopic, order: Order) -> Indication:
    """What the order itself says it is for."""
    if not order.reasons:
        return Indication.NONE
    if any(_names_lesion(reason, topic.applicability) for reason in order.reasons):
        return Indication.LESION
    if any(reason.sought & set(topic.applicability.reasons) for reason in order.reasons):
        return Indication.LIVER
    readable = all(reason.readable for reason in order.reasons)
    return Indication.OTHER if readable else Indication.UNREADABLE


def with_reasons(chart: Chart, topic: GuidelineTopic, order: Order) -> Chart:
    """The chart with the lesion fact as the order's reasons leave it.

    Reasons carry no date of their own. One that names an undiagnosed lesion does not undo an active
    liver cancer on the problem list, but leaves open whether an older benign finding is the lesion meant.
    """
    chart = _with_stated_size(chart, order)
    stated = _stated(order, topic.applicability)
    if not stated:
        return chart
    fact = chart.choice(topic.applicability.lesion_fact)
    if fact and NONE in fact.possible and not fact.evidence:
        fact = None  # nothing found, or not all searched: nothing that could speak against the order
    recorded = frozenset(fact.possible) if fact else frozenset({NONE})
    possible = _merged(stated, recorded - {NONE}, _has_liver_malignancy(chart))
    evidence = (fact.evidence if fact and recorded != {NONE} else ()) + _evidence(order, topic.applicability)
    note = fact.note if fact else ""
    if len(possible) > 1 and not note:
        note = "the order's reason and the chart do not say whether the lesion already has a diagnosis"
    merged = Choice(tuple(sorted(possible, reverse=True)), evidence, Searched.COMPLETE, note)
    return replace(chart, facts={**chart.facts, topic.applicability.lesion_fact: merged})


def _with_stated_size(chart: Chart, order: Order) -> Chart:
    """A size in the order's own words counts where the chart has none; where they differ, either may hold."""
    if order.stated_size is None:
        return chart
    own = Evidence(order.reference, order.size_words)
    measured = chart.facts.get(LESION_SIZE)
    size = Measure(order.stated_size, (own,))
    if isinstance(measured, Measure) and not measured.interval.unbounded:
        if measured.interval.overlaps(order.stated_size):
            return chart
        either = measured.interval.hull(order.stated_size)
        size = Measure(either, (own, *measured.evidence), note="the order and the chart give different sizes")
    return replace(chart, facts={**chart.facts, LESION_SIZE: size})


def _merged(stated: frozenset[str], recorded: frozenset[str], liver_malignancy: bool) -> frozenset[str]:
    """`stated`, `recorded`: sets over {indeterminate, characterized}; two entries = open, none = silent."""
    if not recorded:
        return stated
    if stated == {INDETERMINATE} and recorded == {CHARACTERIZED}:
        return recorded if liver_malignancy else stated | recorded
    if len(stated) > 1:  # the reasons leave it open: the chart may tell
        return recorded
    return stated | recorded if stated != recorded else recorded


def _stated(order: Order, topic: Applicability) -> frozenset[str]:
    said: set[str] = set()
    for reason in order.reasons:
        named = reason.concepts & set(topic.reasons)
        if not named:
            continue
        if named & set(topic.characterized):
            said.add(CHARACTERIZED)
        elif named <= set(topic.unspecific):
            said |= {INDETERMINATE, CHARACTERIZED}
        else:
            said.add(INDETERMINATE)
    return frozenset(said)


def _evidence(order: Order, topic: Applicability) -> tuple[Evidence, ...]:
    naming = (reason for reason in order.reasons if _names_lesion(reason, topic))
    return tuple(Evidence(order.reference, reason.text) for reason in naming)


def _names_lesion(reason: Reason, topic: Applicability) -> bool:
    return bool(reason.concepts & set(topic.reasons))


def _has_liver_malignancy(chart: Chart) -> bool:
    fact = chart.choice(LIVER_MALIGNANCY)
    return fact is not None and fact.value == "yes"


def _is_biopsy_for_cancer(topic: GuidelineTopic, procedures: tuple[Procedure, ...], order: Order) -> bool:
    cancers = set(topic.applicability.biopsy_reasons)
    return all(p.liver_biopsy for p in procedures) and all(r.concepts & cancers for r in order.reasons)


def _by_chart(chart: Chart, topic: GuidelineTopic, because: str) -> Applies:
    fact = chart.choice(topic.applicability.lesion_fact)
    if fact is None or (NONE in fact.possible and fact.searched.unread):
        return Applies(None, f"{because}, and the chart that would tell could not be read")
    if NONE in fact.possible:
        return Applies(False, f"{because}, and no liver lesion was found in the chart")
    return Applies(True, f"{because}, and the chart holds a liver lesion")
