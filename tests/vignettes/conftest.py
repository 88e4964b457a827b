"""What the vignettes run on: our service over HTTP, and a FHIR server that holds every chart."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from cds_service.app import build_desk, create_app
from cds_service.consult import Desk
from cds_service.settings import Settings
from cds_service.vignettes.bundle import chart_resources, fetchable
from cds_service.vignettes.case import Case
from cds_service.vignettes.reading import read_cases
from tests.fhir_server import FhirServer
from tests.peers.medplum import medplum
from tests.vignettes.decoys import decoys

__all__ = ["medplum"]

CASES = read_cases(Path(__file__).parent)
NOW = datetime.now(UTC)  # cases move along with the real day, since the service reads the real clock


@pytest.fixture(scope="session")
def cases() -> tuple[Case, ...]:
    """Every vignette."""
    return CASES


@pytest.fixture(scope="session")
def desk() -> Desk:
    """What a consultation in process needs; nothing is fetched with it."""
    return build_desk(Settings(), httpx.AsyncClient())


@pytest.fixture(scope="session")
def service() -> Iterator[TestClient]:
    """The open service. The FHIR server of the tests is slower than a real one, hence the deadline."""
    with TestClient(create_app(Settings(fhir_timeout_s=30.0))) as client:
        yield client


@pytest.fixture(scope="session")
def charts(fhir_server: FhirServer) -> FhirServer:
    """The FHIR server with the chart of every case that a server can stand for.

    It gives Conditions in the order in which they came, 20 to a page: the decoys fill the first one,
    and what a case is about is found only by following `next`.
    """
    told = [case for case in CASES if fetchable(case)]
    fhir_server.load(decoy for case in told for decoy in decoys(case))
    fhir_server.load(resource for case in told for resource in chart_resources(case, NOW.date()))
    return fhir_server
