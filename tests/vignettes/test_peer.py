"""A choice of cases of every file against the second FHIR server: same patients, same expectations."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from starlette.testclient import TestClient

from cds_service.consult import Desk
from cds_service.vignettes.bundle import chart_resources, fetchable, request
from cds_service.vignettes.case import Case
from tests.fhir_server import FhirServer
from tests.peers.medplum import part
from tests.vignettes.answers import assert_answered
from tests.vignettes.conftest import CASES, NOW
from tests.vignettes.decoys import decoys

# A whole run doubles the time of the suite: PEER_CASES_PER_FILE=999 asks for it.
OF_EACH_FILE = int(os.environ.get("PEER_CASES_PER_FILE", "3"))


def _chosen() -> Iterator[tuple[Case, ...]]:
    """Of every file the first case and others spread over the rest of it."""
    by_name = {case.name: case for case in CASES if fetchable(case)}
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        stated = yaml.safe_load(path.read_text(encoding="utf-8"))["cases"]
        held = [by_name[entry["name"]] for entry in stated if entry["name"] in by_name]
        step = max(1, len(held) // OF_EACH_FILE)
        yield tuple(held[::step][:OF_EACH_FILE])


CHOSEN = tuple(_chosen())


@pytest.fixture(scope="module")
def peers(medplum: FhirServer) -> dict[str, FhirServer]:
    """By the name of each chosen case, the part of the second server with the charts of its file's cases.

    The decoys come first, so that what a case is about stands on a later page of Conditions.
    """
    found: dict[str, FhirServer] = {}
    for number, cases in enumerate(CHOSEN):
        server = part(medplum, f"file{number}")
        server.load(decoy for case in cases for decoy in decoys(case))
        server.load(resource for case in cases for resource in chart_resources(case, NOW.date()))
        found |= {case.name: server for case in cases}
    return found


def test_enough_cases_are_chosen_of_every_file() -> None:
    assert all(CHOSEN)
    assert sum(map(len, CHOSEN)) >= 40


@pytest.mark.parametrize("case", [case for cases in CHOSEN for case in cases], ids=lambda case: case.name)
def test_http_without_prefetch(
    case: Case, desk: Desk, service: TestClient, peers: dict[str, FhirServer]
) -> None:
    server = peers[case.name]
    asked = request(case, NOW.date(), fhir_server=server.base, token=server.token)
    assert_answered(case, desk, service, asked)
