"""Writing consultations: records in, rows out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from cds_service.store import tables
from cds_service.store.records import CardRecord, ConsultationRecord, OrderRecord
from cds_service.store.upserts import insert_new

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Gap:
    """Consultations of one tenant that were lost before they could be written."""

    tenant: str
    lost: int
    first_at: datetime
    last_at: datetime

    def wider(self, other: "Gap") -> "Gap":
        """Both together."""
        return Gap(
            self.tenant,
            self.lost + other.lost,
            min(self.first_at, other.first_at),
            max(self.last_at, other.last_at),
        )


def gap_of(record: ConsultationRecord) -> Gap:
    """What is left of a consultation that is given up."""
    return Gap(record.tenant, 1, record.at, record.at)


def write(connection: Connection, records: Sequence[ConsultationRecord], gaps: Sequence[Gap]) -> None:
    """Write all of them. Doing it twice, after an answer that got lost, changes nothing but `gaps`."""
    insert_new(connection, tables.consultations, [_consultation(record) for record in records])
    insert_new(connection, tables.orders, [row for record in records for row in _orders(record)])
    made = [card for record in records for card in _cards(record)]
    insert_new(connection, tables.cards, [row for row, _ in made])
    insert_new(connection, tables.suggestions, [row for row, card in made for row in _suggestions(row, card)])
    insert_new(connection, tables.gaps, [_gap(gap) for gap in gaps])


def last_cards(connection: Connection) -> dict[str, datetime]:
    """Tenant -> when its last card was made, shown or not."""
    made = select(tables.cards.c.tenant, func.max(tables.cards.c.at).label("at")).group_by(
        tables.cards.c.tenant
    )
    return {row.tenant: row.at for row in connection.execute(made)}


def _consultation(record: ConsultationRecord) -> Row:
    return {
        "id": record.id,
        "tenant": record.tenant,
        "service": record.service,
        "hook": record.hook,
        "hook_instance": record.hook_instance,
        "mode": record.mode,
        "status": record.status,
        "revision": record.revision,
        "at": record.at,
        "ms": record.ms,
        "patient": record.patient,
        "counts": dict(record.counts),
    }


def _orders(record: ConsultationRecord) -> Iterable[Row]:
    return (_order(record.id, position, order) for position, order in enumerate(record.orders))


def _order(consultation: str, position: int, order: OrderRecord) -> Row:
    return {
        "consultation": consultation,
        "position": position,
        "topic": order.topic,
        "procedure": order.procedure,
        "one_of": list(order.one_of),
        "verdict": order.verdict,
        "variant": order.variants[0] if len(order.variants) == 1 else None,
        "variants": ",".join(map(str, order.variants)),
        "rating": order.rating,
        "median": order.medians[0] if len(order.medians) == 1 else None,
        "asks": list(order.asks),
        "cautions": list(order.cautions),
        "consult_id": order.consult_id or None,
    }


def _cards(record: ConsultationRecord) -> Iterable[tuple[Row, CardRecord]]:
    for position, order in enumerate(record.orders):
        for card in order.cards:
            yield _card(record, position, card), card


def _card(record: ConsultationRecord, position: int, card: CardRecord) -> Row:
    return {
        "tenant": record.tenant,
        "uuid": card.uuid,
        "consultation": record.id,
        "position": position,
        "at": record.at,
        "shown": record.mode == "visible",
        "indicator": card.indicator,
        "topic": card.topic,
        "overrides": list(card.overrides),
    }


def _suggestions(card_row: Row, card: CardRecord) -> Iterable[Row]:
    for position, suggestion in enumerate(card.suggestions):
        yield {
            "tenant": card_row["tenant"],
            "card": card.uuid,
            "position": position,
            "uuid": suggestion.uuid,
            "offers": suggestion.offers,
            "recommended": suggestion.recommended,
        }


def _gap(gap: Gap) -> Row:
    return {"tenant": gap.tenant, "lost": gap.lost, "first_at": gap.first_at, "last_at": gap.last_at}
