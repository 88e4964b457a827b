"""The feedback endpoint as EHRs meet it (CDS Hooks 2.0.1, Feedback; and what EHRs send instead)."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from cds_service.store import tables
from cds_service.store.opening import open_engine, read_url
from cds_service.store.reading import bring_up_to_date
from cds_service.web.feedback_body import read_feedback
from tests.store.serving import AT, SELECT, accepted, feedback, overridden, service
from tests.store.stores import count, rows

REASON = {"code": "patient-refused", "system": "urn:reasons"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database of these tests alone."""
    return f"sqlite:///{tmp_path_factory.mktemp('feedback') / 'store.sqlite3'}"


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[TestClient]:
    """The service on that database."""
    with service(url) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_kept(url: str) -> None:
    """What earlier tests had it keep is gone."""
    bring_up_to_date(url)
    engine = open_engine(read_url(url)).engine
    with engine.begin() as connection:
        connection.execute(tables.feedback.delete())
    engine.dispose()


def _post(client: TestClient, body: object) -> Any:
    return client.post(f"{SELECT}/feedback", json=body)


def test_a_batch_is_kept_item_by_item(client: TestClient, url: str) -> None:
    answer = _post(client, feedback(accepted("c-1"), overridden("c-2"), accepted("c-3", "s-9")))
    assert (answer.status_code, answer.json()) == (200, {"received": 3})
    assert sorted((row["card"], row["outcome"]) for row in rows(url, tables.feedback)) == [
        ("c-1", "accepted"), ("c-2", "overridden"), ("c-3", "accepted"),
    ]  # fmt: skip


def test_the_same_call_again_is_answered_and_kept_once(client: TestClient, url: str) -> None:
    for _ in range(2):
        assert _post(client, feedback(accepted("c-1"))).status_code == 200
    assert (count(url, tables.feedback), count(url, tables.accepted)) == (1, 1)


@pytest.mark.parametrize(
    ("given", "system", "code", "comment"),
    [
        ({"overrideReason": {"reason": REASON}}, "urn:reasons", "patient-refused", ""),
        (
            {"overrideReason": {"reason": {**REASON, "display": "Refused"}}},
            "urn:reasons",
            "patient-refused",
            "",
        ),
        ({"overrideReason": {"userComment": "why not"}}, "", "", "why not"),
        ({"overrideReason": {"reason": REASON, "userComment": "w"}}, "urn:reasons", "patient-refused", "w"),
        ({"overrideReasons": {"reason": REASON, "userComment": "w"}}, "urn:reasons", "patient-refused", "w"),
        ({"overrideReasons": [{"reason": REASON}]}, "urn:reasons", "patient-refused", ""),
        ({"overrideReason": REASON}, "urn:reasons", "patient-refused", ""),
        ({"overrideReason": {"code": "x"}}, "", "x", ""),
        (
            {"overrideReason": {"extension": {"com.ehr.reason": [REASON]}}},
            "urn:reasons",
            "patient-refused",
            "",
        ),
        ({"extension": {"com.ehr.reason": REASON}}, "urn:reasons", "patient-refused", ""),
        ({"overrideReason": {"extension": {"com.ehr.text": "x"}}}, "", "", ""),
        ({"overrideReason": None}, "", "", ""),
        ({}, "", "", ""),
    ],
)
def test_an_override_is_read_in_every_spelling(
    given: dict[str, Any], system: str, code: str, comment: str
) -> None:
    (item,) = read_feedback(json.dumps(feedback(overridden("c-1", **given))).encode())
    assert (item.reason_system, item.reason_code, item.comment) == (system, code, comment)


def test_free_text_is_kept_apart(client: TestClient, url: str) -> None:
    said = {"reason": REASON, "userComment": "why not"}
    assert _post(client, feedback(overridden("c-1", overrideReasons=said))).status_code == 200
    (kept,) = rows(url, tables.feedback)
    assert (kept["reason_system"], kept["reason_code"]) == ("urn:reasons", "patient-refused")
    assert "why not" not in str(kept)
    assert [(row["feedback"], row["text"]) for row in rows(url, tables.comments)] == [(kept["id"], "why not")]


def test_one_bare_item_is_a_list_of_one(client: TestClient, url: str) -> None:
    assert _post(client, accepted("c-1")).json() == {"received": 1}
    assert count(url, tables.feedback) == 1


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2026-11-22T12:43:28.271Z", "2026-11-22T12:43:28.271000+00:00"),
        ("2026-11-22t12:43:28z", "2026-11-22T12:43:28+00:00"),
        ("2026-11-22 12:43:28 UTC", "2026-11-22T12:43:28+00:00"),
        ("2026-11-22T06:43:28-06:00", "2026-11-22T12:43:28+00:00"),
        ("2026-11-22T12:43:28.1234567Z", "2026-11-22T12:43:28.123456+00:00"),
    ],
)
def test_a_moment_is_read_in_every_spelling(sent: str, kept: str) -> None:
    (item,) = read_feedback(json.dumps(accepted("c-1", outcomeTimestamp=sent)).encode())
    assert item.at.isoformat() == kept


@pytest.mark.parametrize(
    "sent", ["8F0E7A52-5E2B-4A30-9C60-0C7C3F0E9D11", "urn:uuid:8f0e7a52-5e2b-4a30-9c60-0c7c3f0e9d11"]
)
def test_a_cards_uuid_is_known_again(sent: str) -> None:
    (item,) = read_feedback(json.dumps(accepted(sent, sent)).encode())
    assert item.card == item.accepted[0] == "8f0e7a52-5e2b-4a30-9c60-0c7c3f0e9d11"


FAULTY: list[tuple[object, str]] = [
    ({}, "feedback"),
    ({"feedback": []}, "feedback"),
    ({"feedback": {}}, "feedback"),
    ({"feedback": None}, "feedback"),
    (feedback("SECRET"), "feedback[0]"),
    (feedback(accepted("c-1"), {**accepted("c-2"), "outcome": "SECRET"}), "feedback[1].outcome"),
    (feedback({**accepted("c-1"), "outcome": ["accepted"]}), "feedback[0].outcome"),
    (feedback({**accepted("c-1"), "outcome": "ignored"}), "feedback[0].outcome"),
    (feedback({"outcome": "accepted"}), "feedback[0].card"),
    (feedback(accepted(" ")), "feedback[0].card"),
    (feedback(accepted("SECRET" * 40)), "feedback[0].card"),
    (feedback(accepted("SECRET\x00")), "feedback[0].card"),
    (feedback({**accepted("c-1"), "card": 7}), "feedback[0].card"),
    (feedback({"card": "c-1", "outcome": "overridden"}), "feedback[0].outcomeTimestamp"),
    (feedback(accepted("c-1", outcomeTimestamp="SECRET")), "feedback[0].outcomeTimestamp"),
    (feedback(accepted("c-1", outcomeTimestamp="2026-11-22")), "feedback[0].outcomeTimestamp"),
    (feedback(accepted("c-1", outcomeTimestamp="2026-11-22T12:00:00")), "feedback[0].outcomeTimestamp"),
    (feedback(accepted("c-1", outcomeTimestamp="2026-02-30T12:00:00Z")), "feedback[0].outcomeTimestamp"),
    (feedback(accepted("c-1", outcomeTimestamp="0001-01-01T00:00:00+14:00")), "feedback[0].outcomeTimestamp"),
    (feedback(accepted("c-1", outcomeTimestamp=1764000000)), "feedback[0].outcomeTimestamp"),
    (feedback(overridden("c-1", outcome="accepted")), "feedback[0].acceptedSuggestions"),
    (feedback(accepted("c-1", acceptedSuggestions=[])), "feedback[0].acceptedSuggestions"),
    (feedback(accepted("c-1", acceptedSuggestions=["SECRET"])), "feedback[0].acceptedSuggestions[0]"),
    (feedback(accepted("c-1", acceptedSuggestions=[{}])), "feedback[0].acceptedSuggestions[0].id"),
    (feedback(overridden("c-1", overrideReason={})), "feedback[0].overrideReason"),
    (feedback(overridden("c-1", overrideReason="SECRET")), "feedback[0].overrideReason"),
    (feedback(overridden("c-1", overrideReasons=[REASON, REASON])), "feedback[0].overrideReasons"),
    (feedback(overridden("c-1", overrideReason={"userComment": " "})), "feedback[0].overrideReason"),
    (feedback(overridden("c-1", overrideReason={"userComment": 1})),
     "feedback[0].overrideReason.userComment"),
    (feedback(overridden("c-1", overrideReason={"reason": "SECRET"})), "feedback[0].overrideReason.reason"),
    (feedback(overridden("c-1", overrideReason={"reason": {}})), "feedback[0].overrideReason.reason.code"),
    (feedback(overridden("c-1", overrideReason={"reason": {"code": "x", "system": 1}})),
     "feedback[0].overrideReason.reason.system"),
    ({"card": "c-1", "outcome": "SECRET"}, "outcome"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "member"), FAULTY)
def test_a_faulty_item_is_named_and_nothing_of_the_call_is_kept(
    client: TestClient, url: str, body: dict[str, Any], member: str
) -> None:
    if isinstance(body.get("feedback"), list) and body["feedback"]:
        body = {"feedback": [*body["feedback"], overridden("c-9")]}
    answer = _post(client, body)
    assert answer.status_code == 400
    (issue,) = answer.json()["issue"]
    assert issue["expression"] == [member]
    assert "SECRET" not in answer.text
    assert count(url, tables.feedback) == 0


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'"x"', b'{"feedback": [NaN]}', b'{"card":"a","card":"b"}']
)
def test_what_is_no_json_object_is_refused(client: TestClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert client.post(f"{SELECT}/feedback", content=body, headers=headers).status_code == 400


def test_text_that_a_database_cannot_hold_costs_that_character(client: TestClient, url: str) -> None:
    said = {"userComment": "one\x00two \ud83d three"}
    body = json.dumps(feedback(overridden("c-1", overrideReason=said)))
    headers = {"Content-Type": "application/json"}
    assert client.post(f"{SELECT}/feedback", content=body, headers=headers).status_code == 200
    assert [row["text"] for row in rows(url, tables.comments)] == ["onetwo \ufffd three"]


def test_other_addresses_methods_and_media_types_are_refused(client: TestClient) -> None:
    body = feedback(accepted("c-1"))
    assert client.post("/cds-services/another/feedback", json=body).status_code == 404
    assert client.get(f"{SELECT}/feedback").status_code == 405
    assert client.post(f"{SELECT}/feedback", data={"card": "c-1"}).status_code == 415


def test_a_browser_may_send_it(client: TestClient) -> None:
    headers = {
        "Origin": "http://localhost:8080",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = client.options(f"{SELECT}/feedback", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:8080"


def test_free_text_is_neither_logged_nor_counted(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "cds_service")
    said = {"reason": {**REASON, "display": "Wilhelmina"}, "userComment": "Oaktree"}
    assert _post(client, feedback(overridden("c-1", overrideReason=said))).status_code == 200
    logged = " ".join(str(record.__dict__) for record in caplog.records)
    assert "overridden" in logged
    exposed = client.get("/metrics").text
    assert 'liver_cds_feedback_total{outcome="overridden",tenant="open"}' in exposed
    for words in ("Wilhelmina", "Oaktree"):
        assert words not in logged + exposed


def test_the_sandboxs_own_feedback_is_kept(client: TestClient, url: str) -> None:
    coded = {"reason": {"code": "pt-pref", "system": "urn:o"}}
    for item in (accepted("card-1", "sg-1"), overridden("card-9", outcomeTimestamp=AT, overrideReason=coded)):
        assert _post(client, feedback(item)).status_code == 200
    assert count(url, tables.feedback) == 2
