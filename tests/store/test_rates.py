"""A tenant's calls are counted over all replicas."""

import asyncio
from datetime import timedelta

import pytest

from cds_service.auth.rates import RateLimit
from cds_service.errors import StoreUnreachable
from cds_service.store.store import Store
from tests.store.stores import NOW, opened

LIMIT = RateLimit(4, 60)


def test_as_many_as_allowed_pass_at_once_and_then_one_by_one(url: str) -> None:
    now = NOW

    async def run() -> None:
        nonlocal now
        async with opened(url, clock=lambda: now) as store:
            waits = [await store.rates.admit("north", LIMIT) for _ in range(6)]
            assert waits == [None, None, None, None, pytest.approx(15), pytest.approx(15)]
            assert await store.rates.admit("south", LIMIT) is None
            now += timedelta(seconds=15)
            assert await store.rates.admit("north", LIMIT) is None
            assert await store.rates.admit("north", LIMIT) == pytest.approx(15)
            now += timedelta(hours=1)
            assert [await store.rates.admit("north", LIMIT) for _ in range(4)] == [None] * 4

    asyncio.run(run())


def test_two_replicas_share_one_allowance(url: str) -> None:
    async def run() -> None:
        async with opened(url, clock=lambda: NOW) as one, opened(url, clock=lambda: NOW) as other:
            calls = [store.rates.admit("north", LIMIT) for _ in range(10) for store in (one, other)]
            waits = await asyncio.gather(*calls)
            assert sum(wait is None for wait in waits) == LIMIT.calls

    asyncio.run(run())


def test_a_debt_from_a_laxer_limit_is_forgiven(url: str) -> None:
    async def run() -> None:
        async with opened(url, clock=lambda: NOW) as store:
            assert await store.rates.admit("north", RateLimit(1, 3600)) is None
            assert await store.rates.admit("north", RateLimit(1, 3600)) == pytest.approx(3600)
            assert await store.rates.admit("north", LIMIT) == pytest.approx(15)

    asyncio.run(run())


def test_a_store_that_was_never_opened_is_unreachable() -> None:
    async def run() -> None:
        with pytest.raises(StoreUnreachable):
            await Store("sqlite://").rates.admit("north", LIMIT)

    asyncio.run(run())
