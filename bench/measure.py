"""What is measured, and how."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson

from bench import fhir
from bench.bodies import Body, bodies, mixed, request
from bench.charts import LIVER_REPORT, chart
from bench.load import Mode, Ran, Sending, beside, posted, run
from bench.servers import FLOOR_A, FLOOR_B, PROGRAM, SERVICE, Server, running
from bench.tokens import Ehr, new_ehr

FRESH: Final = (1, 1, "fresh")
WAYS: Final[tuple[tuple[int, int, Mode], ...]] = (  # workers, connections, mode
    (1, 1, "fresh"),
    (1, 1, "again"),
    (1, 16, "fresh"),
    (1, 16, "again"),
    (2, 16, "fresh"),
)
RESOURCES: Final = (250, 500, 1_000, 2_500, 5_000, 10_000, 20_000)
LENGTHS: Final = (1, 2, 4, 8, 16, 24)  # times the length of a usual report
MANY: Final = 100_000
LARGE: Final = 1_000_000  # bytes
ENOUGH: Final = 1_500_000  # bytes of one size, for a figure by size


@dataclass(frozen=True)
class Pace:
    """How long one load lasts, how often each is repeated, and for how long memory is watched at most."""

    seconds: int
    rounds: int
    memory_s: int

    def sending(self, body: Body, connections: int = 1, mode: Mode = "fresh") -> Sending:
        """Large bodies need longer for as many answers."""
        seconds = self.seconds * 2 if len(body.content) > LARGE else self.seconds
        return Sending(connections, seconds, mode)


def loads(kinds: Sequence[Body], pace: Pace) -> list[dict[str, Any]]:
    """Every body in every way, on the floors and the service in turn; the medians of each."""
    found: list[dict[str, Any]] = []
    with TemporaryDirectory() as folder:
        ehr = new_ehr(Path(folder))
        for workers in sorted({way[0] for way in WAYS}):
            with ExitStack() as stack:
                start = partial(running, first=kinds[0].content, workers=workers)
                floors = [stack.enter_context(start(name)) for name in (FLOOR_A, FLOOR_B)]
                is_open = stack.enter_context(start(SERVICE))
                asks = stack.enter_context(start(SERVICE, ehr=ehr))
                for way in (way for way in WAYS if way[0] == workers):
                    for body in (body for body in kinds if way == FRESH or not body.worst):
                        servers = [*floors, asks if body.signed else is_open]
                        found.extend(_in_turn(servers if way == FRESH else servers[1:], body, way, pace, ehr))
    return found


def _in_turn(
    servers: Sequence[Server], body: Body, way: tuple[int, int, Mode], pace: Pace, ehr: Ehr
) -> Iterator[dict[str, Any]]:
    workers, connections, mode = way
    how = pace.sending(body, connections, mode)
    if body.signed:
        # The floors get the same headers; they look at none, and so few tokens do for them.
        sign = partial(ehr.tokens, body.signed, servers[-1].url)
        how = replace(how, sign=sign, tokens=1_500 * how.seconds)
    ran: dict[str, list[Ran]] = {server.name: [] for server in servers}
    for _ in range(pace.rounds):
        for server in servers:
            ran[server.name].append(run(server, [body.content], how))
    for server in servers:
        each = [asdict(one) for one in ran[server.name]]
        yield {
            "body": body.name,
            "goal": body.goal,
            "workers": workers,
            "connections": connections,
            "mode": mode,
            "server": server.name,
            **{name: median(one[name] for one in each) for name in ("per_s", "p50_us", "p99_us", "cpu_us")},
            "peak_mb": server.memory_mb(peak=True),
        }


def starting(body: Body, times: int = 5) -> dict[str, float]:
    """Seconds from the start to the first answer, and MB of the process then and 1,000 answers later.

    The open service, with its pages; and MB with tenants too, where there are none.
    """
    with TemporaryDirectory() as folder:
        state = Path(folder)
        ehr = new_ehr(state)
        start = partial(running, PROGRAM, body.content, state=state)
        with start() as server:
            found = {"first_start_s": server.started_s, "first_start_mb": server.memory_mb()}
        ran: dict[str, list[float]] = {}
        for _ in range(times):
            with start() as server:
                ran.setdefault("first_answer_s", []).append(server.started_s)
                ran.setdefault("first_answer_cpu_s", []).append(server.cpu_s())
                ran.setdefault("resident_mb", []).append(server.memory_mb())
        with start() as server:
            posted(server, body.content, 1_000)
            found["after_1000_mb"] = server.memory_mb()
        with start(ehr=ehr) as server:
            found["tenants_mb"] = server.memory_mb()
            posted(server, body.content, 1_000, partial(ehr.tokens, "ES384", server.url))
            found["tenants_after_1000_mb"] = server.memory_mb()
    return {**found, **{name: median(each) for name, each in ran.items()}}


def blocking(small: Body, large: Body, pace: Pace) -> dict[str, float]:
    """p99 of small requests alone, and while two connections send large ones."""
    with running(SERVICE, small.content) as server:
        alone, crowded = [], []
        for _ in range(pace.rounds):
            alone.append(run(server, [small.content], pace.sending(small)).p99_us)
            with beside(server, large.content, connections=2, seconds=60):
                time.sleep(0.5)
                crowded.append(run(server, [small.content], pace.sending(small)).p99_us)
    return {"alone_p99_us": median(alone), "beside_large_p99_us": median(crowded)}


def by_resources(pace: Pace) -> dict[str, dict[str, float]]:
    """CPU a request by the number of resources, of the service and of floor (b)."""
    asked = {str(number): request(chart(number, 1)) for number in RESOURCES}
    return _by(asked, pace)


def by_length(pace: Pace) -> dict[str, dict[str, float]]:
    """CPU a request by the length of a report, in characters."""
    longer = {number: _with_report(number) for number in LENGTHS}
    return _by({str(number * len(LIVER_REPORT)): body for number, body in longer.items()}, pace)


def _with_report(times: int) -> bytes:
    """The small chart with a report that goes on and on; what is added names no lesion."""
    asked = orjson.loads(bodies()[0].content)
    report = asked["prefetch"]["reports"]["entry"][0]["resource"]
    filling = LIVER_REPORT.replace("lesion", "vessel").partition("IMPRESSION")[0]
    report["conclusion"] = (filling + "\n") * (times - 1) + report["conclusion"]
    return orjson.dumps(asked)


def _by(asked: dict[str, bytes], pace: Pace) -> dict[str, dict[str, float]]:
    first = next(iter(asked.values()))
    found = {}
    with running(SERVICE, first) as service, running(FLOOR_B, first) as floor:
        for name, body in asked.items():
            times = max(2, ENOUGH // len(body))
            each = [(posted(service, body, times), posted(floor, body, times)) for _ in range(pace.rounds)]
            ours, floors = zip(*each, strict=True)
            found[name] = {"cpu_us": median(ours), "floor_us": median(floors)}
    return found


def fetching(pace: Pace) -> dict[str, float]:
    """p50 with everything sent along, and with everything to be fetched from a server that takes its time."""
    small = bodies()[0]
    how = pace.sending(small)
    with fhir.slow_server(small.content) as base, running(SERVICE, small.content) as server:
        with_prefetch = run(server, [small.content], how)
        fetched = run(server, [fhir.unsent(small.content, base)], Sending(seconds=2 * how.seconds))
    return {
        "round_trip_us": fhir.DELAY_S * 1e6,
        "prefetch_p50_us": with_prefetch.p50_us,
        "fetched_p50_us": fetched.p50_us,
    }


def memory(pace: Pace) -> list[tuple[int, float]]:
    """MB of the service as 100,000 requests go by, of other patients and of all kinds: (requests, MB)."""
    first, *_ = sent = mixed()
    found: list[tuple[int, float]] = []
    done, until = 0, time.monotonic() + pace.memory_s
    with running(SERVICE, first) as server:
        while done < MANY and time.monotonic() < until:
            # The first looks come soon after each other: that is when bounded memories fill.
            done += run(server, sent, Sending(connections=4, seconds=1 if len(found) < 4 else 4)).requests
            found.append((done, server.memory_mb()))
    return found
