"""A consultation: one answered request, as the service, the log and `explain` see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from cards.advice import Advice
from cards.annotation import consult_id
from cards.card import Card
from cards.compose import Composed
from cards.vocabulary import Rating, Verdict
from cds_service.fhir.datatypes.elements import codings
from cds_service.fhir.orders import DraftOrder, Drafts
from cds_service.guideline.assess import Assessment
from cds_service.guideline.chart import Chart
from cds_service.guideline.content.topic_schema import GuidelineTopic
from cds_service.guideline.finding import lines
from cds_service.guideline.indication import Indication, stated_indication
from cds_service.guideline.terms.code_systems import system_name

# One order, the topic it was judged by, and what came out.
Judgement: TypeAlias = tuple[DraftOrder, GuidelineTopic, Assessment]


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """What became of one draft order. `why`: one line per finding.

    `topic`: of the guideline it was judged by, "" for none. `consult_id`: of the rating written on it.
    """

    reference: str
    procedures: tuple[str, ...]
    verdict: Verdict
    variants: tuple[int, ...] = ()
    rating: Rating | None = None
    medians: tuple[int, ...] = ()
    asks: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()  # codes that concern the ordered study
    why: tuple[str, ...] = ()
    topic: str = ""
    consult_id: str = ""
    cards: tuple[Card, ...] = field(default=(), repr=False)
    indication: Indication | None = None  # None: outside the catalogue, or not to be read


class Grounds(StrEnum):
    """What an answer rests on beside content and settings: as much has to be the same to give it again."""

    ORDER = "order"  # nobody looked at the prefetch
    SENT = "sent"
    FETCHED = "fetched"  # what a FHIR server said, or did not say, at that moment


@dataclass(frozen=True, slots=True)
class Consultation:
    """One answered request. `response`: the CDS Hooks body. `counts`: what to log; no patient data.

    `prefetch`: how each wanted set of resources arrived, key -> state; empty when nobody looked.
    """

    revision: str
    hook: str
    response: dict[str, Any]
    chart: Chart | None = None
    orders: tuple[OrderOutcome, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    prefetch: Mapping[str, str] = field(default_factory=dict)
    grounds: Grounds = Grounds.FETCHED
    judged: tuple[Judgement, ...] = field(default=(), repr=False)  # for whoever shows more than the outcome


def outcome_of(judgement: Judgement, advice: Advice, composed: Composed) -> OrderOutcome:
    """The outcome of an order that was judged."""
    draft, topic, assessment = judgement
    return OrderOutcome(
        draft.reference,
        assessment.procedures,
        assessment.verdict,
        tuple(variant.number for variant in assessment.variants),
        assessment.rating,
        assessment.medians,
        tuple(asked.question for asked in assessment.asks),
        (*(caution.code for caution in advice.cautions), *advice.background),
        tuple(lines(assessment.finding)),
        topic.id,
        next((consult_id(action.resource or {}) for action in composed.actions), ""),
        composed.cards,
        indication=stated_indication(topic, draft.order) if draft.order.procedures else None,
    )


def counts_of(drafts: Drafts) -> dict[str, int]:
    """What to log of a call: how many, never which."""
    counted = {
        "selected": len(drafts.selected),
        "unmapped": len(drafts.unmapped),
        "unmapped_local": sum(map(_is_local, drafts.unmapped)),
        "unreadable": len(drafts.unreadable),
        "ignored_selections": drafts.ignored_selections,
        "orders_missing": int(drafts.missing),
    }
    return {name: count for name, count in counted.items() if count}


def _is_local(draft: DraftOrder) -> bool:
    """Whether an order has codes, and all of them of systems that only its EHR knows."""
    coded = codings(draft.raw.get("code"))
    return bool(coded) and not any(system_name(coding.system) for coding in coded)
