"""The service as a client meets it."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from cds_service.app import create_app
from cds_service.settings import Settings

SANDBOX = "https://sandbox.example"


@pytest.fixture(scope="session")
def client() -> Iterator[TestClient]:
    """One open service with default settings and one origin more. Faults arrive as answers, not as raises."""
    app = create_app(Settings(open_origins=(SANDBOX,), max_body_bytes=200_000))
    with TestClient(app, raise_server_exceptions=False) as service:
        yield service
