"""Stores and records for the tests of the store."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Select, Table, func, select

from cds_service.store.opening import open_engine, read_url
from cds_service.store.records import (
    CardRecord,
    ConsultationRecord,
    FeedbackItem,
    OrderRecord,
    StoreEvent,
    SuggestionRecord,
)
from cds_service.store.store import Store

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
WAITED_S = 60.0  # a busy machine is no fault; a test that needs this long has failed


def card(**members: Any) -> CardRecord:
    """A warning with two studies to choose from."""
    offered = (SuggestionRecord(str(uuid4()), "mri", True), SuggestionRecord(str(uuid4()), "ceus"))
    return replace(
        CardRecord(str(uuid4()), "warning", "off-guideline", offered, ("patient-refused",)), **members
    )


def order(*cards: CardRecord, **members: Any) -> OrderRecord:
    """PET/CT in variant 6."""
    rated = OrderRecord(
        "pet", "rated", (), "liver-lesion", (6,), "usually-not-appropriate", (2,), cards=cards
    )
    return replace(rated, **members)


def consultation(*orders: OrderRecord, **members: Any) -> ConsultationRecord:
    """A visible one of the tenant `north`."""
    record = ConsultationRecord(
        id=str(uuid4()),
        tenant="north",
        service="liver-lesion-order-select",
        hook="order-select",
        hook_instance=str(uuid4()),
        mode="visible",
        status=200,
        revision="0123abcd",
        at=NOW,
        ms=12.3,
        counts={"selected": 1},
        orders=orders,
    )
    return replace(record, **members)


def told(card_uuid: str, outcome: str = "overridden", **members: Any) -> FeedbackItem:
    """One item of feedback."""
    return replace(FeedbackItem(card_uuid, outcome, NOW), **members)


@asynccontextmanager
async def opened(url: str, events: list[StoreEvent] | None = None, **options: Any) -> AsyncIterator[Store]:
    """A store as the service has it. `events` collects what it reports."""
    watch = events.append if events is not None else lambda _: None
    store = Store(url, watch, **options)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def until(true: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(WAITED_S):
        while not true():  # noqa: ASYNC110 - what is waited for may be a row in a database
            await asyncio.sleep(0.01)


def rows(url: str, what: Table | Select[Any]) -> list[dict[str, Any]]:
    """What another program reads from the database."""
    engine = open_engine(read_url(url)).engine
    try:
        with engine.connect() as connection:
            found = connection.execute(select(what) if isinstance(what, Table) else what)
            return [dict(row) for row in found.mappings()]
    finally:
        engine.dispose()


def count(url: str, table: Table) -> int:
    """How many rows a table has."""
    (row,) = rows(url, select(func.count().label("n")).select_from(table))
    return int(row["n"])


def keep(url: str, records: Sequence[ConsultationRecord] = (), items: Sequence[FeedbackItem] = ()) -> None:
    """Write records, then feedback of the tenant `north`, the way the service does."""

    async def run() -> None:
        async with opened(url) as store:
            for record in records:
                store.outbox.put(record)
            if items:
                await store.keep_feedback("north", "liver-lesion-order-select", items)

    asyncio.run(run())
