"""`GET /cds-services` against the standard's rows D-01 to D-18, P-01 to P-17 and J-01 to J-04."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.contract.requests import hook_request


@pytest.fixture
def services(client: TestClient) -> list[dict[str, Any]]:
    answer = client.get("/cds-services")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    listed = answer.json()["services"]
    assert isinstance(listed, list)
    return listed


def test_both_hooks_are_listed_once(services: list[dict[str, Any]]) -> None:
    assert [(each["id"], each["hook"]) for each in services] == [
        ("liver-lesion-order-select", "order-select"),
        ("liver-lesion-order-sign", "order-sign"),
    ]


def test_each_entry_has_the_members_of_the_standard_and_no_others(services: list[dict[str, Any]]) -> None:
    for service in services:
        assert set(service) == {
            *("id", "hook", "title", "description", "prefetch", "usageRequirements", "version", "hookVersion")
        }
        words = ("id", "hook", "title", "description", "usageRequirements", "version", "hookVersion")
        assert all(isinstance(service[name], str) and service[name].strip() for name in words)
        assert re.fullmatch(r"[a-z-]+", service["id"])
        assert re.fullmatch(r"\d+\.\d+\.\d+", service["version"])
        assert service["hookVersion"] == "1.0"


def test_prefetch_has_the_contracts_keys_and_root_level_tokens_only(services: list[dict[str, Any]]) -> None:
    for service in services:
        assert list(service["prefetch"]) == [
            *("patient", "conditions", "observations", "reports"),
            *("allergies", "devices", "procedures", "imaging"),
        ]
        for template in service["prefetch"].values():
            assert set(re.findall(r"\{\{(.*?)\}\}", template)) == {"context.patientId"}
            assert re.fullmatch(r"[A-Z][A-Za-z]+(/x|\?\S+)", re.sub(r"\{\{.*?\}\}", "x", template))


def test_nothing_is_null_or_empty(services: list[dict[str, Any]]) -> None:
    assert all(value not in (None, "", [], {}) for value in _values(services))


@pytest.mark.parametrize("path", ["/cds-services", "/cds-services/", "//cds-services", "//cds-services//"])
def test_surplus_slashes_are_forgiven(client: TestClient, path: str) -> None:
    answer = client.get(f"http://testserver{path}", follow_redirects=False)
    assert answer.status_code == 200
    assert len(answer.json()["services"]) == 2


@pytest.mark.parametrize("base", ["/cds-services", "/cds-services/", "/cds-services//"])
def test_every_id_is_an_address_that_answers(client: TestClient, base: str) -> None:
    for service in client.get("/cds-services").json()["services"]:
        answer = client.post(
            f"{base.rstrip('/')}/{'/' * (base.count('/') - 1)}{service['id']}",
            json=hook_request(service["hook"]),
        )
        assert (answer.status_code, answer.json()) == (200, {"cards": []})


def test_discovery_is_deterministic(client: TestClient) -> None:
    assert client.get("/cds-services").content == client.get("/cds-services").content


def _values(value: object) -> Iterator[object]:
    yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _values(child)
