"""The page that people read: goals first, then every figure they rest on."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bench.goals import Goal, goals, ratios
from bench.servers import SERVICE

Json = Mapping[str, Any]

FOREWORD = """\
# What a request costs

Written by `make bench`; `figures.json` holds the raw figures. All figures are medians over the rounds of
one run. CPU is user and system time of all of a server's processes, divided by the requests they answered.
The floors run beside the service, on the same server, under the same load: **(a)** bare ASGI and
**(b)** FastAPI, both parsing the body with orjson and answering a constant card of 2 kB. They decide nothing.

- **fresh**: each request is of another patient, with other identifiers and another report; what is remembered
  of words may help, since most words in charts are not new. This is what a hook costs when it first fires.
- **again**: the very same call over and over. This is what it costs when it fires at the next click.
"""
BUSY = """\
> **Measured on a busy machine**: a load average of {load} on {cores} cores at the start. CPU figures and
> ratios hold roughly; latencies and start-up times say more about the machine than about the service.
"""


def page(found: Json) -> str:
    """All that was found, as Markdown."""
    return "\n".join([FOREWORD, *_sections(found)]) + "\n"


def _sections(found: Json) -> Iterator[str]:
    machine = found["machine"]
    load, cores = machine["load average at the start"], machine["cores"]
    if float(load) > float(cores) / 2:
        yield BUSY.format(load=load, cores=cores)
    yield "## Goals\n"
    yield from _table(("figure", "fresh", "again", "goal", "reached"), map(_goal, goals(found)))
    yield "\n![CPU a request as multiples of floor (b)](ratios.svg)\n"
    yield "## Every load\n"
    yield from _loads(found["loads"])
    yield "\n## Floors\n"
    yield from _floors(found["loads"])
    yield from _curves(found)
    if found["memory"]:
        yield "\n## Memory over requests of other patients, of all kinds\n"
        rows = ((f"{done:,}", f"{mb:.1f}") for done, mb in _thinned(found["memory"]))
        yield from _table(("requests", "resident MB"), rows)
    yield "\n## CPU µs by step, in process, fresh\n"
    names = list(dict.fromkeys(name for steps in found["steps"].values() for name in steps))
    each = ((name, *(_number(steps.get(name, 0)) for steps in found["steps"].values())) for name in names)
    yield from _table(("step", *found["steps"]), each)
    yield "\n## Machine\n"
    yield from _table(("", ""), machine.items())


def _goal(goal: Goal) -> tuple[str, ...]:
    again = "" if goal.again is None else _number(goal.again)
    return goal.figure, _number(goal.fresh), again, f"≤ {goal.bound:g}", goal.reached


def _loads(loads: Sequence[Json]) -> Iterator[str]:
    p99 = {id(one): ratio for one, ratio in ratios(loads, "p99_us")}
    head = "body|workers|connections|mode|CPU × floor|CPU µs|requests/s|p50 ms|p99 ms|p99 × floor|peak MB"
    rows = (
        (*_what(one), one["mode"], f"**{_number(ratio)}**", *_figures(one), _number(p99[id(one)]), _peak(one))
        for one, ratio in ratios(loads)
    )
    yield from _table(head.split("|"), rows)


def _floors(loads: Sequence[Json]) -> Iterator[str]:
    head = "floor|body|workers|connections|CPU µs|requests/s|p50 ms|p99 ms|peak MB".split("|")
    floors = [one for one in loads if one["server"] != SERVICE and one["mode"] == "fresh"]
    rows = ((one["server"], *_what(one), *_figures(one), _peak(one)) for one in floors)
    yield from _table(head, rows)


def _curves(found: Json) -> Iterator[str]:
    for title, name in (("resources", "resources"), ("characters of one report", "length")):
        yield f"\n## CPU a request by {title}\n"
        rows = (
            (f"{int(n):,}", _number(x["cpu_us"]), f"{x['cpu_us'] / int(n):.2f}", _number(x["floor_us"]))
            for n, x in found[name].items()
        )
        yield from _table((title, "CPU µs", "µs each", "floor (b) µs"), rows)


def _what(one: Json) -> tuple[object, ...]:
    return one["body"], one["workers"], one["connections"]


def _figures(one: Json) -> tuple[str, ...]:
    ms = (f"{one[name] / 1000:.2f}" for name in ("p50_us", "p99_us"))
    return _number(one["cpu_us"]), _number(one["per_s"]), *ms


def _peak(one: Json) -> str:
    return f"{one['peak_mb']:.0f}"


def _number(value: float) -> str:
    """Three digits or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}" if abs(value) >= 0.1 else f"{value:.2f}"


def _thinned(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """About a dozen of them, the last one too."""
    step = max(1, len(points) // 12)
    return [*points[:-1:step], points[-1]]


def _table(head: Sequence[object], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(str(cell).replace('  ', '– ') for cell in row)} |"
