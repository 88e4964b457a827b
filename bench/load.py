"""Load on one server: wrk on one side, the kernel's account of the server's CPU on the other."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal, TypeAlias

from bench.charts import MARK
from bench.servers import Server, post

# "fresh": another patient with another report each time. "again": the very same call, as when a hook
# fires at every click.
Mode = Literal["fresh", "again"]
Sign: TypeAlias = Callable[[int], Iterable[str]]  # so many tokens, none of which was used yet

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


@dataclass(frozen=True)
class Sending:
    """How a load is sent. `sign`: requests carry tokens; `tokens`: so many are made for them."""

    connections: int = 1
    seconds: int = 2
    mode: Mode = "fresh"
    sign: Sign | None = None
    tokens: int = 1_500


def run(server: Server, bodies: Sequence[bytes], how: Sending) -> Ran:
    """Send `bodies` over and over, in turn. Raises RuntimeError when an answer was not a 2xx."""
    tokens = list(how.sign(how.tokens)) if how.sign else []
    with _started(server, bodies, how, tokens) as wrk:
        before = server.cpu_s()
        told = json.loads(wrk.communicate()[0].splitlines()[-1])
        spent = server.cpu_s() - before
    if not told["requests"] and how.seconds < LONGEST_S:  # a busy machine: no answer came in time
        return run(server, bodies, replace(how, seconds=4 * how.seconds))
    if tokens and told["bad"] and told["requests"] + how.connections >= len(tokens):  # some were sent twice
        return run(server, bodies, replace(how, tokens=3 * how.tokens))
    if told["bad"] or not told["requests"]:
        raise RuntimeError(f"{server.name} failed {told['bad']} of {told['requests']} requests")
    per_s = told["requests"] / told["us"] * 1e6
    return Ran(told["requests"], per_s, told["p50_us"], told["p99_us"], spent / told["requests"] * 1e6)


@contextmanager
def beside(server: Server, body: bytes, *, connections: int, seconds: int) -> Iterator[None]:
    """Keep the server busy with this load while something else is measured."""
    with _started(server, [body], Sending(connections, seconds), []) as wrk:
        yield
        wrk.terminate()


@contextmanager
def _started(
    server: Server, bodies: Sequence[bytes], how: Sending, tokens: Sequence[str]
) -> Iterator["subprocess.Popen[str]"]:
    wrk = shutil.which("wrk")
    if wrk is None:
        raise RuntimeError("wrk is not installed: apt-get install wrk")
    with TemporaryDirectory() as name:
        folder = Path(name)
        files = [folder / str(number) for number in range(len(bodies))]
        for file, body in zip(files, bodies, strict=True):
            file.write_bytes(body)
        signed = folder / "tokens"
        signed.write_text("\n".join(tokens), encoding="ascii")
        lasting = [f"-c{how.connections}", "-t1", f"-d{how.seconds}s", "--timeout=60s"]
        said = [
            "-s",
            str(SCRIPT),
            server.url,
            "--",
            how.mode,
            MARK,
            str(next(_numbers)),
            str(signed) if tokens else "-",
        ]
        command = [wrk, *lasting, *said, *map(str, files)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            yield process


def posted(server: Server, body: bytes, times: int, sign: Sign | None = None) -> float:
    """CPU microseconds of one request, over exactly so many of them, one after the other."""
    headers = [{"Authorization": f"Bearer {token}"} for token in sign(times)] if sign else [{}] * times
    before = server.cpu_s()
    for header in headers:
        post(server.url, body.replace(MARK.encode(), str(next(_numbers)).encode()), header)
    return (server.cpu_s() - before) / times * 1e6
