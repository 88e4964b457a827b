"""Every case that a server can stand for, against the second FHIR server: same patients and expectations."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import yaml
from starlette.testclient import TestClient

from cds_service.consult import Desk
from cds_service.vignettes.bundle import chart_resources, fetchable, request
from tests.fhir_server import FhirServer
from tests.peers.medplum import part
from tests.vignettes.answers import assert_answered
from tests.vignettes.conftest import CASES, NOW
from tests.vignettes.decoys import decoys

FETCHABLE = {case.name: case for case in CASES if fetchable(case)}
FILES = {
    path.stem: [
        FETCHABLE[entry["name"]]
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["cases"]
        if entry["name"] in FETCHABLE
    ]
    for path in sorted(Path(__file__).parent.glob("*.yaml"))
}
FILE_OF = {case.name: name for name, cases in FILES.items() for case in cases}


@pytest.fixture(scope="module")
def peer(medplum: FhirServer) -> Callable[[str], FhirServer]:
    """By the name of a file, the part of the second server with its cases, filled when needed.

    The decoys come first, so that what a case is about stands on a later page of Conditions.
    """

    @cache
    def filled(file: str) -> FhirServer:
        server = part(medplum, file.replace("-", "_"))
        server.load(decoy for case in FILES[file] for decoy in decoys(case))
        server.load(resource for case in FILES[file] for resource in chart_resources(case, NOW.date()))
        return server

    return filled


@pytest.mark.parametrize("name", FILE_OF)
def test_http_without_prefetch(
    name: str, desk: Desk, service: TestClient, peer: Callable[[str], FhirServer]
) -> None:
    server = peer(FILE_OF[name])
    case = FETCHABLE[name]
    asked = request(case, NOW.date(), fhir_server=server.base, token=server.token)
    assert_answered(case, desk, service, asked)
