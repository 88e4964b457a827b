"""A second, independent FHIR R4 server for tests: Medplum's router in memory, behind `medplum.js`.

`make test` installs its packages from `package-lock.json`.
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fhir_server import TOKEN, FhirServer, free_port, running

HERE = Path(__file__).parent


def part(server: FhirServer, name: str) -> FhirServer:
    """A part of the server with charts of its own: a search takes longer the more resources there are."""
    return replace(server, base=server.base.replace("/main/", f"/{name}/"))


@pytest.fixture(scope="session")
def medplum(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FhirServer]:
    """One server for the whole test session (one per xdist worker), empty at first."""
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules").is_dir():
        pytest.fail("the second FHIR server is not installed: run `make peers`")
    folder, port = tmp_path_factory.mktemp("medplum"), free_port()
    command = [node, str(HERE / "medplum.js"), str(port)]
    with running(command, f"http://127.0.0.1:{port}/main/fhir", folder, {"PEER_TOKEN": TOKEN}) as server:
        yield server
