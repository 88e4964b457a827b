"""`/docs`: the page and all of its parts come from the service, and it may load nothing from elsewhere."""

import re

import pytest
from starlette.testclient import TestClient

from cds_service.web.api_docs import PARTS

KINDS = {"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'"}


def policy(client: TestClient, path: str) -> dict[str, str]:
    stated = client.get(path).headers["Content-Security-Policy"]
    return dict(part.strip().split(" ", 1) for part in stated.split(";"))


def test_the_page_refers_to_nothing_but_this_service(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    referred = re.findall(r"(?:src|href)=\"([^\"]+)\"", page.text)
    assert {"/docs/start.js", "/docs/swagger-ui.js", "/docs/swagger-ui.css"} <= set(referred)
    assert "://" not in page.text
    for address in referred:
        if address.startswith("/"):
            assert client.get(address).status_code == 200
    assert not re.search(
        r"<script(?![^>]* src=)|\son\w+=|style=", page.text
    )  # nothing inline: the policy bars it


@pytest.mark.parametrize("path", sorted(PARTS))
def test_every_part_is_served_under_a_strict_policy(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert len(answer.content) > 100
    found = policy(client, path)
    assert {name: found[name] for name in KINDS} == KINDS
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert found["frame-ancestors"] == "'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_script_shows_our_own_description_and_tells_nobody(client: TestClient) -> None:
    script = client.get("/docs/start.js").text
    assert '"/openapi.json"' in script
    assert "validatorUrl: null" in script
    assert client.get("/redoc").status_code == 404
    assert client.get("/docs/oauth2-redirect").status_code == 404
