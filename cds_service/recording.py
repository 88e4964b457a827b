"""A consultation as the store keeps it: what was decided and shown, and nothing of whom it was about."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cards.card import Card, Suggestion
from cards.vocabulary import Topic
from cds_service.auth.tenants import Tenant
from cds_service.consultation import OrderOutcome
from cds_service.hooks import HookRequest
from cds_service.store.records import CardRecord, ConsultationRecord, OrderRecord, SuggestionRecord

UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# Some profiles write a topic without hyphens; reports are to see one name for it.
TOPICS: Final[Mapping[str, str]] = {topic.value.replace("-", ""): topic.value for topic in Topic}


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a service. `id`: of the consultation, a fresh UUID; `at`: when it came."""

    id: str
    service: str
    tenant: Tenant
    asked: HookRequest = field(repr=False)
    at: datetime
    revision: str


def answered_record(
    call: Call, orders: tuple[OrderRecord, ...], counts: Mapping[str, int], ms: float
) -> ConsultationRecord:
    """Of a call that was answered. `ms`: how long that took."""
    return _record(call, 200, ms, orders, counts)


def failed_record(call: Call, status: int, ms: float) -> ConsultationRecord:
    """Of a call that got no cards because it failed: it must not look like one without cards."""
    return _record(call, status, ms)


def instance_of(asked: HookRequest) -> str | None:
    """The hook instance if it is the UUID that the standard asks for: some clients put other things there."""
    return asked.hook_instance.lower() if UUID.fullmatch(asked.hook_instance) else None


def _record(
    call: Call,
    status: int,
    ms: float,
    orders: tuple[OrderRecord, ...] = (),
    counts: Mapping[str, int] | None = None,
) -> ConsultationRecord:
    return ConsultationRecord(
        id=call.id,
        tenant=call.tenant.id,
        service=call.service,
        hook=call.asked.hook,
        hook_instance=instance_of(call.asked),
        mode=str(call.tenant.mode),
        status=status,
        revision=call.revision,
        at=call.at,
        ms=round(ms, 1),
        patient=_pseudonym(call.tenant, call.asked.patient_id),
        counts=dict(counts or {}),
        orders=orders,
    )


def _pseudonym(tenant: Tenant, patient_id: str) -> str | None:
    """The same for the same patient of one tenant, and without the tenant's key nobody can tell who it is."""
    if tenant.pseudonym_key is None:
        return None
    words = f"{tenant.id}\0{patient_id}".encode()
    return hmac.new(tenant.pseudonym_key, words, hashlib.sha256).hexdigest()


def order_record(outcome: OrderOutcome) -> OrderRecord:
    """Of one order of a consultation."""
    named = outcome.procedures
    return OrderRecord(
        procedure=named[0] if len(named) == 1 else None,
        one_of=named if len(named) > 1 else (),
        verdict=str(outcome.verdict),
        topic=outcome.topic,
        variants=outcome.variants,
        rating=outcome.rating.value if outcome.rating else None,
        medians=outcome.medians,
        asks=outcome.asks,
        cautions=outcome.cautions,
        consult_id=outcome.consult_id,
        cards=tuple(map(_card, outcome.cards)),
    )


def _card(card: Card) -> CardRecord:
    code = card.source.topic.code
    return CardRecord(
        uuid=card.uuid,
        indicator=card.indicator.value,
        topic=TOPICS.get(code.replace("-", ""), code),
        suggestions=tuple(map(_suggestion, card.suggestions)),
        overrides=tuple(reason.code for reason in card.override_reasons),
    )


def _suggestion(suggestion: Suggestion) -> SuggestionRecord:
    return SuggestionRecord(suggestion.uuid, suggestion.offers, suggestion.is_recommended)
