"""What tenants mean to the program as it is started: several workers, other files, refusals."""

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.callers import Caller
from tests.contract.requests import SELECT, hook_request
from tests.served import PROGRAM, Served, served

PUBLIC = "https://cds.example"
EHR = Caller()


def tenants_file(folder: Path, mode: str = "visible", **members: str) -> Path:
    (folder / "keys.json").write_text(json.dumps(EHR.key_set()))
    own = {"id": "north", "issuer": EHR.issuer, "jwks": "{file: keys.json}", "mode": mode, **members}
    path = folder / "new.yaml"
    path.write_text(
        "tenants:\n  - " + "\n    ".join(f"{name}: {value}" for name, value in own.items()) + "\n"
    )
    return path.replace(folder / "tenants.yaml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tenants")


@pytest.fixture(scope="module")
def workers(folder: Path) -> Iterator[Served]:
    """Two workers and one SQLite file."""
    environ = {
        "TENANTS": str(tenants_file(folder, rate_limit="1000/second")),
        "PUBLIC_URL": PUBLIC,
        "DATABASE_URL": f"sqlite:///{folder}/store.sqlite3",
        "HOST": "0.0.0.0",
    }
    with served("--workers", "2", **environ) as running:
        yield running


def post(base: str, body: object, headers: dict[str, str]) -> httpx.Response:
    """On a connection of its own, so that either worker may get it."""
    base = base.replace("0.0.0.0", "127.0.0.1")
    return httpx.post(f"{base}{SELECT}", json=body, headers=headers, timeout=60, trust_env=False)


def test_of_one_token_shown_to_all_workers_at_once_one_is_let_in(workers: Served) -> None:
    for _ in range(5):
        headers = EHR.bearer(PUBLIC + SELECT)
        with ThreadPoolExecutor(16) as callers:
            answers = list(callers.map(lambda _, h=headers: post(workers.base, hook_request(), h), range(16)))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [200] + [401] * 15


def test_every_worker_knows_of_a_tenant_that_was_switched_off(workers: Served, folder: Path) -> None:
    """A body that cannot be read tells whether anybody tried."""
    for mode, status in (("off", 200), ("visible", 400), ("off", 200)):
        tenants_file(folder, mode)
        answers = [post(workers.base, {}, EHR.bearer(PUBLIC + SELECT)) for _ in range(12)]
        assert {answer.status_code for answer in answers} == {status}


def test_a_body_of_a_caller_without_a_token_is_not_waited_for(workers: Served) -> None:
    base = workers.base.replace("0.0.0.0", "127.0.0.1")
    with httpx.Client(base_url=base, timeout=60, trust_env=False) as client:
        for _ in range(3):
            answer = client.post(
                SELECT, content=b" " * 9_000_000, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code == 401
            good = client.post(SELECT, json=hook_request(), headers=EHR.bearer(PUBLIC + SELECT))
            assert good.status_code == 200


def refused(**environ: str) -> str:
    """What the program says when it does not start."""
    variables = {f"LIVER_CDS_{name}": value for name, value in environ.items()}
    ran = subprocess.run(
        [PROGRAM, "serve", "--port", "0"],
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    return ran.stderr


def test_it_does_not_start_open_to_others() -> None:
    for host in ("0.0.0.0", "::", "10.1.2.3"):
        assert "listens on loopback only" in refused(HOST=host)
    assert "goes with a tenants file" in refused(DISCOVERY_TOKEN="required")


def test_it_does_not_start_without_knowing_its_address(tmp_path: Path) -> None:
    file = str(tenants_file(tmp_path))
    assert "LIVER_CDS_PUBLIC_URL" in refused(TENANTS=file, HOST="0.0.0.0")
    assert "write https" in refused(TENANTS=file, HOST="0.0.0.0", PUBLIC_URL="http://cds.example")


def test_it_does_not_start_with_a_faulty_file(tmp_path: Path) -> None:
    said = refused(TENANTS=str(tenants_file(tmp_path, "loud", profile="cerner")))
    assert f"{tmp_path}/tenants.yaml:5: tenants[0].mode: " in said
    assert f"{tmp_path}/tenants.yaml:6: tenants[0].profile: " in said
    assert "there is no file" in refused(TENANTS=str(tmp_path / "none.yaml"))
