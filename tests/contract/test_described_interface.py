"""The service keeps to its own OpenAPI description: schemathesis makes up calls to each address from it.

A real process on a real socket, open and with a tenant whose caller shows a fresh token with each call.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.callers import Caller, encoded
from tests.served import Served, served

AUDIENCE = "https://cds.example/cds-services/liver-lesion-order-select"
CALLER = Caller()
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


@pytest.fixture(scope="module")
def open_service() -> Iterator[Served]:
    with served() as running:
        yield running


@pytest.fixture(scope="module")
def tenants_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("tenants")
    tenant = {
        "id": "north",
        "issuer": CALLER.issuer,
        "audiences": [AUDIENCE],
        "jwks": {"file": "keys.json"},
        "algorithms": [CALLER.algorithm],
        "fhir_servers": [CALLER.issuer],
    }
    (folder / "keys.json").write_text(json.dumps(CALLER.key_set()))
    (folder / "tenants.yaml").write_text(yaml.safe_dump({"tenants": [tenant]}))
    with served(TENANTS=str(folder / "tenants.yaml"), WORKBENCH="on") as running:
        yield running


@cache
def operations(base: str) -> list[APIOperation[Any, Any, Any, Any]]:
    """Every method and address that is described."""
    schema = schemathesis.openapi.from_url(f"{base}/openapi.json")
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


def call(service: Served, data: st.DataObject, headers: Mapping[str, str]) -> None:
    """One made-up call: as described, and then as anything but."""
    operation = data.draw(st.sampled_from(operations(service.base)))
    mode = data.draw(st.sampled_from(list(GenerationMode)))
    try:
        case = data.draw(operation.as_strategy(generation_mode=mode))
    except Unsatisfiable:
        return  # nothing about this address can be wrong
    case.call_and_validate(checks=CHECKS, headers=dict(headers))


@settings(max_examples=100)
@given(st.data())
def test_an_open_service(open_service: Served, data: st.DataObject) -> None:
    call(open_service, data, {})


@settings(max_examples=50)
@given(st.data())
def test_a_service_with_tenants(tenants_service: Served, data: st.DataObject) -> None:
    call(tenants_service, data, CALLER.bearer([AUDIENCE, f"{AUDIENCE}/feedback"]))


def test_without_a_token_nothing_but_the_open_pages_answers(tenants_service: Served) -> None:
    with tenants_service.client() as client:
        for operation in operations(tenants_service.base):
            if operation.method == "post":
                answer = client.post(operation.path, json={})
                assert (answer.status_code, answer.json()["issue"][0]["code"]) == (401, "login")


PARTS_OF_A_TOKEN = st.one_of(
    st.binary(max_size=60).map(encoded),
    st.dictionaries(
        st.sampled_from(["alg", "typ", "kid", "iss", "aud", "exp", "iat", "jti", "crit", "jku"]),
        st.none() | st.integers() | st.text(max_size=8) | st.sampled_from(["JWT", "ES384", "none", AUDIENCE]),
    ).map(lambda members: encoded(json.dumps(members).encode())),
    st.text("abcXYZ019-_=.+/", max_size=20),
)


@pytest.fixture(scope="module")
def stranger(tenants_service: Served) -> Iterator[httpx.Client]:
    with tenants_service.client() as client:
        yield client


@settings(max_examples=200)
@given(st.lists(PARTS_OF_A_TOKEN, max_size=4).map(".".join).filter(bool))
def test_whatever_is_shown_for_a_token_opens_nothing(stranger: httpx.Client, shown: str) -> None:
    headers = {"Authorization": f"Bearer {shown}"}
    answer = stranger.post("/cds-services/liver-lesion-order-select", json={}, headers=headers)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (401, "login")
