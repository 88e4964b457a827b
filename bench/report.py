"""The results as a table, a picture and raw figures, with the machine they are from."""

import json
import math
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from bench.servers import FLOOR_A, FLOOR_B, SERVICE

HERE: Final = Path(__file__).parent / "results"
LIBRARIES: Final = ("uvicorn", "uvloop", "httptools", "fastapi", "orjson", "msgspec", "google-re2")


@dataclass
class Results:
    """All that one run found; a part that was not measured is empty."""

    machine: dict[str, str]
    loads: list[dict[str, Any]] = field(default_factory=list)
    starting: dict[str, float] = field(default_factory=dict)
    blocking: dict[str, float] = field(default_factory=dict)
    resources: dict[str, dict[str, float]] = field(default_factory=dict)
    length: dict[str, dict[str, float]] = field(default_factory=dict)
    fetching: dict[str, float] = field(default_factory=dict)
    steps: dict[str, dict[str, float]] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)


def machine() -> dict[str, str]:
    """What it was measured on, and how busy that was."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "?")
    described = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(described, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "processor": f"{model}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "commit": commit,
        "load average at the start": f"{os.getloadavg()[0]:.1f}",
    }


def write(results: Results) -> None:
    """Tables, picture and figures. Parts that this run left out stay as an earlier one found them."""
    HERE.mkdir(exist_ok=True)
    path = HERE / "figures.json"
    earlier = json.loads(path.read_text()) if path.exists() else {}
    kept = {name: value or earlier.get(name, value) for name, value in asdict(results).items()}
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    (HERE / "README.md").write_text("\n".join(_page(kept)) + "\n", encoding="utf-8")
    (HERE / "ratios.svg").write_text(picture(kept["loads"]), encoding="utf-8")


def ratios(
    loads: Sequence[Mapping[str, Any]], figure: str = "cpu_us"
) -> Iterator[tuple[Mapping[str, Any], float]]:
    """Every load of the service with its figure as a multiple of floor (b)'s in the same run."""
    same = ("body", "workers", "connections", "mode")
    floors = {tuple(one[name] for name in same): one[figure] for one in loads if one["server"] == FLOOR_B}
    for one in loads:
        if one["server"] == SERVICE:
            yield one, one[figure] / floors[tuple(one[name] for name in same)]


def _page(found: Mapping[str, Any]) -> Iterator[str]:
    yield "# Results\n\nWritten by `make bench`; `figures.json` holds the raw figures. Times are medians over"
    yield "the rounds; CPU is user and system time of all server processes per request. Parts measured by"
    yield "`--parts` at different times stand together here; the machine's load is of the last of them.\n"
    yield from _table(("", ""), found["machine"].items())
    yield "\n## CPU a request, as a multiple of floor (b)\n\n![ratios](ratios.svg)\n"
    p99 = {id(one): ratio for one, ratio in ratios(found["loads"], "p99_us")}
    yield from _table(
        (
            "body",
            "workers",
            "connections",
            "mode",
            "ratio",
            "goal",
            "CPU µs",
            "req/s",
            "p50 ms",
            "p99 ms",
            "p99 ratio",
            "peak MB",
        ),
        (
            (
                one["body"],
                one["workers"],
                one["connections"],
                one["mode"],
                f"**{ratio:.1f}**",
                one["goal"] or "",
                f"{one['cpu_us']:,.0f}",
                f"{one['per_s']:,.0f}",
                _ms(one["p50_us"]),
                _ms(one["p99_us"]),
                f"{p99[id(one)]:.1f}",
                f"{one['peak_mb']:.0f}",
            )
            for one, ratio in ratios(found["loads"])
        ),
    )
    yield "\n`fresh`: each request is of another patient with another report; `again`: the same one.\n"
    floors = [one for one in found["loads"] if one["server"] != SERVICE and one["mode"] == "fresh"]
    yield from _table(
        ("floor", "body", "workers", "connections", "CPU µs", "req/s", "p99 ms"),
        (
            (
                one["server"],
                one["body"],
                one["workers"],
                one["connections"],
                f"{one['cpu_us']:,.0f}",
                f"{one['per_s']:,.0f}",
                _ms(one["p99_us"]),
            )
            for one in floors
        ),
    )
    yield "\n## Everything else\n"
    yield from _table(("figure", "found", "goal"), _others(found))
    for title, name in (("resources", "resources"), ("characters of one report", "length")):
        yield f"\n## CPU a request by {title}\n"
        curve = found[name].items()
        rows = (
            (n, f"{x['cpu_us']:,.0f}", f"{x['cpu_us'] / int(n):.2f}", f"{x['floor_us']:,.0f}")
            for n, x in curve
        )
        yield from _table((title, "CPU µs", "µs each", "floor (b) µs"), rows)
    yield "\n## CPU µs by step, in process\n"
    names = list(dict.fromkeys(name for steps in found["steps"].values() for name in steps))
    rows = ((name, *(f"{each.get(name, 0):,.0f}" for each in found["steps"].values())) for name in names)
    yield from _table(("step", *found["steps"]), rows)


def _others(found: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    if start := found["starting"]:
        yield "start to first answer, s", f"{start['first_answer_s']:.2f}", "1.5"
        yield "resident after it, MB", f"{start['resident_mb']:.0f}", "120"
    if wait := found["blocking"]:
        ratio = wait["beside_large_p99_us"] / wait["alone_p99_us"]
        yield "p99 of 6 kB beside 2 MB ones, as a multiple of alone", f"{ratio:.1f}", "5"
    if fetch := found["fetching"]:
        added = fetch["fetched_p50_us"] - fetch["prefetch_p50_us"] - fetch["round_trip_us"]
        yield "latency added by fetching, beyond one round trip, ms", _ms(added), "20"
    for requests, megabytes in found["memory"].items():
        yield f"resident after {int(requests):,} requests, MB", f"{megabytes:.0f}", "flat"


def _ms(us: float) -> str:
    return f"{us / 1000:.2f}"


def _table(head: Sequence[object], rows: Any) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(str(cell).replace('  ', '– ') for cell in row)} |"


def picture(loads: Sequence[Mapping[str, Any]]) -> str:
    """Bars on a logarithmic scale, one worker and one connection; a line where each goal is."""
    bars = [(one, ratio) for one, ratio in ratios(loads) if (one["workers"], one["connections"]) == (1, 1)]
    widest = max((ratio for _, ratio in bars), default=1.0)

    def place(ratio: float) -> float:
        return 230 + 420 * math.log(max(ratio, 0.1) / 0.1) / math.log(max(widest, 10) / 0.1)

    rows = []
    for row, (one, ratio) in enumerate(bars):
        top, colour = 40 + 26 * row, "#4477aa" if one["mode"] == "fresh" else "#99bbdd"
        rows.append(f'<text x="222" y="{top + 14}" text-anchor="end">{one["body"]}, {one["mode"]}</text>')
        rows.append(f'<rect x="230" y="{top}" width="{place(ratio) - 230:.0f}" height="18" fill="{colour}"/>')
        rows.append(f'<text x="{place(ratio) + 6:.0f}" y="{top + 14}">{ratio:.1f}</text>')
        if one["goal"]:
            at = f"{place(one['goal']):.0f}"
            rows.append(f'<path d="M{at} {top - 3}v24" stroke="#cc3311" stroke-width="2"/>')
    title = "CPU a request as a multiple of floor (b): FastAPI, orjson, constant card. Red: the goal."
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{60 + 26 * len(bars)}" '
        f'font-family="sans-serif" font-size="13"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="16" y="22">{title}</text>{"".join(rows)}</svg>\n'
    )


__all__ = ["FLOOR_A", "Results", "machine", "picture", "ratios", "write"]
