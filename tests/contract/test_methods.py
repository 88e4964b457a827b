"""HEAD and OPTIONS where they belong, and 405 with what would do elsewhere."""

import pytest
from starlette.testclient import TestClient

from tests.contract.requests import SELECT

PAGES = (
    "/cds-services",
    "/cds-services/",
    "/livez",
    "/readyz",
    "/metrics",
    "/docs",
    "/docs/swagger-ui.css",
    "/openapi.json",
    "/guidelines/liver-lesion",
    "/guidelines/liver-lesion/variants/6",
    "/guidelines/liver-lesion/source-attributes",
)


@pytest.mark.parametrize("path", PAGES)
def test_head_tells_what_get_would_and_sends_no_body(client: TestClient, path: str) -> None:
    got, told = client.get(path), client.head(path)
    assert told.status_code == got.status_code == 200
    assert told.content == b""
    assert told.headers["Content-Type"] == got.headers["Content-Type"]
    if path != "/metrics":  # it counts this very call
        assert told.headers["Content-Length"] == got.headers["Content-Length"]


def test_head_of_nowhere_is_404_and_of_a_service_405(client: TestClient) -> None:
    assert client.head("/nowhere").status_code == 404
    refused = client.head(SELECT)
    assert (refused.status_code, refused.content) == (405, b"")


@pytest.mark.parametrize("path", PAGES)
def test_options_lists_the_methods_of_a_page(client: TestClient, path: str) -> None:
    answer = client.options(path)
    assert (answer.status_code, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("path", [SELECT, f"{SELECT}/feedback"])
def test_options_lists_the_methods_of_a_service(client: TestClient, path: str) -> None:
    answer = client.options(path)
    assert (answer.status_code, answer.headers["Allow"]) == (204, "OPTIONS, POST")


def test_options_of_nowhere_is_404(client: TestClient) -> None:
    assert client.options("/cds-services/other").status_code == 404


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "QUERY", "PROPFIND"])
def test_another_method_is_405_with_those_that_would_do(client: TestClient, method: str) -> None:
    for path, allowed in ((SELECT, "OPTIONS, POST"), ("/cds-services", "GET, HEAD, OPTIONS")):
        answer = client.request(method, path)
        assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
        assert answer.json()["resourceType"] == "OperationOutcome"
