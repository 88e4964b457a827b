"""Ordered -> suggested, as bands between two columns of studies."""

from collections.abc import Mapping, Sequence
from typing import Any

from cds_service.replay import extras
from cds_service.replay.report.drawing import ACCENT, COLOURS, MUTED, count, figure, svg
from cds_service.replay.report.words import Words

MOST = 9  # studies on a side; the rest is one band
OTHERS = "others"
GAP = 0.022
_LINE = 0.19  # inches that a label takes
LEFT, RIGHT, THICK = 0.36, 0.66, 0.012
_BANDS = (
    "#1d6f8a",
    "#d1603d",
    "#e3b341",
    "#6478b8",
    "#9467a8",
    "#7fb2cc",
    "#8aa05a",
    "#b07d62",
    "#5b6770",
    "#aab4bd",
)


def flow_picture(numbers: Mapping[str, Any], words: Words) -> str:
    """The picture, or "" when no card suggests a study."""
    table = [(row["ordered"], row["suggested"], row["orders"]) for row in numbers["flows"]]
    if not table:
        return ""
    flows = _grouped(table)
    sides = (_sums(flows, 0), _sums(flows, 1))
    with figure(max(2.4, 0.46 * max(map(len, sides)) + 1.0)) as (drawn, axes):
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.06)
        axes.axis("off")
        places = [_places(side) for side in sides]
        _bands(axes, flows, sides[0], places)
        for number, (side, where) in enumerate(zip(sides, places, strict=True)):
            _column(axes, side, where, number, words)
        axes.text(LEFT, 1.045, "Ordered", ha="right", color=MUTED, fontsize=10)
        axes.text(RIGHT, 1.045, "First suggestion on the card", ha="left", color=MUTED, fontsize=10)
        return svg(drawn, "flows", "From the ordered study to the one suggested first")


def _grouped(table: Sequence[tuple[str, str, int]]) -> dict[tuple[str, str], int]:
    """The flows, with what is rare on either side under one name."""
    plain = {(ordered, suggested): orders for ordered, suggested, orders in table}
    kept = [set(list(_sums(plain, side))[:MOST]) for side in (0, 1)]
    flows: dict[tuple[str, str], int] = {}
    for (ordered, suggested), orders in plain.items():
        key = (ordered if ordered in kept[0] else OTHERS, suggested if suggested in kept[1] else OTHERS)
        flows[key] = flows.get(key, 0) + orders
    return flows


def _sums(flows: Mapping[tuple[str, str], int], side: int) -> dict[str, int]:
    """Orders by study of one side, the most frequent first."""
    sums: dict[str, int] = {}
    for key, orders in flows.items():
        sums[key[side]] = sums.get(key[side], 0) + orders
    return dict(sorted(sums.items(), key=lambda one: (one[0] == OTHERS, -one[1], one[0])))


def _places(side: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    """Top and height of each study's bar, from the top of the picture down."""
    room = 1 - GAP * (len(side) - 1)
    total, top = sum(side.values()), 1.0
    places = {}
    for name, orders in side.items():
        height = room * orders / total
        places[name] = (top, height)
        top -= height + GAP
    return places


def _bands(
    axes: Any,
    flows: Mapping[tuple[str, str], int],
    ordered: Mapping[str, int],
    places: Sequence[Mapping[str, tuple[float, float]]],
) -> None:
    patches, paths = extras.load("matplotlib.patches"), extras.load("matplotlib.path")
    total = sum(flows.values())
    starts = [{name: top for name, (top, _) in side.items()} for side in places]
    colours = dict(zip(ordered, _BANDS, strict=False))
    for name in ordered:
        for suggested in places[1]:
            orders = flows.get((name, suggested), 0)
            if not orders:
                continue
            high = [starts[0][name], starts[1][suggested]]
            deep = [orders / total * _room(side) for side in places]
            starts[0][name] -= deep[0]
            starts[1][suggested] -= deep[1]
            path = _band(paths.Path, high, deep)
            axes.add_patch(
                patches.PathPatch(path, facecolor=colours.get(name, MUTED), alpha=0.42, linewidth=0)
            )


def _room(side: Mapping[str, Any]) -> float:
    return 1 - GAP * (len(side) - 1)


def _band(path: Any, high: Sequence[float], deep: Sequence[float]) -> Any:
    """Two Bézier curves between the columns, closed at both ends."""
    left, right = LEFT + THICK, RIGHT - THICK
    middle = (left + right) / 2
    low = [top - height for top, height in zip(high, deep, strict=True)]
    corners = [
        (left, high[0]), (middle, high[0]), (middle, high[1]), (right, high[1]),
        (right, low[1]), (middle, low[1]), (middle, low[0]), (left, low[0]), (left, high[0]),
    ]  # fmt: skip
    move, line, curve = path.MOVETO, path.LINETO, path.CURVE4
    return path(corners, [move, curve, curve, curve, line, curve, curve, curve, path.CLOSEPOLY])


def _column(
    axes: Any, side: Mapping[str, int], places: Mapping[str, tuple[float, float]], number: int, words: Words
) -> None:
    patches = extras.load("matplotlib.patches")
    colours = dict(zip(side, _BANDS, strict=False)) if number == 0 else {}
    apart = _LINE / axes.figure.get_figheight()
    beneath = 2.0  # of the label above
    for name, (top, height) in places.items():
        start = LEFT if number == 0 else RIGHT - THICK
        colour = colours.get(name, ACCENT if number == 0 else COLOURS["usually-appropriate"])
        axes.add_patch(patches.Rectangle((start, top - height), THICK, height, facecolor=colour, linewidth=0))
        where, aligned = (LEFT - 0.012, "right") if number == 0 else (RIGHT + 0.012, "left")
        label = f"{words.procedure(name)}  {count(side[name])}"
        beneath = min(top - height / 2, beneath - apart)
        axes.text(where, beneath, label, ha=aligned, va="center", fontsize=9.8)
