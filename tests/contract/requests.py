"""Hook requests for the contract tests: an order that has nothing to do with the liver."""

from typing import Any

SELECT = "/cds-services/liver-lesion-order-select"
SIGN = "/cds-services/liver-lesion-order-sign"


def order(**members: Any) -> dict[str, Any]:
    """A draft for an MRI of the knee."""
    return {
        "resourceType": "ServiceRequest",
        "id": "knee",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
        "code": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "73721"}]},
        **members,
    }


def hook_request(hook: str = "order-select", **members: Any) -> dict[str, Any]:
    """A whole request. `members` replace those at the root."""
    context: dict[str, Any] = {
        "userId": "Practitioner/1",
        "patientId": "p1",
        "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": order()}]},
    }
    if hook == "order-select":
        context["selections"] = ["ServiceRequest/knee"]
    base = {"hook": hook, "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "context": context}
    return {**base, **members}
