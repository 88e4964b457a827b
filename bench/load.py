"""Load on one server: wrk on one side, the kernel's account of the server's CPU on the other."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final, Literal

from bench.charts import MARK
from bench.servers import Server, post

# "fresh": another patient with another report each time. "again": the very same call, as when a hook
# fires at every click.
Mode = Literal["fresh", "again"]

SCRIPT: Final = Path(__file__).with_name("load.lua")
LONGEST_S: Final = 120
_numbers = count(int(MARK), 10_000_000)  # no two runs send the same number


@dataclass(frozen=True)
class Ran:
    """One run of one load. Times in microseconds."""

    requests: int
    per_s: float
    p50_us: float
    p99_us: float
    cpu_us: float  # user and system time of the server per request


def run(server: Server, body: bytes, *, connections: int = 1, seconds: int = 2, mode: Mode = "fresh") -> Ran:
    """Send `body` over and over. Raises RuntimeError when an answer was not a 2xx."""
    with _started(server, body, connections, seconds, mode) as wrk:
        before = server.cpu_s()
        told = json.loads(wrk.communicate()[0].splitlines()[-1])
        spent = server.cpu_s() - before
    if not told["requests"] and seconds < LONGEST_S:  # a busy machine: no answer came in time
        return run(server, body, connections=connections, seconds=4 * seconds, mode=mode)
    if told["bad"] or not told["requests"]:
        raise RuntimeError(f"{server.name} failed {told['bad']} of {told['requests']} requests")
    per_s = told["requests"] / told["us"] * 1e6
    return Ran(told["requests"], per_s, told["p50_us"], told["p99_us"], spent / told["requests"] * 1e6)


@contextmanager
def beside(server: Server, body: bytes, *, connections: int, seconds: int) -> Iterator[None]:
    """Keep the server busy with this load while something else is measured."""
    with _started(server, body, connections, seconds, "fresh") as wrk:
        yield
        wrk.terminate()


@contextmanager
def _started(
    server: Server, body: bytes, connections: int, seconds: int, mode: Mode
) -> Iterator["subprocess.Popen[str]"]:
    wrk = shutil.which("wrk")
    if wrk is None:
        raise RuntimeError("wrk is not installed: apt-get install wrk")
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        options = [f"-c{connections}", "-t1", f"-d{seconds}s", "--timeout=60s", "-s", str(SCRIPT), server.url]
        said = ["--", file.name, mode, MARK, str(next(_numbers))]
        command = [wrk, *options, *said]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            yield process


def posted(server: Server, body: bytes, times: int) -> float:
    """CPU microseconds of one request, over exactly so many of them, one after the other."""
    before = server.cpu_s()
    for _ in range(times):
        post(server.url, body.replace(MARK.encode(), str(next(_numbers)).encode()))
    return (server.cpu_s() - before) / times * 1e6


def post_all(server: Server, body: bytes, requests: int) -> float:
    """Send about so many requests, each of another patient; MB of the server afterwards."""
    sent = 0
    while sent < requests:
        sent += run(server, body, connections=4, seconds=5).requests
    return server.memory_mb()
