"""The picture: bars on a logarithmic scale, a mark where each goal is; its colours are read on any ground."""

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from bench.goals import ratios

INK: Final = "#7d8590"  # as far from white as from black
COLOURS: Final = {"fresh": "#3d7fc4", "again": "#45a38b"}
GOAL: Final = "#e0662c"
LEFT, RIGHT, TOP, ROW, GROUP = 220, 690, 74, 19, 12
LINES: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


def picture(loads: Sequence[Mapping[str, Any]]) -> str:
    """CPU a request of one worker and one connection, as a multiple of floor (b), for every body."""
    bodies: dict[str, list[tuple[Mapping[str, Any], float]]] = {}
    for one, ratio in ratios(loads):
        if (one["workers"], one["connections"]) == (1, 1):
            bodies.setdefault(one["body"], []).append((one, ratio))
    widest = max([10.0, *(ratio for each in bodies.values() for _, ratio in each)]) * 1.3

    def place(ratio: float) -> float:
        share = math.log(max(ratio, LINES[0]) / LINES[0]) / math.log(widest / LINES[0])
        return LEFT + (RIGHT - LEFT) * share

    bars, bottom = [], TOP
    for body, each in bodies.items():
        bars.append(_text(LEFT - 10, bottom + 9.5 * len(each) + 4, body, "end"))
        for one, ratio in each:
            wide = max(place(ratio) - LEFT, 1)
            bars.append(
                f'<rect x="{LEFT}" y="{bottom}" width="{wide:.1f}" height="{ROW - 3}" rx="2"'
                f' fill="{COLOURS[one["mode"]]}"/>'
            )
            bars.append(_text(LEFT + wide + 6, bottom + 13, f"{ratio:.2g}" if ratio < 10 else f"{ratio:.0f}"))
            if one["goal"]:
                at = f"M{place(one['goal']):.1f} {bottom - 2}v{ROW + 1}"
                bars.append(f'<path d="{at}" stroke="{GOAL}" stroke-width="3"/>')
            bottom += ROW
        bottom += GROUP
    grid = "".join(_lines(place, widest, bottom))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 740 {bottom + 24}" width="740" '
        f'font-family="system-ui, sans-serif" font-size="13">{_legend()}{grid}{"".join(bars)}</svg>\n'
    )


def _lines(place: Any, widest: float, bottom: float) -> Iterator[str]:
    for at in (at for at in LINES if at <= widest):
        strong = 'stroke-width="2"' if at == 1 else 'stroke-opacity="0.35"'
        yield f'<path d="M{place(at):.1f} {TOP - 8}V{bottom}" stroke="{INK}" {strong}/>'
        yield _text(place(at), bottom + 16, f"{at:g}", "middle")


def _legend() -> str:
    parts = [_text(16, 22, "CPU a request, as a multiple of floor (b): FastAPI, orjson, a constant card")]
    across = 16
    for colour, words in (
        (COLOURS["fresh"], "fresh: another patient each time"),
        (COLOURS["again"], "again: the same call"),
        (GOAL, "goal"),
    ):
        parts.append(f'<rect x="{across}" y="36" width="12" height="12" rx="2" fill="{colour}"/>')
        parts.append(_text(across + 18, 47, words))
        across += 40 + 7 * len(words)
    return "".join(parts)


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{INK}" text-anchor="{anchor}">{escape(words)}</text>'
