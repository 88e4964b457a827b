"""Which pages there are, and what the workbench may do where callers of the service need a token."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from cds_service.activity import Activity, Window
from cds_service.app import build_desk
from cds_service.settings import Settings
from cds_service.web.analytics.access import Operator
from cds_service.web.visitors import Doors, routers

EXAMPLE = Path(__file__).parents[2] / "examples" / "reference-patient-pet-ct.json"
OPERATOR = Operator("the operator's password")


async def _nothing(_: Window) -> Activity:
    return Activity()


def _pages(doors: Doors) -> TestClient:
    app = FastAPI(openapi_url=None)
    for pages in routers(build_desk(Settings(), httpx.AsyncClient()), _nothing, doors):
        app.include_router(pages)
    return TestClient(app, client=("127.0.0.1", 1), raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("doors", "workbench", "analytics"),
    [
        (Doors(1000), 200, 200),
        (Doors(1000, operator=OPERATOR), 200, 401),
        (Doors(1000, workbench=False, tokens=True), 404, 404),
        (Doors(1000, workbench=False, tokens=True, operator=OPERATOR), 404, 401),
        (Doors(1000, workbench=True, tokens=True, operator=OPERATOR), 200, 401),
    ],
)
def test_pages_are_there_only_where_they_are_switched_on(
    doors: Doors, workbench: int, analytics: int
) -> None:
    client = _pages(doors)
    for path in ("/", "/guidelines/liver-lesion", "/guidelines/liver-lesion/variants/6"):
        assert client.get(path).status_code == workbench
    assert client.get("/analytics").status_code == analytics


def test_analytics_alone_leads_to_no_page_that_is_not_there() -> None:
    client = _pages(Doors(1000, workbench=False, operator=OPERATOR))
    page = client.get("/analytics", auth=("x", OPERATOR.password)).text
    assert 'href="/"' not in page
    assert "/guidelines/" not in page


@contextmanager
def _listening() -> Iterator[socket.socket]:
    """A server that nobody is to call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


@pytest.mark.parametrize(("tokens", "called"), [(False, True), (True, False)])
def test_where_tokens_are_needed_the_page_queries_no_fhir_server(tokens: bool, called: bool) -> None:
    asked = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    with _listening() as server:
        asked["fhirServer"] = f"http://127.0.0.1:{server.getsockname()[1]}/fhir"
        del asked["prefetch"]["observations"]
        page = _pages(Doors(100_000, tokens=tokens)).post("/", data={"request": json.dumps(asked)})
        assert page.status_code == 200
        try:
            server.accept()[0].close()
            reached = True
        except TimeoutError:
            reached = False
    assert reached is called
    assert ("Bearer $TOKEN" in page.text) is tokens
