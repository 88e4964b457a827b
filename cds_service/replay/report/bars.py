"""Bars, stacked bars, and dots with their intervals: what the pictures are made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cds_service.replay.report.drawing import ACCENT, INK, LINE, MUTED, PAPER, bare, count, label
from cds_service.replay.statistics import Share

_LIGHT = frozenset(
    ("may-be-appropriate", "not-applicable", "another-study", "none-found", "no-criteria", "after-mri")
)
_CHARACTER = 0.016  # of the widest bar: a part carries its number where that fits in


@dataclass(frozen=True, slots=True)
class Stack:
    """Bars of several parts. `counts`: by bar and part; `names`: of the bars and of the parts, as shown."""

    bars: Sequence[str]
    parts: Sequence[str]
    counts: Mapping[tuple[str, str], float]
    colours: Mapping[str, str]
    named: Callable[[str], str]
    part_named: Callable[[str], str]
    unit: str = ""

    def values(self, part: str) -> list[float]:
        """Of one part, by bar."""
        return [self.counts.get((bar, part), 0) for bar in self.bars]

    @property
    def widest(self) -> float:
        """The longest bar."""
        return max(sum(self.counts.get((bar, part), 0) for part in self.parts) for bar in self.bars)


def stacked(axes: Any, stack: Stack) -> None:
    """Horizontal bars, the first on top; wide parts carry their number."""
    places = places_for(stack.bars)
    base = [0.0] * len(stack.bars)
    for part in stack.parts:
        values = stack.values(part)
        if any(values):
            named = stack.part_named(part)
            look: dict[str, Any] = {"color": stack.colours[part], "edgecolor": PAPER, "linewidth": 0.5}
            axes.barh(places, values, left=base, height=0.66, label=named, **look)
        for place, start, value in zip(places, base, values, strict=True):
            text = f"{value:,.0f}{stack.unit}"
            if value > (len(text) + 1) * _CHARACTER * stack.widest:
                colour = INK if part in _LIGHT else "white"
                look = {"ha": "center", "va": "center", "fontsize": 9, "color": colour}
                axes.text(start + value / 2, place, text, **look)
        base = [start + value for start, value in zip(base, values, strict=True)]
    axes.set_yticks(places, [stack.named(bar) for bar in stack.bars])
    bare(axes)


def bars(axes: Any, entries: Sequence[tuple[str, int]], colour: str, title: str, room: int) -> None:
    """Horizontal bars with their counts. `room`: for how many, so that two pictures side by side match."""
    axes.set_title(title)
    bare(axes)
    axes.set_ylim(0.4, room + 0.6)
    if not entries:
        axes.set_yticks([])
        axes.text(0, room, "none", color=MUTED)
        return
    places = range(room, room - len(entries), -1)
    counts = [orders for _, orders in entries]
    axes.barh(places, counts, color=colour, height=0.62)
    for place, orders in zip(places, counts, strict=True):
        label(axes, count(orders), orders, place)
    axes.set_yticks(list(places), [name for name, _ in entries])
    axes.set_xlim(0, max(counts) * 1.25)


def dots(axes: Any, shares: Sequence[Share | None]) -> None:
    """A share as a dot on its interval; nothing where it is not to be shown."""
    for place, share in zip(places_for(shares), shares, strict=True):
        if share is not None:
            low, value, high = (100 * one for one in (share.low, share.value, share.high))
            axes.plot([low, high], [place, place], color=ACCENT, linewidth=2, alpha=0.45)
            axes.plot([value], [place], color=ACCENT, marker="o", markersize=6)
            axes.text(value, place + 0.24, f"{value:.0f}", fontsize=8, ha="center", color=MUTED)
    axes.set_ylim(0.4, len(shares) + 0.75)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f} %")
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)


def divided(axes: Any, groups: Sequence[str]) -> None:
    """A line between neighbours of different groups."""
    for position in range(1, len(groups)):
        if groups[position] != groups[position - 1]:
            axes.axhline(len(groups) - position + 0.5, color=LINE, linewidth=0.8)


def places_for(entries: Sequence[object]) -> list[int]:
    """Where horizontal bars stand: the first on top."""
    return list(range(len(entries), 0, -1))
