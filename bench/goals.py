"""What was to be reached, and whether it was."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.servers import FLOOR_B, SERVICE

Json = Mapping[str, Any]
P99_GOAL = 3.0  # times the floor's, with 16 connections
START_S, RESIDENT_MB = 1.5, 120.0
BESIDE_LARGE = 5.0  # times the p99 alone
FETCH_MS = 20.0  # beyond one round trip
LINEAR = 1.5  # what one more costs at the far end, as a multiple of what it costs at the near end
FLAT_MB = 5.0  # from a tenth of the requests on


@dataclass(frozen=True)
class Goal:
    """One figure. `again`: of the same call over and over, where that is another figure."""

    figure: str
    bound: float
    fresh: float
    again: float | None = None

    @property
    def reached(self) -> str:
        """In a word."""
        fresh, again = self.fresh <= self.bound, (self.again or self.fresh) <= self.bound
        if fresh == again:
            return "yes" if fresh else "**no**"
        return "again: yes, fresh: **no**" if again else "fresh: yes, again: **no**"


def ratios(loads: Sequence[Json], figure: str = "cpu_us") -> Iterator[tuple[Json, float]]:
    """Every load of the service with its figure as a multiple of floor (b)'s in the same run."""
    same = ("body", "workers", "connections", "mode")
    floors = {tuple(one[name] for name in same): one[figure] for one in loads if one["server"] == FLOOR_B}
    for one in loads:
        if one["server"] == SERVICE:
            yield one, one[figure] / floors[tuple(one[name] for name in same)]


def goals(found: Json) -> Iterator[Goal]:
    """All that were measured."""
    yield from _of_loads(found["loads"])
    if start := found["starting"]:
        yield Goal("start to first answer, s", START_S, start["first_answer_s"])
        yield Goal("the very first start, which makes the tables, s", START_S, start["first_start_s"])
        for kind, now, later in (
            ("with tenants", "tenants_mb", "tenants_after_1000_mb"),
            ("open, with its pages", "resident_mb", "after_1000_mb"),
        ):
            yield Goal(f"resident after the first answer, MB ({kind})", RESIDENT_MB, start[now])
            yield Goal(f"resident after 1,000 requests, MB ({kind})", RESIDENT_MB, start[later])
    if wait := found["blocking"]:
        ratio = wait["beside_large_p99_us"] / wait["alone_p99_us"]
        yield Goal("p99 of 6 kB while 2 MB ones run, × alone", BESIDE_LARGE, ratio)
    if fetch := found["fetching"]:
        added = fetch["fetched_p50_us"] - fetch["prefetch_p50_us"] - fetch["round_trip_us"]
        yield Goal("latency of fetching beyond one round trip, ms", FETCH_MS, added / 1000)
    for title, name in (("resource", "resources"), ("character of a report", "length")):
        if curve := found[name]:
            most = f"{max(map(int, curve)):,}"
            yield Goal(f"cost of one {title} more, up to {most}: far end × near end", LINEAR, _bend(curve))
    if memory := found["memory"]:
        requests, last = memory[-1]
        near = next(mb for done, mb in memory if done >= requests / 10)
        yield Goal(
            f"memory gained from {requests // 10:,} to {requests:,} requests, MB", FLAT_MB, last - near
        )


def _of_loads(loads: Sequence[Json]) -> Iterator[Goal]:
    cpu = {_way(one): ratio for one, ratio in ratios(loads)}
    wanted = {one["body"]: one["goal"] for one in loads if one["goal"]}
    for body, bound in wanted.items():
        yield Goal(f"{body}: CPU × floor (b)", bound, cpu[body, 1, 1, "fresh"], cpu[body, 1, 1, "again"])
    p99 = {_way(one): ratio for one, ratio in ratios(loads, "p99_us")}
    for body in wanted:
        found = (p99[body, 1, 16, mode] for mode in ("fresh", "again"))
        yield Goal(f"{body}: p99 at 16 connections × floor (b)", P99_GOAL, *found)


def _way(one: Json) -> tuple[Any, ...]:
    return one["body"], one["workers"], one["connections"], one["mode"]


def _bend(curve: Mapping[str, Mapping[str, float]]) -> float:
    """How much steeper the last third of a curve is than all before it: 1 is a straight line."""
    points = [(int(size), each["cpu_us"]) for size, each in curve.items()]
    middle = next(point for point in points if point[0] >= points[-1][0] / 3)
    return _slope(middle, points[-1]) / _slope(points[0], middle)


def _slope(near: tuple[int, float], far: tuple[int, float]) -> float:
    return max(far[1] - near[1], 1.0) / max(far[0] - near[0], 1)
