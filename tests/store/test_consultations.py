"""What is left of a consultation, row by row."""

from cds_service.store import tables
from tests.store.stores import NOW, card, consultation, count, keep, order, rows


def test_a_consultation_is_kept_with_orders_cards_and_suggestions(url: str) -> None:
    shown = card()
    record = consultation(order(shown, consult_id="c0ffee00-0000-4000-8000-000000000000"), patient="f" * 64)
    keep(url, [record])
    (kept,) = rows(url, tables.consultations)
    assert kept == {
        "id": record.id,
        "tenant": "north",
        "service": "liver-lesion-order-select",
        "hook": "order-select",
        "hook_instance": record.hook_instance,
        "mode": "visible",
        "status": 200,
        "revision": "0123abcd",
        "at": NOW,
        "ms": 12.3,
        "patient": "f" * 64,
        "counts": {"selected": 1},
    }
    (judged,) = rows(url, tables.orders)
    assert judged == {
        "consultation": record.id,
        "position": 0,
        "topic": "liver-lesion",
        "procedure": "pet",
        "one_of": [],
        "verdict": "rated",
        "variant": 6,
        "variants": "6",
        "rating": "usually-not-appropriate",
        "median": 2,
        "asks": [],
        "cautions": [],
        "consult_id": "c0ffee00-0000-4000-8000-000000000000",
    }
    (made,) = rows(url, tables.cards)
    assert made == {
        "tenant": "north",
        "uuid": shown.uuid,
        "consultation": record.id,
        "position": 0,
        "at": NOW,
        "shown": True,
        "indicator": "warning",
        "topic": "off-guideline",
        "overrides": ["patient-refused"],
    }
    buttons = rows(url, tables.suggestions.select().order_by(tables.suggestions.c.position))
    assert [(b["card"], b["uuid"], b["offers"], b["recommended"]) for b in buttons] == [
        (shown.uuid, suggestion.uuid, suggestion.offers, suggestion.recommended)
        for suggestion in shown.suggestions
    ]


def test_what_is_open_is_kept_as_open(url: str) -> None:
    undetermined = order(
        procedure=None, one_of=("ct-1", "ct-2"), verdict="undetermined", variants=(3, 6), rating=None,
        medians=(2, 5), asks=("lesion-size",), cautions=("egfr-under-30",),
    )  # fmt: skip
    keep(url, [consultation(undetermined)])
    (kept,) = rows(url, tables.orders)
    assert kept["procedure"] is kept["variant"] is kept["rating"] is kept["median"] is None
    assert (kept["one_of"], kept["variants"]) == (["ct-1", "ct-2"], "3,6")
    assert (kept["asks"], kept["cautions"]) == (["lesion-size"], ["egfr-under-30"])


def test_a_card_of_silent_mode_was_seen_by_nobody(url: str) -> None:
    keep(url, [consultation(order(card()), mode="silent")])
    assert [made["shown"] for made in rows(url, tables.cards)] == [False]


def test_a_failed_request_is_kept_as_one_that_failed(url: str) -> None:
    keep(url, [consultation(status=412, hook_instance=None)])
    (kept,) = rows(url, tables.consultations)
    assert (kept["status"], kept["hook_instance"]) == (412, None)


def test_writing_the_same_again_changes_nothing(url: str) -> None:
    record = consultation(order(card()), order(card()))
    keep(url, [record, record])
    keep(url, [record])
    assert count(url, tables.consultations) == 1
    assert count(url, tables.orders) == count(url, tables.cards) == 2
    assert count(url, tables.suggestions) == 4
