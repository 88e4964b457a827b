"""What clinicians did, as the store counts it: on both kinds of database."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from cds_service.activity import OUTSIDE, SEVERAL, Activity, Override, Share, Window
from cds_service.errors import StoreUnreachable
from cds_service.store.records import ConsultationRecord
from cds_service.store.store import Store
from tests.store.stores import NOW, card, consultation, opened, order, told, until

MONDAY = date(2026, 11, 16)
REASONS = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"


async def _write(store: Store, *records: ConsultationRecord) -> None:
    for record in records:
        store.outbox.put(record)
    await until(lambda: store.outbox.written == len(records))


def _asked(url: str, *records: ConsultationRecord, window: Window | None = None) -> Activity:
    async def ask() -> Activity:
        async with opened(url) as store:
            await _write(store, *records)
            return await store.activity(window or Window())

    return asyncio.run(ask())


def test_an_empty_store_has_nothing_to_tell(url: str) -> None:
    assert _asked(url) == Activity()


def test_cards_are_counted_and_not_messages(url: str) -> None:
    one, other, unheard = card(), card(), card()

    async def ask() -> Activity:
        async with opened(url) as store:
            await _write(store, *(consultation(order(shown)) for shown in (one, other, unheard)))
            twice = [told(one.uuid, "accepted"), told(one.uuid, "accepted", at=NOW + timedelta(minutes=1))]
            refused = told(other.uuid, reason_system=REASONS, reason_code="patient-refused")
            await store.keep_feedback("north", "liver-lesion-order-select", [*twice, refused])
            return await store.activity(Window())

    found = asyncio.run(ask())
    assert found.shares == (Share(MONDAY, "north", "order-select", "pet", "6", "rated", 3, 3, 1, 1),)
    assert found.overrides == (Override(REASONS, "patient-refused", 1),)
    assert (found.calls, found.failed, found.lost, found.tenants) == (3, 0, 0, ("north",))


def test_feedback_for_another_tenants_card_is_none_of_ours(url: str) -> None:
    shown = card()

    async def ask() -> Activity:
        async with opened(url) as store:
            await _write(store, consultation(order(shown)))
            await store.keep_feedback("south", "liver-lesion-order-select", [told(shown.uuid)])
            return await store.activity(Window())

    assert asyncio.run(ask()).shares[0].overridden == 0


def test_what_nobody_saw_is_no_card(url: str) -> None:
    (share,) = _asked(url, consultation(order(card()), mode="silent")).shares
    assert (share.orders, share.cards) == (1, 0)


def test_weeks_begin_on_monday_in_utc(url: str) -> None:
    late = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)
    found = _asked(url, consultation(order(), at=late), consultation(order(), at=late + timedelta(minutes=2)))
    assert [share.week for share in found.shares] == [MONDAY, MONDAY + timedelta(weeks=1)]


def test_orders_that_are_not_one_study_of_the_catalogue(url: str) -> None:
    unknown, several = order(procedure=None, variants=()), order(procedure=None, one_of=("fdg", "dotatate"))
    found = _asked(url, consultation(unknown), consultation(several))
    assert sorted(share.procedure for share in found.shares) == [OUTSIDE, SEVERAL]


def test_failed_calls_are_no_answers(url: str) -> None:
    found = _asked(url, consultation(status=412), consultation(status=500), consultation(order()))
    assert (found.calls, found.failed) == (1, 2)


RECORDS = (
    consultation(order(), at=NOW - timedelta(days=40)),
    consultation(order(variants=(3, 6)), at=NOW - timedelta(days=1)),
    consultation(order(procedure="mri", variants=()), tenant="south", hook="order-sign"),
)


@pytest.mark.parametrize(
    ("window", "count"),
    [
        (Window(), 3),
        (Window(since=NOW.date()), 1),
        (Window(until=NOW.date() - timedelta(days=1)), 2),
        (Window(since=NOW.date() - timedelta(days=1), until=NOW.date() - timedelta(days=1)), 1),
        (Window(since=date.min, until=date.max), 3),
        (Window(variant="6"), 2),
        (Window(variant="3"), 1),
        (Window(variant="36"), 0),
        (Window(variant="%"), 0),
        (Window(variant="none"), 1),
        (Window(procedure="mri"), 1),
        (Window(hook="order-sign"), 1),
        (Window(tenant="south"), 1),
        (Window(tenant="'; DROP TABLE orders; --"), 0),
    ],
)
def test_a_window_holds_what_it_says(
    sqlite_url: str, postgresql_url: str, window: Window, count: int
) -> None:
    for url in (sqlite_url, postgresql_url):
        assert sum(share.orders for share in _asked(url, *RECORDS, window=window).shares) == count


def test_a_store_that_is_lost_says_so() -> None:
    async def ask() -> None:
        async with opened("postgresql://nobody:x@127.0.0.1:9/none") as store:
            with pytest.raises(StoreUnreachable):
                await store.activity(Window())

    asyncio.run(ask())
