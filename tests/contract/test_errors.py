"""Every answer beside 2xx: its status, an OperationOutcome, and nothing of what was sent or of our inside."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.testclient import TestClient
from starlette.types import Message

from cds_service.app import create_app
from cds_service.errors import ContentFaulty
from cds_service.settings import Settings
from cds_service.web.body import BodyLimits, read_body
from tests.contract.requests import SELECT, SIGN, hook_request, order

SECRET = "Mrs-Private-Name"


def refused(answer: httpx2.Response, status: int) -> dict[str, Any]:
    """The one issue of an error answer."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    (issue,) = body["issue"]
    assert issue["severity"] == "error"
    assert issue["code"]
    assert issue["diagnostics"]
    return dict(issue)


@pytest.mark.parametrize(
    "body", ["{", "[]", '"x"', "null", '{"hook": "order-select", }', f'{{"{SECRET}": NaN}}', ""]
)
def test_what_is_no_json_object_is_400(client: TestClient, body: str) -> None:
    refused(client.post(SELECT, content=body, headers={"Content-Type": "application/json"}), 400)


@pytest.mark.parametrize("member", ["hook", "hookInstance", "context", "context.userId", "context.patientId"])
def test_a_missing_member_is_400_and_named(client: TestClient, member: str) -> None:
    request = hook_request()
    parent = request["context"] if "." in member else request
    parent[member.split(".")[-1]] = [SECRET]
    issue = refused(client.post(SELECT, json=request), 400)
    assert issue["expression"] == [member]
    assert member in issue["diagnostics"]


def test_another_services_hook_is_400(client: TestClient) -> None:
    assert refused(client.post(SIGN, json=hook_request("order-select")), 400)["expression"] == ["hook"]
    refused(client.post(SELECT, json=hook_request("patient-view")), 400)


@pytest.mark.parametrize(
    "path", ["/cds-services/other", "/nowhere", "/static/", "/cds-services/liver-lesion-order-select/x"]
)
def test_an_unknown_address_is_404(client: TestClient, path: str) -> None:
    assert refused(client.post(path, json=hook_request()), 404)["code"] == "not-found"
    refused(client.get(f"{path}?{SECRET}"), 404)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", SELECT), ("PUT", SIGN), ("POST", "/cds-services"), ("DELETE", "/livez")]
)
def test_a_wrong_method_is_405_and_says_which_would_do(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path)
    refused(answer, 405)
    assert answer.headers["Allow"]


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/fhir+xml", ""]
)
def test_another_media_type_is_415(client: TestClient, media_type: str) -> None:
    refused(
        client.post(SELECT, content=json.dumps(hook_request()), headers={"Content-Type": media_type}), 415
    )


def test_a_compressed_body_is_415(client: TestClient) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    refused(client.post(SELECT, content=b"\x1f\x8b", headers=headers), 415)


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", "Application/JSON", "application/fhir+json"]
)
def test_json_under_its_names_is_read(client: TestClient, media_type: str) -> None:
    answer = client.post(SELECT, content=json.dumps(hook_request()), headers={"Content-Type": media_type})
    assert answer.status_code == 200


def test_a_body_too_long_is_413_announced_or_not(client: TestClient) -> None:
    request = hook_request(x="x" * 300_000)
    refused(client.post(SELECT, json=request), 413)

    def in_pieces() -> Iterator[bytes]:
        text = json.dumps(request).encode()
        yield from (text[at : at + 1000] for at in range(0, len(text), 1000))

    answer = client.post(SELECT, content=in_pieces(), headers={"Content-Type": "application/json"})
    assert "Content-Length" not in answer.request.headers
    refused(answer, 413)


@pytest.mark.parametrize("member", ["draftOrders", "selections"])
def test_a_stripped_call_is_answered_without_cards(client: TestClient, member: str) -> None:
    request = hook_request()
    del request["context"][member]
    answer = client.post(SELECT, json=request)
    assert (answer.status_code, answer.json()) == (200, {"cards": []})


@pytest.mark.parametrize(
    "change",
    [
        {"fhirAuthorization": {"access_token": SECRET}},
        {"fhirAuthorization": SECRET, "fhirServer": 7},
        {"prefetch": [SECRET]},
        {"prefetch": {"conditions": "<html>"}},
        {"extension": {"x": 1}, "unknown": {"y": [SECRET]}},
    ],
)
def test_what_may_be_wrong_is_forgiven(client: TestClient, change: dict[str, Any]) -> None:
    answer = client.post(SELECT, json=hook_request(**change))
    assert (answer.status_code, answer.json()) == (200, {"cards": []})


def test_an_order_out_of_scope_is_answered_without_touching_the_chart(client: TestClient) -> None:
    server = {"fhirServer": "http://127.0.0.1:1/fhir"}  # would fail, slowly
    answer = client.post(SELECT, json=hook_request(**server))
    assert (answer.status_code, answer.json()) == (200, {"cards": []})
    assert answer.headers["Cache-Control"] == "no-store"


def liver_request() -> dict[str, Any]:
    biopsy = order(
        code={"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "47000"}]},
        reasonCode=[{"coding": [{"system": "http://snomed.info/sct", "code": "300331000"}]}],
    )
    request = hook_request()
    request["context"]["draftOrders"]["entry"] = [{"resource": biopsy}]
    return request


def test_no_problem_list_to_be_had_is_412(client: TestClient) -> None:
    for change in (
        {},
        {"fhirServer": "http://127.0.0.1:1/fhir"},
        {"fhirServer": "https://elsewhere.example"},
    ):
        issue = refused(client.post(SELECT, json={**liver_request(), **change}), 412)
        assert issue["code"] == "incomplete"
    assert client.post(SELECT, json={**liver_request(), "prefetch": {"conditions": None}}).status_code == 200


@pytest.fixture
def broken() -> Iterator[TestClient]:
    """A service with a bug: one more address, behind the same middleware, which raises."""
    app: FastAPI = create_app(Settings())

    @app.get("/bug")
    async def bug() -> None:
        raise KeyError(SECRET)

    @app.get("/bug-midway")
    async def bug_midway() -> Any:
        from fastapi.responses import StreamingResponse

        async def half() -> AsyncIterator[bytes]:
            yield b"half"
            raise KeyError(SECRET)

        return StreamingResponse(half())

    with TestClient(app, raise_server_exceptions=False) as service:
        yield service


def test_a_bug_is_500_and_logged_without_its_words(
    broken: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cds_service")
    assert refused(broken.get("/bug"), 500)["code"] == "exception"
    (record,) = [each for each in caplog.records if each.message == "fault"]
    fields = record.__dict__["fields"]
    assert fields["fault"] == "KeyError"
    assert any("test_errors.py" in place for place in fields["where"])
    assert SECRET not in str(fields)
    assert record.exc_info is None


def test_a_bug_after_the_answer_began_breaks_it_off(broken: TestClient) -> None:
    with pytest.raises(KeyError):
        TestClient(broken.app).get("/bug-midway")


def test_a_refusal_at_start_that_reaches_a_request_is_500(broken: TestClient) -> None:
    """Configuration and content are checked before anything is served; if not, that is our fault."""

    async def faulty() -> None:
        raise ContentFaulty([SECRET])

    app = broken.app
    assert isinstance(app, FastAPI)
    app.add_api_route("/faulty", faulty)
    refused(broken.get("/faulty"), 500)


def test_a_caller_that_hangs_up_is_no_fault_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    async def call() -> int:
        async def hangs_up() -> Message:
            return {"type": "http.disconnect"}

        scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
        with pytest.raises(HTTPException) as refusal:
            await read_body(Request(scope, hangs_up), BodyLimits())
        return refusal.value.status_code

    assert asyncio.run(call()) == 400
    assert not caplog.records
