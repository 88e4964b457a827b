"""Consultations on their way to the store: never in the way, never lost without a trace."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cds_service.errors import StoreUnreachable
from cds_service.store import tables
from cds_service.store.consultations import Gap
from cds_service.store.outbox import BATCH, Outbox
from cds_service.store.records import ConsultationRecord, StoreEvent
from tests.postgresql import running_cluster
from tests.store.stores import NOW, card, consultation, count, opened, order, rows, until


def test_what_is_put_in_while_running_is_written(url: str) -> None:
    events: list[StoreEvent] = []

    async def run() -> None:
        async with opened(url, events) as store:
            for _ in range(BATCH + 1):
                store.outbox.put(consultation(order(card())))
            assert store.outbox.depth == BATCH + 1
            await until(lambda: store.outbox.written == BATCH + 1)
            assert (store.outbox.depth, store.outbox.dropped) == (0, 0)

    asyncio.run(run())
    assert count(url, tables.cards) == BATCH + 1
    assert [event.count for event in events if event.kind == "written"] == [BATCH, 1]


def test_closing_writes_what_is_left(url: str) -> None:
    async def run() -> None:
        async with opened(url) as store:
            for _ in range(3 * BATCH):
                store.outbox.put(consultation())

    asyncio.run(run())
    assert count(url, tables.consultations) == 3 * BATCH


def test_what_was_put_in_while_the_database_was_gone_is_written_when_it_is_back() -> None:
    events: list[StoreEvent] = []
    with running_cluster() as cluster:
        url = cluster.new_database()

        async def run() -> None:
            async with opened(url, events) as store:
                await asyncio.to_thread(cluster.stop)
                store.outbox.put(consultation())
                await until(lambda: any(event.kind == "lost" for event in events))
                assert not await store.ready()
                store.outbox.put(consultation())
                await asyncio.to_thread(cluster.start)
                await until(lambda: store.outbox.written == 2)
                assert await store.ready()

        asyncio.run(run())
        assert count(url, tables.consultations) == 2
        assert [event.kind for event in events if event.kind != "written"] == ["opened", "lost", "back"]


def test_a_service_starts_without_its_database_and_finds_it_later(tmp_path: Path) -> None:
    in_the_way = tmp_path / "state"
    in_the_way.touch()
    url = f"sqlite:///{in_the_way / 'store.sqlite3'}"
    events: list[StoreEvent] = []

    async def run() -> None:
        async with opened(url, events) as store:
            assert not await store.ready()
            store.outbox.put(consultation())
            in_the_way.unlink()
            await until(lambda: store.outbox.written == 1)

    asyncio.run(run())
    assert [(event.kind, event.fault) for event in events] == [
        ("lost", "OperationalError"), ("back", ""), ("written", ""),
    ]  # fmt: skip


def test_beyond_its_capacity_the_oldest_go_and_the_gap_is_on_record(url: str) -> None:
    times = [NOW + timedelta(minutes=minute) for minute in range(5)]
    events: list[StoreEvent] = []

    async def run() -> None:
        async with opened(url, events, outbox_capacity=2) as store:
            for at in times:  # without a pause: the task that writes has not had its turn
                store.outbox.put(consultation(at=at))
            assert (store.outbox.depth, store.outbox.dropped) == (2, 3)

    asyncio.run(run())
    assert sorted(row["at"] for row in rows(url, tables.consultations)) == times[3:]
    (gap,) = rows(url, tables.gaps)
    assert (gap["tenant"], gap["lost"], gap["first_at"], gap["last_at"]) == ("north", 3, times[0], times[2])
    assert sum(event.count for event in events if event.kind == "dropped") == 3


def test_one_that_cannot_be_written_does_not_hold_up_the_others(url: str) -> None:
    nothing: Any = None
    events: list[StoreEvent] = []

    async def run() -> None:
        async with opened(url, events) as store:
            for hook in ("order-select", nothing, "order-select"):
                store.outbox.put(consultation(hook=hook))

    asyncio.run(run())
    assert count(url, tables.consultations) == 2
    assert [(event.count, event.fault) for event in events if event.kind == "dropped"] == [
        (1, "IntegrityError")
    ]
    assert [gap["lost"] for gap in rows(url, tables.gaps)] == [1]


class _Lost:
    """A database that is never there."""

    async def write(self, _: Sequence[ConsultationRecord], __: Sequence[Gap]) -> None:
        raise StoreUnreachable("gone")


def test_what_cannot_be_written_in_the_end_is_counted() -> None:
    events: list[StoreEvent] = []

    async def run() -> Outbox:
        outbox = Outbox(_Lost().write, events.append, 10)
        outbox.start()
        outbox.put(consultation())
        outbox.put(consultation())
        await outbox.close(within_s=0.1)
        return outbox

    outbox = asyncio.run(run())
    assert (outbox.depth, outbox.dropped, outbox.written) == (0, 2, 0)
    assert [(event.kind, event.count) for event in events] == [("dropped", 2)]


def test_putting_in_before_the_start_is_no_fault() -> None:
    outbox = Outbox(_Lost().write, lambda _: None, 10)
    outbox.put(consultation())
    assert outbox.depth == 1


class _LostMeanwhile:
    """A database that is gone, and while it is asked another consultation comes."""

    outbox: Outbox

    async def write(self, _: Sequence[ConsultationRecord], __: Sequence[Gap]) -> None:
        self.outbox.put(consultation())
        raise StoreUnreachable("gone")


@pytest.mark.parametrize("capacity", [1, 2])
def test_what_comes_back_to_a_full_outbox_gives_way(capacity: int) -> None:
    async def run() -> None:
        database = _LostMeanwhile()
        database.outbox = outbox = Outbox(database.write, lambda _: None, capacity)
        for _ in range(capacity):
            outbox.put(consultation())
        outbox.start()
        await until(lambda: outbox.dropped > 0)
        assert outbox.depth <= capacity
        await outbox.close(0.1)

    asyncio.run(run())
