"""Writing feedback: all items of a call or none, each thing once however often it is told."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from cds_service.store import tables
from cds_service.store.records import FeedbackItem
from cds_service.store.upserts import insert_new

Row = dict[str, Any]


def keep(
    connection: Connection, tenant: str, service: str, items: Sequence[FeedbackItem], now: datetime
) -> None:
    """Write them. A card's outcome of one moment is one row; what it says was accepted adds up."""
    told = [(_digest(tenant, item), item) for item in items]
    rows = [_row(tenant, service, digest, item, now) for digest, item in told]
    insert_new(connection, tables.feedback, rows)
    taken = [{"feedback": digest, "suggestion": uuid} for digest, item in told for uuid in item.accepted]
    insert_new(connection, tables.accepted, taken)
    said = [_comment(digest, item, now) for digest, item in told if item.comment]
    insert_new(connection, tables.comments, said)


def _digest(tenant: str, item: FeedbackItem) -> str:
    moment = item.at.astimezone(UTC).isoformat()
    return hashlib.sha256("\0".join((tenant, item.card, item.outcome, moment)).encode()).hexdigest()


def _row(tenant: str, service: str, digest: str, item: FeedbackItem, now: datetime) -> Row:
    return {
        "id": digest,
        "tenant": tenant,
        "service": service,
        "card": item.card,
        "outcome": item.outcome,
        "outcome_at": item.at,
        "received_at": now,
        "reason_system": item.reason_system,
        "reason_code": item.reason_code,
    }


def _comment(digest: str, item: FeedbackItem, now: datetime) -> Row:
    return {"feedback": digest, "text": item.comment, "received_at": now}
