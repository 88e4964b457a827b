"""The servers under load, each a process of its own, and what the kernel counts of them."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.bodies import PATH
from bench.tokens import Ehr
from cds_service.serving import FACTORY

PATIENCE_S: Final = 60.0
SERVICE: Final = "service"
PROGRAM: Final = "liver-cds serve"  # the service as it is started by people, with the program's own start
FLOOR_A: Final = "floor (a)"
FLOOR_B: Final = "floor (b)"
APPS: Final = {FLOOR_A: "bench.floors:bare", FLOOR_B: "bench.floors:framework", SERVICE: FACTORY}


@dataclass(frozen=True)
class Server:
    """One server that runs. `started_s`: from its start to its first answer, in seconds."""

    name: str
    url: str
    process: subprocess.Popen[bytes] = field(repr=False)
    started_s: float

    def cpu_s(self) -> float:
        """User and system time of all of its processes so far."""
        return sum(_cpu_ns(pid) for pid in _family(self.process.pid)) / 1e9

    def memory_mb(self, peak: bool = False) -> float:
        """Resident memory of its largest process, now or at its peak."""
        name = "VmHWM:" if peak else "VmRSS:"
        return max(_status_kb(pid, name) for pid in _family(self.process.pid)) / 1024


@contextmanager
def running(
    name: str, first: bytes, workers: int = 1, *, ehr: Ehr | None = None, state: Path | None = None
) -> Iterator[Server]:
    """The server of this name, up and having answered `first`; stopped on leaving.

    `ehr`: it asks for this EHR's tokens, else for none. `state`: where its store is, default: a new one.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}{PATH}"
    token = {"Authorization": f"Bearer {next(ehr.tokens('RS384', url, 1))}"} if ehr else {}
    command = [sys.executable, "-m", "bench.serve", APPS.get(name, ""), str(port), str(workers)]
    if name == PROGRAM:
        command = [str(Path(sys.executable).with_name("liver-cds")), "serve"]
    with TemporaryDirectory() as folder:
        environ = {**_environ(port, state or Path(folder)), **(_with_tenants(ehr, port) if ehr else {})}
        started = time.perf_counter()
        process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _await_answer(url, first, process, token)
            yield Server(name, url, process, time.perf_counter() - started)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)


def _environ(port: int, state: Path) -> dict[str, str]:
    """Settings of whoever measures do not count."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("LIVER_CDS_")}
    ours = {"PORT": str(port), "MAX_BODY_BYTES": "50000000", "DRAIN_S": "0"}
    return {
        **own,
        **{f"LIVER_CDS_{name}": value for name, value in ours.items()},
        "XDG_STATE_HOME": str(state),
    }


def _with_tenants(ehr: Ehr, port: int) -> dict[str, str]:
    return {"LIVER_CDS_TENANTS": str(ehr.tenants), "LIVER_CDS_PUBLIC_URL": f"http://127.0.0.1:{port}"}


def post(url: str, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """The answer to one call."""
    told = {"Content-Type": "application/json", **(headers or {})}
    asked = urllib.request.Request(url, body, told)  # noqa: S310 - loopback
    with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:  # noqa: S310
        return bytes(answer.read())


def _await_answer(url: str, body: bytes, process: subprocess.Popen[bytes], token: Mapping[str, str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            post(url, body, token)
        except urllib.error.HTTPError:
            raise
        except OSError:
            time.sleep(0.005)
        else:
            return
    raise RuntimeError(f"no answer at {url}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _family(pid: int) -> list[int]:
    """The process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [pid, *(child for each in children.split() for child in _family(int(each)))]


def _cpu_ns(pid: int) -> int:
    """Of all its threads, to the nanosecond: /proc/PID/stat counts in hundredths of a second."""
    return sum(int(each.read_text().split()[0]) for each in Path(f"/proc/{pid}/task").glob("*/schedstat"))


def _status_kb(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)
