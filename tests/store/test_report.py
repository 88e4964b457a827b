"""What `liver-cds feedback` counts."""

import asyncio
from datetime import datetime, timedelta

import pytest

from cds_service.store.reading import read
from cds_service.store.report import CardCount, OfferCount, ReasonCount, TenantFeedback, feedback_report
from tests.store.stores import NOW, card, consultation, keep, opened, order, told

LATER = NOW + timedelta(seconds=1)


def _report(url: str, since: datetime | None = None, tenant: str = "") -> list[TenantFeedback]:
    return read(url, lambda connection: feedback_report(connection, since, tenant))


def test_nothing_recorded_is_an_empty_report(url: str) -> None:
    keep(url)
    assert _report(url) == []


def test_cards_are_counted_by_variant_procedure_suggestion_and_reason(url: str) -> None:
    taken, refused, passed_over, open_one = card(), card(), card(), card()
    keep(
        url,
        [
            consultation(order(taken), order(refused, procedure="biopsy")),
            consultation(order(passed_over)),
            consultation(order(open_one, variants=(3, 6))),
            consultation(status=412),
        ],
        [
            told(taken.uuid, "accepted", accepted=(taken.suggestions[0].uuid,)),
            told(refused.uuid, reason_system="urn:s", reason_code="patient-refused"),
            told("nobody-knows-it", comment="words"),
        ],
    )
    assert _report(url) == [
        TenantFeedback(
            tenant="north",
            consultations=3,
            cards=4,
            accepted=1,
            overridden=1,
            unheard=2,
            unknown=1,
            lost=0,
            by_variant=(CardCount("6", 3, 1, 1), CardCount("3,6", 1, 0, 0)),
            by_procedure=(CardCount("pet", 3, 1, 0), CardCount("biopsy", 1, 0, 1)),
            by_suggestion=(OfferCount("mri", 1),),
            by_reason=(ReasonCount("", "", 1), ReasonCount("urn:s", "patient-refused", 1)),
        )
    ]


def test_a_card_that_is_told_of_again_is_still_one_card(url: str) -> None:
    shown = card()
    again = [
        told(shown.uuid, "accepted", accepted=(shown.suggestions[0].uuid,)),
        told(shown.uuid, "accepted", at=LATER, accepted=(shown.suggestions[1].uuid,)),
        told(shown.uuid),
        told(shown.uuid, at=LATER),
    ]
    keep(url, [consultation(order(shown))], again)
    (report,) = _report(url)
    assert (report.cards, report.accepted, report.overridden, report.unheard) == (1, 1, 1, 0)
    assert report.by_suggestion == (OfferCount("ceus", 1), OfferCount("mri", 1))
    assert report.by_reason == (ReasonCount("", "", 1),)


def test_cards_that_nobody_saw_are_not_counted_as_unheard(url: str) -> None:
    keep(url, [consultation(order(card()), mode="silent")])
    (report,) = _report(url)
    assert (report.consultations, report.cards, report.unheard) == (1, 0, 0)


def test_each_tenant_has_its_own_counts_and_can_be_asked_for_alone(url: str) -> None:
    shown = card()
    keep(url, [consultation(order(shown), tenant="south")], [told(shown.uuid)])  # told by north: not its card
    north, south = _report(url)
    assert (north.tenant, north.cards, north.unknown) == ("north", 0, 1)
    assert (south.tenant, south.cards, south.unheard, south.unknown) == ("south", 1, 1, 0)
    assert _report(url, tenant="south") == [south]


def test_since_counts_from_that_moment_on(url: str) -> None:
    old, new = card(), card()
    keep(
        url,
        [consultation(order(old)), consultation(order(new), at=LATER)],
        [told(old.uuid, reason_code="old"), told(new.uuid, reason_code="new")],
    )
    (report,) = _report(url, since=LATER)
    assert (report.consultations, report.cards, report.overridden) == (1, 1, 1)
    assert report.by_reason == (ReasonCount("", "new", 1),)


@pytest.mark.parametrize("since", [None, LATER])
def test_lost_consultations_show(url: str, since: datetime | None) -> None:
    async def run() -> None:
        async with opened(url, outbox_capacity=1) as store:
            for at in (NOW, LATER, LATER):
                store.outbox.put(consultation(at=at))

    asyncio.run(run())
    (report,) = _report(url, since)
    assert (report.consultations, report.lost) == (1, 2)
