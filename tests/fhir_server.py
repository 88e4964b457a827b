"""A real FHIR R4 server on loopback for tests: the `sekmet-fhir` package, loaded with transaction Bundles.

`from tests.fhir_server import fhir_server` in a conftest makes the session fixture `fhir_server`.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

TOKEN = "test-access-token"
CLIENT, SECRET = "test-client", "test-client-secret"  # may ask for tokens of smaller scope
BOOT_S = 40.0


@dataclass(frozen=True)
class FhirServer:
    """Where a server listens (`base`, no trailing slash) and a bearer token that it accepts."""

    base: str
    token: str = TOKEN

    def load(self, resources: Iterable[Mapping[str, Any]]) -> None:
        """Put every resource under its own id, in one transaction; a refused one fails the test."""
        entries = [
            {
                "fullUrl": f"{self.base}/{resource['resourceType']}/{resource['id']}",
                "resource": dict(resource),
                "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
            }
            for resource in resources
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/fhir+json"}
        answer = httpx.post(self.base, json=bundle, headers=headers, timeout=60, trust_env=False)
        assert answer.status_code == 200, answer.text[:2000]
        refused = [e["response"] for e in answer.json()["entry"] if e["response"]["status"][0] != "2"]
        assert refused == []

    def limited(self, scope: str) -> "FhirServer":
        """The same server with a token that the server itself grants no more than `scope` (SMART)."""
        answer = httpx.post(
            f"{self.base.removesuffix('/fhir')}/auth/token",
            data={"grant_type": "client_credentials", "scope": scope},
            auth=(CLIENT, SECRET),
            trust_env=False,
        )
        assert answer.status_code == 200, answer.text[:2000]
        return replace(self, token=answer.json()["access_token"])

    def access(self, patient_id: str) -> dict[str, Any]:
        """The members of a hook request that let a service query this server."""
        return {
            "fhirServer": self.base,
            "fhirAuthorization": {
                "access_token": self.token,
                "token_type": "Bearer",
                "expires_in": 300,
                "scope": "patient/*.read",
                "subject": "liver-lesion-cds",
                "patient": patient_id,
            },
        }


def free_port() -> int:
    """A port on loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _settings(port: int, folder: Path) -> str:
    return f"""\
base_url: http://127.0.0.1:{port}/fhir
host: 127.0.0.1
port: {port}
db_path: {folder / "fhir.db"}
data_dir: {folder / "data"}
own_private_key_path: {folder / "key.pem"}
server_auth:
  types: [bearer, smart]
  tokens: [{TOKEN}]
  smart_clients: [{{client_id: {CLIENT}, client_secret: {SECRET}}}]
validation: {{inbound: "off"}}
simulator: {{enabled: false}}
log_inbound: false
"""


@contextmanager
def running(
    command: Sequence[str], base: str, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[FhirServer]:
    """The server that `command` starts in `folder`, once it answers at `base`; ended in the end."""
    log = folder / "log.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=out, env={**os.environ, **(environment or {})}
        )
    try:
        _await_boot(process, base, log)
        yield FhirServer(base)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _await_boot(process: "subprocess.Popen[bytes]", base: str, log: Path) -> None:
    give_up = time.monotonic() + BOOT_S
    while time.monotonic() < give_up and process.poll() is None:
        try:
            if httpx.get(f"{base}/metadata", timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    process.kill()
    raise RuntimeError(f"the FHIR server did not start: {log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def fhir_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FhirServer]:
    """One server for the whole test session (one per xdist worker), empty at first."""
    folder, port = tmp_path_factory.mktemp("fhir-server"), free_port()
    (folder / "settings.yaml").write_text(_settings(port, folder))
    program = "from sekmet.cli import app; app()"
    command = [sys.executable, "-c", program, "serve", "--config", "settings.yaml"]
    with running(command, f"http://127.0.0.1:{port}/fhir", folder) as server:
        yield server
