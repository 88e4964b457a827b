"""Every invariant can fail: one spoilt copy of a sound answer for each."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from cards.annotation import CONSULT_ID, RATING
from cards.compose import compose
from cards.invariants import violations
from cards.profiles import EPIC, SPEC
from cards.response import response_json
from tests.advices import ORDER, WARNING, counting_ids

Spoil = Callable[[dict[str, Any]], object]


def answer(epic: bool = False) -> dict[str, Any]:
    composed = compose(WARNING, EPIC if epic else SPEC, counting_ids())
    sound: dict[str, Any] = json.loads(json.dumps(response_json([composed], True, True)))
    return sound


def card(document: dict[str, Any]) -> dict[str, Any]:
    first: dict[str, Any] = document["cards"][0]
    return first


def suggestion(document: dict[str, Any]) -> dict[str, Any]:
    first: dict[str, Any] = card(document)["suggestions"][0]
    return first


def action(document: dict[str, Any]) -> dict[str, Any]:
    first: dict[str, Any] = suggestion(document)["actions"][0]
    return first


def extensions(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = action(document)["resource"]["extension"]
    return found


def link(document: dict[str, Any]) -> dict[str, Any]:
    first: dict[str, Any] = card(document)["links"][0]
    return first


SPOILT: list[tuple[str, Spoil]] = [
    ("C-01", lambda d: d.pop("cards")),
    ("C-01", lambda d: d.update(cards={})),
    ("J-02", lambda d: card(d).update(icon=None)),
    ("J-03", lambda d: card(d).update(links=[])),
    ("J-03", lambda d: d.update(systemActions=[])),
    ("C-03", lambda d: card(d).update(summary="")),
    ("C-03", lambda d: card(d).update(summary="x" * 140)),
    ("C-03", lambda d: card(d).update(summary="😀" * 70)),
    ("C-03", lambda d: card(d).update(summary="one\ntwo")),
    ("C-05", lambda d: card(d).update(detail="<b>x</b>")),
    ("C-06", lambda d: card(d).update(indicator="hard-stop")),
    ("C-13", lambda d: card(d).update(indicator="critical")),
    ("C-08", lambda d: card(d).pop("uuid")),
    ("C-08", lambda d: card(d).update(uuid=card(d)["uuid"].replace("0", "A"))),
    ("C-08", lambda d: card(d).update(uuid=suggestion(d)["uuid"])),
    ("C-09", lambda d: card(d).pop("selectionBehavior")),
    ("C-09", lambda d: card(d).pop("suggestions")),
    ("C-09", lambda d: card(d).update(selectionBehavior="all")),
    ("C-10", lambda d: card(d)["overrideReasons"][0].pop("display")),
    ("C-12", lambda d: card(d)["suggestions"][1].update(isRecommended=True)),
    ("C-07", lambda d: card(d).pop("source")),
    ("O-01", lambda d: card(d)["source"].pop("label")),
    ("O-02", lambda d: card(d)["source"].update(url="/about")),
    ("O-05", lambda d: card(d)["source"]["topic"].pop("code")),
    ("G-01", lambda d: suggestion(d).pop("label")),
    ("G-02", lambda d: suggestion(d).pop("uuid")),
    ("G-03", lambda d: suggestion(d).update(isRecommended="yes")),
    ("G-04", lambda d: suggestion(d).pop("actions")),
    ("G-06", lambda d: suggestion(d).update(actionSelectionBehavior="all")),
    ("A-01", lambda d: action(d).update(type="UPDATE")),
    ("A-02", lambda d: action(d).pop("description")),
    ("A-02", lambda d: d["systemActions"][0].pop("description")),
    ("A-03", lambda d: action(d).update(resource="ServiceRequest/x")),
    ("A-04", lambda d: action(d)["resource"].pop("id")),
    ("A-05", lambda d: action(d)["resource"].update(id="another")),
    ("L-01", lambda d: link(d).pop("label")),
    ("L-02", lambda d: link(d).update(type="web")),
    ("L-03", lambda d: link(d).update(url="javascript:alert(1)")),
    ("L-04", lambda d: link(d).update(appContext="x")),
    ("Y-06", lambda d: d["systemActions"].append(copy.deepcopy(d["systemActions"][0]))),
    ("Y-06", lambda d: d["extension"]["systemActions"].append(d["extension"]["systemActions"][0])),
    ("PA-06", lambda d: extensions(d)[1]["valueCodeableConcept"]["coding"].reverse()),
    ("PA-07", lambda d: extensions(d).pop([e["url"] for e in extensions(d)].index(CONSULT_ID))),
]
SPOILT_FOR_EPIC: list[tuple[str, Spoil]] = [
    ("A-06", lambda d: card(d)["suggestions"][1]["actions"][0].update(resourceId="pet-1")),
    ("A-06", lambda d: card(d)["suggestions"][1]["actions"][0].pop("resourceId")),
    ("A-07", lambda d: action(d)["resource"].update(resourceType="MedicationRequest")),
    ("A-08", lambda d: action(d)["resource"].update(id="x")),
    ("A-08", lambda d: action(d)["resource"].update(status="active")),
]


@pytest.mark.parametrize(("name", "spoil"), SPOILT)
def test_an_answer_that_breaks_a_condition_is_found(name: str, spoil: Spoil) -> None:
    document = answer()
    assert violations(document, [ORDER]) == ()
    spoil(document)
    assert name in {line.partition(" ")[0] for line in violations(document, [ORDER])}


@pytest.mark.parametrize(("name", "spoil"), SPOILT_FOR_EPIC)
def test_an_answer_for_epic_that_breaks_a_condition_is_found(name: str, spoil: Spoil) -> None:
    document = answer(epic=True)
    assert violations(document, [ORDER]) == ()
    spoil(document)
    assert name in {line.partition(" ")[0] for line in violations(document, [ORDER])}


def test_one_card_can_be_checked_alone() -> None:
    alone = card(answer())
    assert violations(alone) == ()
    alone["links"][0]["url"] = ""
    assert [line.partition(" ")[0] for line in violations(alone)] == ["J-03", "L-03"]


def test_empty_members_of_the_clients_own_order_are_the_clients() -> None:
    document = answer()
    action(document)["resource"]["reasonCode"] = []
    assert violations(document, [ORDER]) == ()


def test_an_empty_answer_is_sound() -> None:
    assert violations({"cards": []}) == ()


def test_the_rating_extension_is_found_where_the_spoiler_looks() -> None:
    assert extensions(answer())[1]["url"] == RATING
