"""The public CDS Hooks Sandbox as a tenant: its tokens, its key set from a file, its requests and feedback.

Its signing key is public, so this proves that the two understand each other and nothing about who calls.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from cds_service.app import create_app
from cds_service.settings import Settings
from tests.callers import Caller

PUBLIC = "https://cds.example"
ORIGIN = "https://sandbox.cds-hooks.org"
SERVICES = "/cds-services"
SELECT = f"{SERVICES}/liver-lesion-order-select"
RECORDED = sorted((Path(__file__).parents[1] / "data" / "examples" / "sandbox-client").glob("*.json"))
ORDERS = [path for path in RECORDED if "order-" in path.name or "pama" in path.name]
# How it writes a token's header: with the address of its key set, which is not ours to fetch.
SANDBOX = Caller("ES384", kid="9c37bf73343adb93920a7ae80260b0e57684551e", issuer=ORIGIN)
HEADER = {"jku": f"{ORIGIN}/.well-known/jwks.json"}
TENANTS = f"""\
tenants:
  - id: sandbox
    issuer: {ORIGIN}
    jwks: {{file: sandbox-keys.json}}
    algorithms: [ES384]
    profile: sandbox
    cors_origins: ["{ORIGIN}"]
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("sandbox")
    (folder / "sandbox-keys.json").write_text(json.dumps(SANDBOX.key_set()))
    (folder / "tenants.yaml").write_text(TENANTS)
    database = f"sqlite:///{folder}/store.sqlite3"
    app = create_app(Settings(tenants=folder / "tenants.yaml", public_url=PUBLIC, database_url=database))
    with TestClient(app) as client:
        yield client


def headers(path: str) -> dict[str, str]:
    """As the browser sends them: a fresh token for exactly the URL that is called."""
    return {"Authorization": f"Bearer {SANDBOX.token(PUBLIC + path, HEADER)}", "Origin": ORIGIN}


def test_it_asks_first_and_then_reads_discovery(service: TestClient) -> None:
    preflight = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    allowed = service.options(SERVICES, headers=preflight)
    assert allowed.is_success
    assert allowed.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "authorization" in allowed.headers["Access-Control-Allow-Headers"].lower()
    found = service.get(SERVICES, headers=headers(SERVICES))
    assert found.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert len(found.json()["services"]) == 2


@pytest.mark.parametrize("path", ORDERS, ids=lambda path: path.stem)
def test_its_recorded_requests_are_let_in(service: TestClient, path: Path) -> None:
    asked: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    address = f"{SERVICES}/liver-lesion-{asked['hook']}"
    answer = service.post(address, json=asked, headers=headers(address))
    assert (answer.status_code, answer.json()["cards"]) == (200, [])
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_an_order_gets_its_card_with_the_rating_where_it_looks(service: TestClient) -> None:
    sample = json.loads(Path("examples/reference-patient-pet-ct.json").read_text(encoding="utf-8"))
    answer = service.post(SELECT, json=sample, headers=headers(SELECT)).json()
    assert answer["cards"][0]["uuid"]
    assert answer["extension"]["systemActions"]
    told = {"card": answer["cards"][0]["uuid"], "outcome": "accepted"}
    told |= {"outcomeTimestamp": "2026-11-22T12:43:28.271Z"}
    told |= {"acceptedSuggestions": [{"id": answer["cards"][0]["suggestions"][0]["uuid"]}]}
    feedback = f"{SELECT}/feedback"
    assert service.post(feedback, json={"feedback": [told]}, headers=headers(feedback)).is_success


def test_a_trailing_slash_in_its_address_makes_two(service: TestClient) -> None:
    """It then signs for, and calls, `/cds-services//id`."""
    doubled = f"{SERVICES}//liver-lesion-order-select"
    sample = json.loads(Path("examples/reference-patient-pet-ct.json").read_text(encoding="utf-8"))
    assert service.post(doubled, json=sample, headers=headers(doubled)).status_code == 200


def test_its_token_shown_twice_is_refused(service: TestClient) -> None:
    shown = headers(SELECT)
    sample = json.loads(Path("examples/reference-patient-pet-ct.json").read_text(encoding="utf-8"))
    statuses = [service.post(SELECT, json=sample, headers=shown).status_code for _ in range(2)]
    assert statuses == [200, 401]
