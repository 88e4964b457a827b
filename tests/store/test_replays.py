"""A token counts once, however many replicas it is shown to."""

import asyncio
from datetime import datetime, timedelta

import pytest

from cds_service.errors import StoreUnreachable
from cds_service.store import tables
from cds_service.store.database import Database
from cds_service.store.opening import read_url
from cds_service.store.replays import StoredReplays
from cds_service.store.store import Store
from tests.postgresql import running_cluster
from tests.store.stores import NOW, count, opened

SOON = NOW + timedelta(minutes=5)
ISSUER = "https://ehr.north.example"


async def _shown(store: Store, jti: str, expires: datetime = SOON, tenant: str = "north") -> bool:
    return await store.replays.first_use(tenant, ISSUER, jti, expires)


def test_the_first_use_is_the_only_one(url: str) -> None:
    async def run() -> None:
        async with opened(url, clock=lambda: NOW) as store:
            assert await _shown(store, "a")
            assert not await _shown(store, "a")
            assert await _shown(store, "b")
            assert await _shown(store, "a", tenant="south")

    asyncio.run(run())


def test_of_two_replicas_that_are_shown_a_token_at_once_one_takes_it(url: str) -> None:
    async def run() -> None:
        async with opened(url, clock=lambda: NOW) as one, opened(url, clock=lambda: NOW) as other:
            jtis = [f"jti-{number}" for number in range(40)]
            uses = [_shown(replica, jti) for jti in jtis for replica in (one, other)]
            first = await asyncio.gather(*uses)
        assert [sum(first[at : at + 2]) for at in range(0, len(first), 2)] == [1] * len(jtis)

    asyncio.run(run())


def test_a_restart_forgets_nothing(url: str) -> None:
    async def use() -> bool:
        async with opened(url, clock=lambda: NOW) as store:
            return await _shown(store, "a")

    assert [asyncio.run(use()), asyncio.run(use())] == [True, False]


def test_what_expired_may_be_forgotten_and_is(url: str) -> None:
    now = NOW

    async def run() -> None:
        nonlocal now
        async with opened(url, clock=lambda: now) as store:
            assert await _shown(store, "a")
            assert await _shown(store, "b")
            now = SOON + timedelta(seconds=1)
            assert await _shown(store, "a", expires=now + timedelta(minutes=5))
            assert not await _shown(store, "a", expires=now + timedelta(minutes=5))
            assert await store.prune() == 1
            assert not await _shown(store, "a")

    asyncio.run(run())
    assert count(url, tables.replays) == 1


def test_a_restarted_database_costs_nobody_anything_and_a_lost_one_is_said_to_be_lost() -> None:
    with running_cluster() as cluster:

        async def run() -> None:
            database = Database(read_url(cluster.new_database()), lambda _: None)
            await database.open()
            replays = StoredReplays(database, lambda: NOW)
            assert await replays.first_use("north", ISSUER, "a", SOON)
            await asyncio.to_thread(cluster.stop)
            await asyncio.to_thread(cluster.start)
            assert not await replays.first_use("north", ISSUER, "a", SOON)  # the old connection is broken
            await asyncio.to_thread(cluster.stop)
            for _ in range(2):
                with pytest.raises(StoreUnreachable):
                    await replays.first_use("north", ISSUER, "b", SOON)
            await asyncio.to_thread(cluster.start)
            await database.close()

        asyncio.run(run())
