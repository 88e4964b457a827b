"""Answers given before: the same request gets the same again, under new names; nothing else ever does."""

import asyncio
import json
import pickle
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from cds_service.answers import Answer, Answers
from cds_service.app import build_desk
from cds_service.auth.tenants import open_tenant
from cds_service.consult import Desk
from cds_service.errors import ChartUnavailable, RequestUnreadable
from cds_service.fhir.access.client import new_client
from cds_service.hooks import parse_request
from cds_service.settings import Settings
from cds_service.vignettes.bundle import request
from cds_service.vignettes.reading import read_cases
from cds_service.vignettes.scene import REFERENCE_DAY

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
SERVER = "https://fhir.example"
VIGNETTES = Path(__file__).parent.parent / "vignettes"
EXCHANGES = Path(__file__).parent.parent / "exchanges"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def desk() -> Desk:
    desk = build_desk(Settings(), new_client(1.0))
    return replace(desk, limits=replace(desk.limits, servers=(SERVER,)))


@pytest.fixture
def pet_ct() -> Json:
    asked: Json = json.loads((EXCHANGES / "pet-ct.json").read_text(encoding="utf-8"))["request"]
    return asked


def _answers(keep_s: float = 60.0, most: int = 100_000, clock: Callable[[], float] = lambda: 0.0) -> Answers:
    numbers = count(1)
    return Answers(lambda: f"00000000-0000-4000-8000-{next(numbers):012x}", keep_s, most, clock)


def _ask(answers: Answers, desk: Desk, asked: Json, now: datetime = NOW) -> Answer:
    return asyncio.run(answers.answer(parse_request(json.dumps(asked).encode()), desk, now))


def _ids(node: object) -> Iterator[str]:
    match node:
        case dict():
            yield from (value for key, value in node.items() if key == "uuid")
            yield from (one for value in node.values() for one in _ids(value))
        case list():
            yield from (one for value in node for one in _ids(value))


def _bare(answer: Answer) -> tuple[str, ...]:
    """Everything that is told, with the identifiers in their order of appearance."""
    text = bytes(answer.body).decode() + repr((answer.orders, answer.cards, answer.counts, answer.prefetch))
    head = "00000000-0000-4000-8000-"
    pieces = text.split(head)
    order = {name: str(place) for place, name in enumerate(dict.fromkeys(one[:12] for one in pieces[1:]))}
    return (pieces[0], *(order[one[:12]] + one[12:] for one in pieces[1:]))


def test_the_same_request_gets_the_same_answer_under_new_names(desk: Desk, pet_ct: Json) -> None:
    answers = _answers()
    first, second = (_ask(answers, desk, pet_ct) for _ in range(2))
    assert (first.again, second.again) == (False, True)
    assert _bare(first) == _bare(second)
    one, other = ({*_ids(json.loads(bytes(answer.body)))} for answer in (first, second))
    assert len(one) == len(other) > 3
    assert not one & other


def test_the_store_is_told_of_the_cards_that_were_sent(desk: Desk, pet_ct: Json) -> None:
    answers = _answers()
    for _ in range(2):
        answer = _ask(answers, desk, pet_ct)
        sent = {card["uuid"] for card in json.loads(bytes(answer.body))["cards"]}
        assert sent == {card.uuid for order in answer.orders for card in order.cards}


def test_who_asks_and_in_which_instance_is_all_the_same(desk: Desk, pet_ct: Json) -> None:
    answers = _answers()
    _ask(answers, desk, pet_ct)
    assert _ask(answers, desk, {**pet_ct, "hookInstance": "2d4dd3a8-3b2f-4a3e-8d5e-1c2f0a7e9b11"}).again


def _another_order(asked: Json) -> None:
    asked["context"]["draftOrders"]["entry"][0]["resource"]["note"] = [{"text": "urgent"}]


def _another_chart(asked: Json) -> None:
    asked["prefetch"]["conditions"]["entry"] = []


def _a_server(asked: Json) -> None:
    asked["fhirServer"] = SERVER


@pytest.mark.parametrize("change", [_another_order, _another_chart, _a_server])
def test_another_request_is_answered_anew(desk: Desk, pet_ct: Json, change: Callable[[Json], None]) -> None:
    answers = _answers()
    _ask(answers, desk, pet_ct)
    changed = deepcopy(pet_ct)
    change(changed)
    assert not _ask(answers, desk, changed).again


@pytest.mark.parametrize(
    "member", ["scope", "patient", "access_token"], ids=["what it opens", "for whom", "whether there is one"]
)
def test_another_grant_may_open_more(desk: Desk, pet_ct: Json, member: str) -> None:
    answers = _answers()
    granted = {"access_token": "t", "token_type": "Bearer", "scope": "", "patient": None}
    asked = {**pet_ct, "fhirServer": SERVER, "fhirAuthorization": granted}
    _ask(answers, desk, asked)
    assert _ask(answers, desk, {**asked, "fhirAuthorization": {**granted, "subject": "another"}}).again
    patient = pet_ct["context"]["patientId"]
    other = {"scope": "launch", "patient": patient, "access_token": None}[member]
    assert not _ask(answers, desk, {**asked, "fhirAuthorization": {**granted, member: other}}).again


def test_another_day_is_another_question(desk: Desk, pet_ct: Json) -> None:
    answers = _answers()
    _ask(answers, desk, pet_ct)
    assert _ask(answers, desk, pet_ct, NOW + timedelta(hours=8)).again
    assert not _ask(answers, desk, pet_ct, NOW + timedelta(days=1)).again


def test_no_desk_gives_the_answer_of_another(desk: Desk, pet_ct: Json) -> None:
    answers = _answers()
    _ask(answers, desk, pet_ct)
    plain = replace(desk, tenant=open_tenant(profile="plain"), seal=b"another")
    assert not _ask(answers, plain, pet_ct).again


def test_every_desk_has_its_own_seal(desk: Desk) -> None:
    assert build_desk(Settings(), desk.http).seal != desk.seal


def test_after_its_time_it_is_gone(desk: Desk, pet_ct: Json) -> None:
    now = [0.0]
    answers = _answers(keep_s=60, clock=lambda: now[0])
    _ask(answers, desk, pet_ct)
    now[0] = 59.0
    assert _ask(answers, desk, pet_ct).again
    now[0] = 61.0
    answers_held = pickle.dumps(answers._sealed)
    assert not _ask(answers, desk, pet_ct).again
    assert len(pickle.dumps(answers._sealed)) <= len(answers_held) + 100


def test_what_came_first_makes_room(desk: Desk, pet_ct: Json) -> None:
    answers = _answers(most=30_000)
    asked = [deepcopy(pet_ct) for _ in range(5)]
    for number, one in enumerate(asked):
        one["context"]["draftOrders"]["entry"][0]["resource"]["note"] = [{"text": f"number {number}"}]
        _ask(answers, desk, one)
    assert answers._held == sum(len(one.text) for one in answers._sealed.values()) <= 30_000
    assert _ask(answers, desk, asked[-1]).again
    assert not _ask(answers, desk, asked[0]).again


def test_switched_off(desk: Desk, pet_ct: Json) -> None:
    answers = _answers(keep_s=0)
    assert not any(_ask(answers, desk, pet_ct).again for _ in range(2))


def test_whoever_looks_into_memory_finds_no_word(desk: Desk, pet_ct: Json) -> None:
    answers = _answers()
    answer = _ask(answers, desk, pet_ct)
    kept = pickle.dumps((answers._sealed, answers._secret))
    for word in (b"MRI", b"lesion", b"cards", b"colorectal", pet_ct["context"]["patientId"].encode()):
        assert word not in kept
    assert b"MRI" in bytes(answer.body)


def _of(code: str, *, reason: str = "", sent: object = None) -> Json:
    """An order by its CPT code for p1; `reason`: the ICD-10-CM code of the problem that it refers to."""
    problem = {
        "resourceType": "Condition",
        "id": "c1",
        "subject": {"reference": "Patient/p1"},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": reason}]},
    }
    order = {
        "resourceType": "ServiceRequest",
        "id": "draft",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
        "code": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": code}]},
        "reasonReference": [{"reference": "Condition/c1"}] if reason else [],
    }
    context = {
        "userId": "Practitioner/1",
        "patientId": "p1",
        "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": order}]},
    }
    prefetch = {"conditions": problem} if reason else sent
    return {"hook": "order-sign", "hookInstance": "1", "context": context, "prefetch": prefetch}


def test_an_order_of_something_else_is_known_again_without_its_chart(desk: Desk) -> None:
    answers = _answers()
    _ask(answers, desk, _of("73721", sent={"patient": {"resourceType": "Patient", "id": "p1"}}))
    assert _ask(answers, desk, _of("73721", sent={})).again


def test_what_an_order_refers_to_was_looked_at(desk: Desk) -> None:
    answers = _answers()
    knee = _ask(answers, desk, _of("78815", reason="M25.561"))
    assert _ask(answers, desk, _of("78815", reason="M25.561")).again
    liver = _ask(answers, desk, _of("78815", reason="R93.2"))
    assert not liver.again
    assert [one.orders[0].verdict == "not-applicable" for one in (knee, liver)] == [True, False]


@respx.mock
def test_what_a_server_said_may_be_otherwise_the_next_time(desk: Desk, pet_ct: Json) -> None:
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": 0}
    asked = {**pet_ct, "fhirServer": SERVER}
    asked["prefetch"] = {name: one for name, one in pet_ct["prefetch"].items() if name != "allergies"}
    asked["prefetch"]["reports"] = pet_ct["prefetch"].get("reports", bundle)
    route = respx.get(url__startswith=SERVER).mock(return_value=httpx.Response(200, json=bundle))
    answers = _answers()
    assert not any(_ask(answers, desk, asked).again for _ in range(2))
    assert route.call_count >= 2


def test_a_fault_is_not_remembered(desk: Desk, pet_ct: Json) -> None:
    answers = _answers()
    for _ in range(2):
        with pytest.raises(ChartUnavailable):
            _ask(answers, desk, {**pet_ct, "prefetch": {}})
    twice = json.dumps(pet_ct).replace('"prefetch": {', '"prefetch": {"patient": null, "patient": null, ')
    for _ in range(2):
        with pytest.raises(RequestUnreadable):
            asyncio.run(answers.answer(parse_request(twice.encode()), desk, NOW))
    assert not answers._sealed


def test_every_vignette_is_answered_alike_the_second_time(desk: Desk) -> None:
    now = datetime.combine(REFERENCE_DAY, NOW.timetz())
    answers = _answers(most=50_000_000)
    checked = 0
    for case in read_cases(VIGNETTES):
        if case.expect.refused:
            continue
        asked = request(case, REFERENCE_DAY)
        first = _ask(answers, desk, asked, now)
        second = _ask(answers, desk, asked, now)
        assert _bare(first) == _bare(second), case.name
        checked += second.again
    assert checked > 300


def test_no_answer_is_given_to_what_only_looks_alike(desk: Desk) -> None:
    """Less of a chart, or another study ordered: told as by a service that remembers nothing."""
    now = datetime.combine(REFERENCE_DAY, NOW.timetz())
    answers, forgetful = _answers(most=50_000_000), _answers(keep_s=0)
    for case in read_cases(VIGNETTES)[::6]:
        if case.expect.refused:
            continue
        asked = request(case, REFERENCE_DAY)
        _ask(answers, desk, asked, now)
        for changed in _lookalikes(asked):
            found = _bare(_ask(answers, desk, changed, now))
            assert found == _bare(_ask(forgetful, desk, changed, now)), case.name


def _lookalikes(asked: Json) -> Iterator[Json]:
    for key in asked["prefetch"]:
        if key != "conditions":
            yield {**asked, "prefetch": {name: one for name, one in asked["prefetch"].items() if name != key}}
    other = deepcopy(asked)
    other["context"]["draftOrders"]["entry"][0]["resource"]["code"] = {"text": "CT abdomen with contrast"}
    yield other
