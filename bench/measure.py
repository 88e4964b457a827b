"""What is measured, and how."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import Final

import orjson

from bench import fhir
from bench.bodies import Body, bodies, request
from bench.charts import LIVER_REPORT, chart
from bench.load import Mode, Ran, beside, post_all, posted, run
from bench.servers import FLOOR_A, FLOOR_B, SERVICE, Server, running

NAMES: Final = (FLOOR_A, FLOOR_B, SERVICE)
WAYS: Final[tuple[tuple[int, int, Mode], ...]] = (  # workers, connections, mode
    (1, 1, "fresh"),
    (1, 1, "again"),
    (1, 16, "fresh"),
    (2, 16, "fresh"),
)
RESOURCES: Final = (250, 500, 1_000, 2_500, 5_000, 10_000, 20_000)
LENGTHS: Final = (1, 2, 4, 8, 16, 24)  # times the length of a usual report
MANY: Final = 100_000
LARGE: Final = 1_000_000  # bytes
ENOUGH: Final = 4_000_000  # bytes of one size, for a figure by size


@dataclass(frozen=True)
class Pace:
    """How long one load lasts, and how often each is repeated."""

    seconds: int
    rounds: int

    def time_for(self, body: bytes) -> int:
        """Large bodies need longer for as many answers."""
        return self.seconds * 4 if len(body) > LARGE else self.seconds


@dataclass(frozen=True)
class Load:
    """The medians of one kind of load on one server."""

    body: str
    size: int
    goal: float | None
    workers: int
    connections: int
    mode: Mode
    server: str
    per_s: float
    p50_us: float
    p99_us: float
    cpu_us: float
    peak_mb: float


def loads(kinds: Sequence[Body], pace: Pace) -> list[Load]:
    """Every body in every way, on the floors and the service in turn."""
    found: list[Load] = []
    for workers in sorted({way[0] for way in WAYS}):
        with ExitStack() as stack:
            servers = [stack.enter_context(running(name, kinds[0].content, workers)) for name in NAMES]
            for way in (way for way in WAYS if way[0] == workers):
                for body in kinds:
                    found.extend(_in_turn(servers, body, way, pace))
    return found


def _in_turn(servers: Sequence[Server], body: Body, way: tuple[int, int, Mode], pace: Pace) -> Iterator[Load]:
    workers, connections, mode = way
    ran: dict[str, list[Ran]] = {server.name: [] for server in servers}
    for _ in range(pace.rounds):
        for server in servers:
            ran[server.name].append(
                run(
                    server,
                    body.content,
                    connections=connections,
                    seconds=pace.time_for(body.content),
                    mode=mode,
                )
            )
    for server in servers:
        each = ran[server.name]
        yield Load(
            body.name, len(body.content), body.goal, workers, connections, mode, server.name,
            per_s=median(one.per_s for one in each),
            p50_us=median(one.p50_us for one in each),
            p99_us=median(one.p99_us for one in each),
            cpu_us=median(one.cpu_us for one in each),
            peak_mb=server.memory_mb(peak=True),
        )  # fmt: skip


def starting(body: Body, times: int = 5) -> dict[str, float]:
    """Seconds from the start to the first answer, and MB then."""
    seconds, resident = [], []
    for _ in range(times):
        with running(SERVICE, body.content) as server:
            seconds.append(server.started_s)
            resident.append(server.memory_mb())
    return {"first_answer_s": median(seconds), "resident_mb": median(resident)}


def blocking(small: Body, large: Body, pace: Pace) -> dict[str, float]:
    """p99 of small requests alone, and while two connections send large ones."""
    with running(SERVICE, small.content) as server:
        alone = [run(server, small.content, seconds=pace.seconds).p99_us for _ in range(pace.rounds)]
        crowded = []
        for _ in range(pace.rounds):
            with beside(server, large.content, connections=2, seconds=60):
                time.sleep(0.5)
                crowded.append(run(server, small.content, seconds=pace.seconds).p99_us)
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
            # The kernel counts in hundredths of a second: small bodies are sent more often.
            times = max(3, ENOUGH // len(body))
            each = [(posted(service, body, times), posted(floor, body, times)) for _ in range(pace.rounds)]
            ours, floors = zip(*each, strict=True)
            found[name] = {"cpu_us": median(ours), "floor_us": median(floors)}
    return found


def fetching(pace: Pace) -> dict[str, float]:
    """p50 with everything sent along, and with everything to be fetched from a server that takes its time."""
    sent = bodies()[0].content
    with fhir.slow_server(sent) as base, running(SERVICE, sent) as server:
        with_prefetch = run(server, sent, seconds=pace.seconds)
        fetched = run(server, fhir.unsent(sent, base), seconds=pace.seconds)
    return {
        "round_trip_us": fhir.DELAY_S * 1e6,
        "prefetch_p50_us": with_prefetch.p50_us,
        "fetched_p50_us": fetched.p50_us,
    }


def memory(body: Body) -> dict[str, float]:
    """MB of the service as 100,000 requests go by, each of another patient."""
    with running(SERVICE, body.content) as server:
        found = {"1000": post_all(server, body.content, 1_000)}
        for tenth in range(1, 11):
            found[str(tenth * MANY // 10)] = post_all(server, body.content, MANY // 10)
    return found
