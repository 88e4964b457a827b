"""Feedback as it is kept: once, whole, and its free text apart."""

import asyncio
from datetime import timedelta, timezone

import pytest

from cds_service.errors import StoreUnreachable
from cds_service.store import tables
from cds_service.store.store import Store
from tests.store.stores import NOW, card, consultation, count, keep, opened, order, rows, told

LATER = NOW + timedelta(seconds=1)


def test_an_item_is_kept_with_what_it_says(url: str) -> None:
    keep(url, items=[told("c-1", reason_system="urn:s", reason_code="r", comment="because")])
    (kept,) = rows(url, tables.feedback)
    assert kept.pop("received_at") >= NOW
    identity = kept.pop("id")
    assert kept == {
        "tenant": "north",
        "service": "liver-lesion-order-select",
        "card": "c-1",
        "outcome": "overridden",
        "outcome_at": NOW,
        "reason_system": "urn:s",
        "reason_code": "r",
    }
    (comment,) = rows(url, tables.comments)
    assert (comment["feedback"], comment["text"]) == (identity, "because")


def test_the_same_told_again_is_one_row(url: str) -> None:
    here = timezone(timedelta(hours=-6))
    again = told("c-1", at=NOW.astimezone(here))
    keep(url, items=[told("c-1"), told("c-1"), again])
    keep(url, items=[told("c-1", comment="new words, too late")])
    assert count(url, tables.feedback) == 1


def test_another_moment_outcome_or_card_is_another_row(url: str) -> None:
    items = [told("c-1"), told("c-1", at=LATER), told("c-1", "accepted", accepted=("s",)), told("c-2")]
    keep(url, items=items)
    assert count(url, tables.feedback) == 4


def test_suggestions_taken_in_one_moment_add_up(url: str) -> None:
    keep(url, items=[told("c-1", "accepted", accepted=("s-1",))])
    keep(url, items=[told("c-1", "accepted", accepted=("s-2", "s-1", "s-2"))])
    assert count(url, tables.feedback) == 1
    assert sorted(row["suggestion"] for row in rows(url, tables.accepted)) == ["s-1", "s-2"]


def test_two_tenants_may_tell_of_one_card(url: str) -> None:
    async def run() -> None:
        async with opened(url) as store:
            await store.keep_feedback("north", "s", [told("c-1")])
            await store.keep_feedback("south", "s", [told("c-1")])

    asyncio.run(run())
    assert sorted(row["tenant"] for row in rows(url, tables.feedback)) == ["north", "south"]


def test_feedback_may_come_before_its_card_is_written(url: str) -> None:
    shown = card()
    keep(url, items=[told(shown.uuid)])
    keep(url, [consultation(order(shown))])
    assert count(url, tables.feedback) == count(url, tables.cards) == 1


@pytest.mark.parametrize("outcome", ["accepted", "overridden"])
def test_a_lost_store_keeps_nothing_and_says_so(outcome: str) -> None:
    async def run() -> None:
        with pytest.raises(StoreUnreachable):
            await Store("sqlite://").keep_feedback("north", "s", [told("c-1", outcome)])

    asyncio.run(run())
