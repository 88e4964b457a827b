"""What became of our cards: accepted and overridden, by variant, procedure, suggestion and reason.

Counted are cards, not messages: a card that was accepted twice is one accepted card. A card of which
nothing was heard was not rejected; EHRs do not report those that a clinician passed over.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Column, Connection, Select, and_, case, distinct, func, literal, select

from cds_service.store.tables import accepted, cards, consultations, feedback, gaps, orders, suggestions

NOT_SAID: Final = ""
EVER: Final = datetime(1, 1, 2, tzinfo=UTC)  # a day of room for time zones


@dataclass(frozen=True, slots=True)
class CardCount:
    """Cards about one thing. `of`: a variant ("6", or "3,6" where several were possible) or a procedure."""

    of: str
    shown: int = 0
    accepted: int = 0
    overridden: int = 0


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """Cards that were overridden for one reason; code "" where none was given."""

    system: str
    code: str
    cards: int


@dataclass(frozen=True, slots=True)
class OfferCount:
    """Cards of which one kind of suggestion was taken: a procedure's id, an answer's code, …"""

    offers: str
    cards: int


@dataclass(frozen=True, slots=True)
class TenantFeedback:
    """One tenant's cards and what was heard of them.

    `consultations`: answered calls. `cards`: shown ones. `unheard`: of these, how many nothing was heard
    of. `unknown`: cards that we were told about and have no record of; they are in no other count but
    `by_reason`. `lost`: consultations that never reached the store, and so are missing here.
    """

    tenant: str
    consultations: int
    cards: int
    accepted: int
    overridden: int
    unheard: int
    unknown: int
    lost: int
    by_variant: tuple[CardCount, ...]
    by_procedure: tuple[CardCount, ...]
    by_suggestion: tuple[OfferCount, ...]
    by_reason: tuple[ReasonCount, ...]


def feedback_report(connection: Connection, since: datetime | None, tenant: str = "") -> list[TenantFeedback]:
    """Per tenant, cards shown since then and what was heard of them. `tenant`: only this one; "" = all."""
    query = _Query(since or EVER, tenant)
    return [_of_tenant(connection, query, name) for name in query.tenants(connection)]


def to_json(reports: Sequence[TenantFeedback], since: datetime | None) -> dict[str, Any]:
    """As `liver-cds feedback --json` prints it."""
    day = {"since": since.date().isoformat()} if since else {}
    return {**day, "tenants": [asdict(report) for report in reports]}


@dataclass(frozen=True, slots=True)
class _Query:
    since: datetime
    only: str

    def tenants(self, connection: Connection) -> list[str]:
        """Those with anything to tell of."""
        named = select(consultations.c.tenant).union(select(feedback.c.tenant), select(gaps.c.tenant))
        return sorted(name for (name,) in connection.execute(named) if self.only in ("", name))

    def shown(self, tenant: str) -> Any:
        """Which rows of `cards` count."""
        return and_(cards.c.tenant == tenant, cards.c.shown, cards.c.at >= self.since)


def _of_tenant(connection: Connection, query: _Query, tenant: str) -> TenantFeedback:
    by_variant = _counts(connection, query, tenant, orders.c.variants)
    by_procedure = _counts(connection, query, tenant, orders.c.procedure)
    shown = sum(count.shown for count in by_variant)
    answered = and_(
        consultations.c.tenant == tenant, consultations.c.at >= query.since, consultations.c.status == 200
    )
    lost = and_(gaps.c.tenant == tenant, gaps.c.last_at >= query.since)
    return TenantFeedback(
        tenant=tenant,
        consultations=_number(connection, select(func.count()).select_from(consultations).where(answered)),
        cards=shown,
        accepted=sum(count.accepted for count in by_variant),
        overridden=sum(count.overridden for count in by_variant),
        unheard=shown - _number(connection, _heard(query, tenant)),
        unknown=_number(connection, _unknown(query, tenant)),
        lost=_number(connection, select(func.coalesce(func.sum(gaps.c.lost), 0)).where(lost)),
        by_variant=by_variant,
        by_procedure=by_procedure,
        by_suggestion=_offers(connection, query, tenant),
        by_reason=_reasons(connection, query, tenant),
    )


def _number(connection: Connection, query: Select[Any]) -> int:
    return int(connection.scalar(query) or 0)


_OF_CARD = and_(feedback.c.tenant == cards.c.tenant, feedback.c.card == cards.c.uuid)
_OF_ORDER = and_(orders.c.consultation == cards.c.consultation, orders.c.position == cards.c.position)


def _heard(query: _Query, tenant: str) -> Select[Any]:
    told = select(literal(1)).where(_OF_CARD).exists()
    return select(func.count()).select_from(cards).where(query.shown(tenant), told)


def _unknown(query: _Query, tenant: str) -> Select[Any]:
    known = select(literal(1)).where(_OF_CARD).correlate(feedback).exists()
    told = and_(feedback.c.tenant == tenant, feedback.c.received_at >= query.since)
    return select(func.count(distinct(feedback.c.card))).where(told, ~known)


def _counts(connection: Connection, query: _Query, tenant: str, of: Column[Any]) -> tuple[CardCount, ...]:
    """Cards shown, and how many of them were accepted and overridden at least once."""
    told = (
        select(cards.c.uuid, of.label("of"), _at_least_once("accepted"), _at_least_once("overridden"))
        .select_from(cards.join(orders, _OF_ORDER).outerjoin(feedback, _OF_CARD))
        .where(query.shown(tenant))
        .group_by(cards.c.uuid, of)
        .subquery()
    )
    summed = select(told.c.of, func.count(), func.sum(told.c.accepted), func.sum(told.c.overridden)).group_by(
        told.c.of
    )
    counts = (CardCount(str(of or NOT_SAID), *map(int, rest)) for of, *rest in connection.execute(summed))
    return tuple(sorted(counts, key=lambda count: (-count.shown, count.of)))


def _at_least_once(outcome: str) -> Any:
    return func.max(case((feedback.c.outcome == outcome, 1), else_=0)).label(outcome)


def _offers(connection: Connection, query: _Query, tenant: str) -> tuple[OfferCount, ...]:
    of_suggestion = and_(
        suggestions.c.tenant == cards.c.tenant,
        suggestions.c.card == cards.c.uuid,
        suggestions.c.uuid == accepted.c.suggestion,
    )
    taken = (
        cards.join(feedback, _OF_CARD)
        .join(accepted, accepted.c.feedback == feedback.c.id)
        .join(suggestions, of_suggestion)
    )
    counted = (
        select(suggestions.c.offers, func.count(distinct(cards.c.uuid)))
        .select_from(taken)
        .where(query.shown(tenant))
        .group_by(suggestions.c.offers)
    )
    found = (OfferCount(*row) for row in connection.execute(counted))
    return tuple(sorted(found, key=lambda count: (-count.cards, count.offers)))


def _reasons(connection: Connection, query: _Query, tenant: str) -> tuple[ReasonCount, ...]:
    at = func.coalesce(cards.c.at, feedback.c.received_at)
    counted = (
        select(feedback.c.reason_system, feedback.c.reason_code, func.count(distinct(feedback.c.card)))
        .select_from(feedback.outerjoin(cards, _OF_CARD))
        .where(feedback.c.tenant == tenant, feedback.c.outcome == "overridden", at >= query.since)
        .group_by(feedback.c.reason_system, feedback.c.reason_code)
    )
    found = (ReasonCount(*row) for row in connection.execute(counted))
    return tuple(sorted(found, key=lambda count: (-count.cards, count.code, count.system)))
