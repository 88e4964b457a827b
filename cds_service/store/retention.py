"""What is kept for how long. Every replica prunes; doing it twice does nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Column, Connection, Table, delete, select, tuple_

from cds_service.store import tables

AT_ONCE: Final = 500  # rows in one transaction: others have to get their turn


@dataclass(frozen=True, slots=True)
class Retention:
    """Days that records and the free text of overrides are kept."""

    days: int = 365
    comment_days: int = 90


def prune_some(connection: Connection, keep: Retention, now: datetime) -> int:
    """Delete some of what is too old; how many rows. Until it says 0 there may be more."""
    old, old_comments = now - timedelta(days=keep.days), now - timedelta(days=keep.comment_days)
    return (
        _delete(connection, tables.consultations, tables.consultations.c.at, old)
        + _delete(connection, tables.feedback, tables.feedback.c.received_at, old)
        + _delete(connection, tables.comments, tables.comments.c.received_at, old_comments)
        + _delete(connection, tables.gaps, tables.gaps.c.last_at, old)
        + _delete(connection, tables.replays, tables.replays.c.expires, now)
    )


def _delete(connection: Connection, table: Table, at: Column[datetime], before: datetime) -> int:
    """What hangs on these rows goes with them (ON DELETE CASCADE)."""
    key = tuple_(*table.primary_key.columns)
    chosen = select(*table.primary_key.columns).where(at < before).limit(AT_ONCE)
    return connection.execute(delete(table).where(key.in_(chosen))).rowcount
