"""The servers under load, each a process of its own, and what the kernel counts of them."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.bodies import PATH
from cds_service.serving import FACTORY

TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
PATIENCE_S: Final = 60.0
SERVICE: Final = "service"
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
        """User and system time of all of its processes so far, those that ended included."""
        return sum(_cpu_ticks(pid) for pid in _family(self.process.pid)) / TICKS_PER_S

    def memory_mb(self, peak: bool = False) -> float:
        """Resident memory of its largest process, now or at its peak."""
        name = "VmHWM:" if peak else "VmRSS:"
        return max(_status_kb(pid, name) for pid in _family(self.process.pid)) / 1024


@contextmanager
def running(name: str, first: bytes, workers: int = 1) -> Iterator[Server]:
    """The server of this name, up and having answered `first`; stopped on leaving."""
    port = free_port()
    started = time.perf_counter()
    # Its own session: a worker that stays behind can be told from everybody else's processes.
    environ = {**os.environ, "LIVER_CDS_PORT": str(port), "LIVER_CDS_MAX_BODY_BYTES": "50000000"}
    command = [sys.executable, "-m", "bench.serve", APPS[name], str(port), str(workers)]
    process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}{PATH}"
        _await_answer(url, first, process)
        yield Server(name, url, process, time.perf_counter() - started)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)


def post(url: str, body: bytes) -> bytes:
    """The answer to one call."""
    asked = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - loopback
    with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:  # noqa: S310
        return bytes(answer.read())


def _await_answer(url: str, body: bytes, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            post(url, body)
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


def _cpu_ticks(pid: int) -> int:
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return int(after_name[11]) + int(after_name[12])


def _status_kb(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)
