"""What whoever watches the process sees."""

import pytest
from starlette.testclient import TestClient


def test_up_and_ready(client: TestClient) -> None:
    assert client.get("/livez").json() == {"status": "up"}
    ready = client.get("/readyz").json()
    assert (ready["status"], ready["topic"]) == ("ready", "liver-lesion")
    assert len(ready["revision"]) == 16


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_a_probe_may_ask_with_head(client: TestClient, path: str) -> None:
    assert client.head(path).status_code == 200


def test_the_interface_is_described(client: TestClient) -> None:
    described = client.get("/openapi.json").json()["paths"]
    assert "/cds-services" in described
    assert "requestBody" in described["/cds-services/liver-lesion-order-select"]["post"]
    assert client.get("/docs").status_code == 200
