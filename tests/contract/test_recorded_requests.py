"""Every recorded or published request is answered as it should be, and in the standard's shape."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from cards.invariants import violations
from cds_service.app import create_app
from cds_service.settings import Settings

EXAMPLES = Path(__file__).parent.parent / "data" / "examples"
FILES = sorted(EXAMPLES.glob("*/*.json"))
SERVICE_OF_HOOK = {"order-select": "liver-lesion-order-select", "order-sign": "liver-lesion-order-sign"}


@pytest.fixture(scope="module")
def service() -> Iterator[TestClient]:
    with TestClient(create_app(Settings())) as client:
        yield client


def _envelope(path: Path) -> dict[str, Any]:
    """The request in the file; a bare `context` gets the envelope that its file name tells."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if "hook" in found:
        return found
    hook = path.name.partition("-context")[0]
    return {"hook": hook, "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", **found}


def _drafts(asked: dict[str, Any]) -> list[dict[str, Any]]:
    bundle = asked["context"].get("draftOrders") or {}
    return [entry["resource"] for entry in bundle.get("entry", ())]


def _named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def test_there_are_examples_of_both_hooks_and_of_others() -> None:
    hooks = {_envelope(path)["hook"] for path in FILES}
    assert {*SERVICE_OF_HOOK, "patient-view", "order-dispatch"} <= hooks
    assert len(FILES) >= 30


@pytest.mark.parametrize("path", FILES, ids=_named)
def test_answered_as_it_stands(path: Path, service: TestClient) -> None:
    """None of these orders is about a liver lesion. Hooks that a service does not answer are refused."""
    asked = _envelope(path)
    answer = service.post(
        f"/cds-services/{SERVICE_OF_HOOK.get(asked['hook'], 'liver-lesion-order-select')}", json=asked
    )
    if asked["hook"] in SERVICE_OF_HOOK:
        assert (answer.status_code, answer.json()) == (200, {"cards": []})
    else:
        assert answer.status_code == 400
        assert answer.json()["resourceType"] == "OperationOutcome"


ORDERS = [path for path in FILES if _envelope(path)["hook"] in SERVICE_OF_HOOK and _drafts(_envelope(path))]


@pytest.mark.parametrize("path", ORDERS, ids=_named)
def test_answered_with_an_order_about_the_liver_put_in(path: Path, service: TestClient) -> None:
    """The same envelopes, prefetches and neighbours, with an order that the topic covers among the drafts.

    Where the problem list was not sent and the named server is not to be reached, that is a 412; where
    the recorded drafts are for another patient than the call, nothing is said.
    """
    asked = _envelope(path)
    context = asked["context"]
    order = {
        "resourceType": "ServiceRequest",
        "id": "liver",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": f"Patient/{context['patientId']}"},
        "code": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "74183"}]},
        "reasonCode": [{"text": "Liver lesion"}],
    }
    context["draftOrders"]["entry"].append({"resource": order})
    context["selections"] = [*context.get("selections", ()), "ServiceRequest/liver"]
    answer = service.post(f"/cds-services/{SERVICE_OF_HOOK[asked['hook']]}", json=asked)
    body = answer.json()
    if _is_of_several_patients(asked):
        assert body == {"cards": []}
    elif '"Condition"' in json.dumps(asked.get("prefetch")):  # under whatever key
        assert answer.status_code == 200
        assert violations(body, _drafts(asked)) == ()
    else:
        assert answer.status_code == 412
        assert body["resourceType"] == "OperationOutcome"


def _is_of_several_patients(asked: dict[str, Any]) -> bool:
    context = asked["context"]
    orders = [entry["resource"] for entry in context["draftOrders"]["entry"]]
    named = {ref["reference"] for o in orders for ref in (o.get("subject"), o.get("patient")) if ref}
    return named != {f"Patient/{context['patientId']}"}
