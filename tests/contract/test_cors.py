"""CORS rows X-01 to X-04: a browser's client can read every answer, errors included; others cannot."""

import json

import pytest
from starlette.testclient import TestClient

from tests.contract.conftest import SANDBOX
from tests.contract.requests import SELECT, hook_request

ALLOWED = ["http://localhost:8080", "http://127.0.0.1:3000", "http://localhost", SANDBOX]
FOREIGN = [
    "https://evil.example",
    "http://localhost.evil.test:8080",
    "http://localhost:8080.evil.test",
    "https://sandbox.example.evil.test",
    "null",
]


def preflight(client: TestClient, origin: str, path: str = SELECT, **headers: str) -> dict[str, str]:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = client.options(path, headers={**asked, **headers})
    return {"status": str(answer.status_code), **answer.headers}


@pytest.mark.parametrize("origin", ALLOWED)
@pytest.mark.parametrize("path", ["/cds-services", SELECT, "/cds-services//liver-lesion-order-select"])
def test_a_preflight_of_an_allowed_page(client: TestClient, origin: str, path: str) -> None:
    headers = preflight(client, origin, path)
    assert headers["status"] == "200"
    assert headers["access-control-allow-origin"] == origin
    assert {"GET", "POST", "OPTIONS"} <= set(headers["access-control-allow-methods"].split(", "))
    assert {"Authorization", "Content-Type"} <= set(headers["access-control-allow-headers"].split(", "))


def test_a_page_of_a_public_address_may_call_this_machine(client: TestClient) -> None:
    headers = preflight(client, SANDBOX, **{"Access-Control-Request-Private-Network": "true"})
    assert headers["access-control-allow-private-network"] == "true"


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_foreign_page_gets_no_permission(client: TestClient, origin: str) -> None:
    headers = preflight(client, origin)
    assert headers["status"] == "400"
    assert "access-control-allow-origin" not in headers
    answer = client.post(SELECT, json=hook_request(), headers={"Origin": origin})
    assert "access-control-allow-origin" not in answer.headers


def test_a_refused_preflight_is_an_operation_outcome_too(client: TestClient) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    assert client.options(SELECT, headers=asked).json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/cds-services", None, 200),
        ("POST", SELECT, json.dumps(hook_request()), 200),
        ("POST", SELECT, "{", 400),
        ("POST", "/cds-services/other", "{}", 404),
        ("GET", SELECT, None, 405),
        ("POST", SELECT, "x" * 300_000, 413),
    ],
)
def test_every_answer_can_be_read(
    client: TestClient, method: str, path: str, body: str | None, status: int
) -> None:
    headers = {"Origin": SANDBOX, "Content-Type": "application/json"}
    answer = client.request(method, path, content=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == SANDBOX
    assert "Origin" in answer.headers["Vary"]


def test_a_bug_can_be_read_too() -> None:
    from cds_service.app import create_app
    from cds_service.settings import Settings

    app = create_app(Settings())

    @app.get("/bug")
    async def bug() -> None:
        raise RuntimeError

    answer = TestClient(app, raise_server_exceptions=False).get(
        "/bug", headers={"Origin": "http://localhost:1"}
    )
    assert answer.status_code == 500
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:1"
