"""Request ids, counts and probes, as callers and whoever watches the process see them."""

import asyncio
import json
import logging
import re

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from cds_service.app import create_app
from cds_service.settings import Settings
from cds_service.web import health, log
from cds_service.web.health import Check, Standing
from cds_service.web.stopping import Stopping
from cds_service.web.watched import name_of
from tests.contract.requests import SELECT, hook_request
from tests.unit.test_metrics import values

OURS = re.compile("[0-9a-f]{32}")
SERVICES = frozenset(("liver-lesion-order-select",))


@pytest.mark.parametrize(
    "sent",
    [
        "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "D1577C69-DFBE-44AD-BA6D-3E05E953B2EA",
        "0af7651916cd43dd8448eb211c80319c",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    ],
)
def test_a_callers_request_id_is_kept(client: TestClient, sent: str) -> None:
    assert client.get("/livez", headers={"X-Request-ID": sent}).headers["X-Request-ID"] == sent


@pytest.mark.parametrize(
    "sent", ["", "Johnson-Mary", "MRN-00471108", "4711081547110815", "a" * 65, "x\ty", "é", "0af7<script>"]
)
def test_what_a_person_could_have_typed_is_replaced(client: TestClient, sent: str) -> None:
    answer = client.get("/livez", headers={b"X-Request-ID": sent.encode()})
    assert OURS.fullmatch(answer.headers["X-Request-ID"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/cds-services", 200),
        ("GET", "/no-such-page", 404),
        ("DELETE", "/cds-services", 405),
        ("POST", SELECT, 415),
        ("OPTIONS", "/cds-services", 400),
    ],
)
def test_every_answer_names_its_request(client: TestClient, method: str, path: str, status: int) -> None:
    preflight = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    answer = client.request(method, path, headers=preflight if method == "OPTIONS" else {})
    assert answer.status_code == status
    assert OURS.fullmatch(answer.headers["X-Request-ID"])


def test_a_web_page_may_read_the_request_id(client: TestClient) -> None:
    answer = client.get("/cds-services", headers={"Origin": "https://sandbox.example"})
    assert "X-Request-ID" in answer.headers["Access-Control-Expose-Headers"]


def test_a_refusal_is_logged_with_its_request_id(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cds_service")
    answer = client.get("/Patient/planted-4711?name=planted")
    (fields,) = [record.__dict__["fields"] for record in caplog.records if record.getMessage() == "refused"]
    assert fields["request_id"] == answer.headers["X-Request-ID"]
    assert (fields["status"], fields["service"]) == (404, "other")
    assert "planted" not in json.dumps(fields)


def test_calls_are_counted_under_names_of_ours() -> None:
    with TestClient(create_app(Settings(max_body_bytes=200_000))) as client:
        client.post(SELECT, json=hook_request())
        client.post(f"{SELECT}/", json={})
        client.get("/cds-services")
        client.get("/Patient/planted-4711")
        client.post("/cds-services/planted/feedback", json={})
        page = client.get("/metrics")
    assert page.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    calls = {labels: n for labels, n in values(page.content, "liver_cds_requests_total").items() if n}
    assert calls == {  # by service, status, tenant
        ("liver-lesion-order-select", "200", "open"): 1,
        ("liver-lesion-order-select", "400", "open"): 1,
        ("discovery", "200", "none"): 1,
        ("other", "404", "none"): 2,
    }
    assert "planted" not in page.text


def test_lines_of_the_log_that_need_a_look_are_counted() -> None:
    with TestClient(create_app(Settings())) as client:
        log.log_event("tenants file refused", logging.ERROR, words="tenants[0].id: is missing")
        log.log_event("consultation")
        counted = values(client.get("/metrics").content, "liver_cds_warnings_total")
    assert counted == {("tenants file refused", "error"): 1}


async def _slow() -> Standing:
    await asyncio.sleep(60)
    return Standing(True, "at last")


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        ("/readyz", 503, {"store": "not reachable", "keys": "known", "process": "serving"}),
        ("/readyz?exclude=store", 200, {"keys": "known", "process": "serving"}),
        ("/readyz?exclude=store&exclude=keys&exclude=other", 200, {"process": "serving"}),
    ],
)
def test_a_check_may_be_left_out(asked: str, status: int, told: dict[str, str]) -> None:
    """What a load balancer does with the store: losing it costs no card, and no replica."""
    standings = {"store": Standing(False, "not reachable"), "keys": Standing(True, "known")}

    def saying(standing: Standing) -> Check:
        async def check() -> Standing:
            return standing

        return check

    checks = {name: saying(standing) for name, standing in standings.items()}
    app = FastAPI()
    app.include_router(health.router(lambda: {"topic": "x"}, checks, Stopping(0)))
    answer = TestClient(app).get(asked)
    assert (answer.status_code, answer.json()["checks"]) == (status, told)
    assert answer.json()["status"] == ("ready" if status == 200 else "not ready")


def test_a_check_that_does_not_end_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_S", 0.01)
    app = FastAPI()
    app.include_router(health.router(dict, {"slow": _slow}, Stopping(0)))
    answer = TestClient(app).get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["slow"]) == (503, "no answer in time")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "workbench"),
        ("/cds-services", "discovery"),
        ("/cds-services//", "discovery"),
        ("/cds-services//liver-lesion-order-select", "liver-lesion-order-select"),
        ("/cds-services/liver-lesion-order-select/feedback", "feedback"),
        ("/cds-services/any", "other"),
        ("/cds-services/any/feedback", "other"),
        ("/guidelines/liver-lesion/variants/3", "guidelines"),
        ("/Patient/p1", "other"),
    ],
)
def test_a_path_has_one_of_few_names(path: str, name: str) -> None:
    assert name_of(path, SERVICES) == name
