"""What is older than it may be kept goes, with all that hangs on it."""

import asyncio
from datetime import timedelta
from pathlib import Path

from cds_service.store import tables
from cds_service.store.records import StoreEvent
from cds_service.store.retention import AT_ONCE, Retention
from tests.store.stores import NOW, card, consultation, count, opened, order, rows, told, until

KEEP = Retention(days=30, comment_days=7)


def test_old_consultations_and_feedback_go_and_newer_ones_stay(url: str) -> None:
    old, new = card(), card()
    then = NOW - timedelta(days=31)

    async def run() -> None:
        async with opened(url, keep=KEEP, clock=lambda: then) as store:
            store.outbox.put(consultation(order(old), at=then))
            await store.keep_feedback("north", "s", [told(old.uuid, comment="old words")])
        async with opened(url, keep=KEEP, clock=lambda: NOW) as store:
            store.outbox.put(consultation(order(new)))
            await store.keep_feedback("north", "s", [told(new.uuid, accepted=("s-1",))])
            await until(lambda: store.outbox.written == 1)
            await store.prune()

    asyncio.run(run())
    assert [row["uuid"] for row in rows(url, tables.cards)] == [new.uuid]
    assert [row["card"] for row in rows(url, tables.feedback)] == [new.uuid]
    for table, left in ((tables.consultations, 1), (tables.orders, 1), (tables.suggestions, 2)):
        assert count(url, table) == left
    assert (count(url, tables.accepted), count(url, tables.comments)) == (1, 0)


def test_free_text_goes_before_the_rest(url: str) -> None:
    then = NOW - timedelta(days=8)

    async def run() -> None:
        async with opened(url, keep=KEEP, clock=lambda: then) as store:
            await store.keep_feedback("north", "s", [told("c", comment="words")])
        async with opened(url, keep=KEEP, clock=lambda: NOW) as store:
            await store.prune()

    asyncio.run(run())
    assert (count(url, tables.feedback), count(url, tables.comments)) == (1, 0)


def test_pruned_text_is_gone_from_the_file(sqlite_url: str) -> None:
    then = NOW - timedelta(days=8)

    async def run() -> None:
        async with opened(sqlite_url, keep=KEEP, clock=lambda: then) as store:
            await store.keep_feedback("north", "s", [told("c", comment="Wilhelmina Oaktree")])
        assert b"Wilhelmina Oaktree" in _files(sqlite_url)
        async with opened(sqlite_url, keep=KEEP, clock=lambda: NOW) as store:
            await store.prune()

    asyncio.run(run())
    assert b"Wilhelmina Oaktree" not in _files(sqlite_url)


def _files(url: str) -> bytes:
    file = Path(url.removeprefix("sqlite:///"))
    return b"".join(each.read_bytes() for each in file.parent.iterdir())


def test_an_open_store_prunes_by_itself_however_much_there_is(url: str) -> None:
    then = NOW - timedelta(days=400)
    events: list[StoreEvent] = []

    async def run() -> None:
        async with opened(url) as store:
            for _ in range(AT_ONCE + 1):
                store.outbox.put(consultation(at=then))
        async with opened(url, events, clock=lambda: NOW):
            await until(lambda: any(event.kind == "pruned" for event in events))

    asyncio.run(run())
    assert count(url, tables.consultations) == 0
    assert [event.count for event in events if event.kind == "pruned"] == [AT_ONCE + 1]
