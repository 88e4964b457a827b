"""The rating on the order: written once, removed when it no longer holds, never over another's."""

from dataclasses import replace
from typing import Any

import pytest

from cards import annotation
from cards.advice import Advice
from cards.annotation import AUC_APPLIED, CONSULT_ID, QCDSM_CONSULTED, RATING
from cards.card import ActionType
from cards.vocabulary import ACR_MEDIAN, ACR_RATING, ARGONAUT_RATING, Rating, Verdict
from tests.advices import (
    AFTER_MRI,
    CONFLICT,
    NO_REASON,
    OPEN,
    ORDER,
    PET,
    SILENT,
    USUAL,
    VARIANT_PAGE,
    WARNING,
    counting_ids,
)

FOREIGN = [
    {"url": RATING, "valueCodeableConcept": {"coding": [{"system": ARGONAUT_RATING, "code": "appropriate"}]}},
    {"url": QCDSM_CONSULTED, "valueString": "another mechanism"},
]


def annotated(advice: Advice) -> dict[str, Any] | None:
    action = annotation.annotation(advice, counting_ids())
    assert action is None or action.type is ActionType.UPDATE
    return None if action is None else dict(action.resource or {})


def on(advice: Advice, order: Any) -> Advice:
    return replace(advice, order=order)


def rated_order(advice: Advice = WARNING) -> dict[str, Any]:
    order = annotated(advice)
    assert order is not None
    return order


def codes(order: Any) -> list[tuple[str, str]]:
    (rating,) = [e for e in order["extension"] if e["url"] == RATING]
    return [(c["system"], c["code"]) for c in rating["valueCodeableConcept"]["coding"]]


def test_a_rated_order_gets_the_four_extensions_and_nothing_else() -> None:
    order = rated_order()
    assert {**order, "extension": ORDER["extension"]} == ORDER
    assert order["extension"] == [
        *ORDER["extension"],
        {
            "url": RATING,
            "valueCodeableConcept": {
                "coding": [
                    {"system": ARGONAUT_RATING, "code": "not-appropriate"},
                    {"system": ACR_RATING, "code": "usually-not-appropriate"},
                    {"system": ACR_MEDIAN, "code": "2"},
                ]
            },
        },
        {"url": QCDSM_CONSULTED, "valueString": "liver-lesion-cds"},
        {"url": CONSULT_ID, "valueUri": "urn:uuid:00000000-0000-4000-8000-000000000001"},
        {"url": AUC_APPLIED, "valueUri": VARIANT_PAGE},
    ]


@pytest.mark.parametrize(
    ("rating", "argonaut"),
    [
        (Rating.USUALLY_APPROPRIATE, "appropriate"),
        (Rating.MAY_BE_APPROPRIATE, "appropriate"),
        (Rating.MAY_BE_APPROPRIATE_DISAGREEMENT, "appropriate"),
        (Rating.USUALLY_NOT_APPROPRIATE, "not-appropriate"),
    ],
)
def test_bands_translate_to_argonauts_codes(rating: Rating, argonaut: str) -> None:
    order = rated_order(replace(WARNING, ordered=replace(PET, rating=rating)))
    assert codes(order)[:2] == [(ARGONAUT_RATING, argonaut), (ACR_RATING, rating.value)]


@pytest.mark.parametrize("medians", [(), (2, 3)])
def test_a_range_of_medians_is_no_median(medians: tuple[int, ...]) -> None:
    assert len(codes(rated_order(replace(WARNING, ordered=replace(PET, medians=medians))))) == 2


def test_no_criteria_says_so_without_a_rating_of_ours() -> None:
    order = rated_order(SILENT[Verdict.NO_CRITERIA])
    assert codes(order) == [(ARGONAUT_RATING, "no-criteria-apply")]
    assert AUC_APPLIED not in [e["url"] for e in order["extension"]]


@pytest.mark.parametrize("advice", [WARNING, USUAL, NO_REASON, SILENT[Verdict.NO_CRITERIA]])
def test_the_same_rating_is_not_written_twice(advice: Advice) -> None:
    assert annotated(on(advice, rated_order(advice))) is None


@pytest.mark.parametrize("member", [RATING, QCDSM_CONSULTED, CONSULT_ID, AUC_APPLIED])
def test_a_rating_that_lacks_a_part_is_written_whole(member: str) -> None:
    order = rated_order()
    order["extension"] = [e for e in order["extension"] if e["url"] != member]
    again = rated_order(on(WARNING, order))
    assert [e["url"] for e in again["extension"][1:]] == [RATING, QCDSM_CONSULTED, CONSULT_ID, AUC_APPLIED]


def test_another_rating_of_ours_is_replaced() -> None:
    before = rated_order(replace(WARNING, ordered=replace(PET, rating=Rating.MAY_BE_APPROPRIATE)))
    after = rated_order(on(WARNING, before))
    assert codes(after)[1] == (ACR_RATING, "usually-not-appropriate")
    assert len([e for e in after["extension"] if e["url"] in annotation.EXTENSIONS]) == 4


@pytest.mark.parametrize("advice", [OPEN, CONFLICT, AFTER_MRI, SILENT[Verdict.NOT_APPLICABLE]])
def test_a_rating_that_no_longer_holds_is_removed(advice: Advice) -> None:
    assert annotated(advice) is None
    assert annotated(on(advice, rated_order())) == ORDER


def test_the_last_extension_takes_the_member_with_it() -> None:
    bare = {name: value for name, value in ORDER.items() if name != "extension"}
    assert annotated(on(OPEN, rated_order(on(WARNING, bare)))) == bare


@pytest.mark.parametrize("advice", [WARNING, OPEN, SILENT[Verdict.NO_CRITERIA]])
def test_another_mechanisms_rating_is_left_alone(advice: Advice) -> None:
    assert annotated(on(advice, {**ORDER, "extension": FOREIGN})) is None


def test_our_rating_is_known_by_its_system_when_the_mechanism_was_renamed() -> None:
    renamed = replace(on(WARNING, rated_order()), qcdsm="a-new-name")
    assert {"url": QCDSM_CONSULTED, "valueString": "a-new-name"} in rated_order(renamed)["extension"]


def test_an_unreadable_order_is_not_touched() -> None:
    assert annotated(on(SILENT[Verdict.UNREADABLE], rated_order())) is None


def test_an_order_without_an_id_cannot_be_updated() -> None:
    assert annotated(on(WARNING, {name: v for name, v in ORDER.items() if name != "id"})) is None


@pytest.mark.parametrize(
    "extension",
    [None, [], {}, "x", [None], ["x"], [{"url": ["odd"]}], [{"url": RATING, "valueCodeableConcept": None}]],
)
def test_odd_extensions_do_not_break_the_rating(extension: Any) -> None:
    order = {**ORDER, "extension": extension}
    annotation.annotation(on(OPEN, order), counting_ids())
    result = annotated(on(WARNING, order))
    odd_rating = isinstance(extension, list) and {"url": RATING, "valueCodeableConcept": None} in extension
    assert (result is None) == odd_rating
