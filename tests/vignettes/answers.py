"""What every way of asking over HTTP must answer."""

from typing import Any

from starlette.testclient import TestClient

from cards.invariants import violations
from cds_service.consult import Desk
from cds_service.vignettes.answered import response_differences
from cds_service.vignettes.case import Case


def assert_answered(case: Case, desk: Desk, service: TestClient, asked: dict[str, Any]) -> None:
    """The answer to a case's request is what the case expects, card by card or refused."""
    answer = service.post(f"/cds-services/liver-lesion-{case.hook}", json=asked)
    if case.expect.refused:
        assert answer.status_code == 412
        assert answer.json()["resourceType"] == "OperationOutcome"
        return
    assert answer.status_code == 200, answer.text
    drafts = [entry["resource"] for entry in asked["context"]["draftOrders"]["entry"]]
    assert violations(answer.json(), drafts) == ()
    assert response_differences(case, asked, answer.json(), desk.terms) == []
