"""The pictures of the report, each from one section of its numbers. "" = there is nothing to show."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from cds_service.replay.report.bars import Stack, bars, divided, dots, places_for, stacked
from cds_service.replay.report.drawing import (
    ACCENT,
    AGREED,
    COLOURS,
    FEW,
    LINE,
    MUTED,
    PAPER,
    SAID,
    bare,
    count,
    figure,
    label,
    legend,
    percent,
    svg,
)
from cds_service.replay.report.flow_picture import flow_picture
from cds_service.replay.report.numbers import OUTCOMES
from cds_service.replay.report.words import Words

Numbers = Mapping[str, Any]
Picture = Callable[[Numbers, Words], str]

MOST_STUDIES = 16
MOST_CAUTIONS = 10
MOST_MONTHS = 36
RATES = (("with_card", "Orders with a card"), ("undetermined", "Left open for want of a fact"))
_STEP_COLOURS = {
    "decided": ACCENT,
    **dict.fromkeys(("mapped", "indicated"), "#3d87a0"),
    **dict.fromkeys(("in_scope", "variant", "rated"), COLOURS["usually-appropriate"]),
}


def pictures(numbers: Numbers, words: Words) -> dict[str, str]:
    """Every picture by name."""
    return {name: draw(numbers, words) for name, draw in PICTURES.items()}


def _coverage(numbers: Numbers, words: Words) -> str:
    """A funnel: each step is a part of the one before it."""
    steps = numbers["coverage"]["steps"]
    names = [name for name in words.steps if name != "indicated" or steps["reasons_known"]]
    values = [steps[name] for name in names]
    if not steps["decided"]:
        return ""
    with figure(0.42 * len(values) + 0.2) as (drawn, axes):
        places = places_for(values)
        axes.barh(places, [values[0]] * len(values), color="#eef2f5", height=0.66)
        axes.barh(places, values, color=[_STEP_COLOURS[name] for name in names], height=0.66)
        for place, value in zip(places, values, strict=True):
            inside = value > 0.8 * values[0]
            look = {"ha": "right", "color": "white"} if inside else {}
            label(axes, _with_share(value, values[0]), value, place, **look)
        axes.set_yticks(places, [words.steps[name] for name in names])
        axes.set_xlim(0, values[0])
        bare(axes)
        return svg(drawn, "coverage", "How far each imaging or biopsy order gets")


def _with_share(value: int, whole: int) -> str:
    return f"{count(value)}  ·  {percent(value, whole)}" if whole >= FEW else f"{count(value)}"


def _procedures(numbers: Numbers, words: Words) -> str:
    table = numbers["by_procedure"]
    totals: Counter[str] = Counter()
    for row in table:
        totals[row["procedure"]] += row["orders"]
    names = sorted(totals, key=lambda name: (-totals[name], name))[:MOST_STUDIES]
    if not names:
        return ""
    counts = {(row["procedure"], row["outcome"]): row["orders"] for row in table}
    with figure(0.38 * len(names) + 0.7) as (drawn, axes):
        stacked(axes, Stack(names, OUTCOMES, counts, COLOURS, words.procedure, words.outcome))
        for place, name in zip(places_for(names), names, strict=True):
            label(axes, count(totals[name]), totals[name], place, color=MUTED)
        axes.set_xlim(0, max(totals.values()) * 1.1)
        legend(drawn, axes)
        return svg(drawn, "procedures", "What came of the orders about a liver lesion, by ordered study")


def _months(numbers: Numbers, words: Words) -> str:
    table = numbers["firing"]["months"]
    months = _every_month([row["month"] for row in table])[-MOST_MONTHS:]
    if len(months) < 2:
        return ""
    rates = {row["month"]: 100 * row["cards"] / row["orders"] for row in table if row["orders"] >= FEW}
    with figure(4.6, 2, sharex=True, height_ratios=(3, 1.5)) as (drawn, (upper, lower)):
        _outcomes_by_month(upper, months, numbers["by_month"], words)
        fired = [rates.get(month, float("nan")) for month in months]
        lower.plot(months, fired, color=ACCENT, linewidth=2, marker="o", markersize=4)
        lower.fill_between(months, fired, color=ACCENT, alpha=0.12)
        lower.set_ylim(0, max(1, *(1.25 * rates.get(month, 0) for month in months)))
        lower.set_title("Cards per 100 imaging and biopsy orders")
        for axes in (upper, lower):
            axes.grid(axis="y")
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value == int(value) else "")
            axes.spines["left"].set_visible(False)
        step = -(-len(months) // 12)
        lower.set_xticks(months[::step], [words.month(month) for month in months[::step]])
        legend(drawn, upper)
        return svg(drawn, "months", "Outcomes and cards by month")


def _every_month(months: list[str]) -> list[str]:
    """From the first to the last, those without an order too: time has no gaps."""
    if not months:
        return []
    first, last = (12 * int(one[:4]) + int(one[5:]) - 1 for one in (months[0], months[-1]))
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(first, last + 1)]


def _outcomes_by_month(axes: Any, months: list[str], table: Any, words: Words) -> None:
    counts = {(row["month"], row["outcome"]): row["orders"] for row in table}
    base = [0] * len(months)
    for outcome in OUTCOMES:
        values = [counts.get((month, outcome), 0) for month in months]
        if any(values):
            look: dict[str, Any] = {"color": COLOURS[outcome], "label": words.outcome(outcome)}
            look |= {"edgecolor": PAPER, "linewidth": 0.5}
            axes.bar(months, values, bottom=base, width=0.72, **look)
        base = [low + value for low, value in zip(base, values, strict=True)]
    axes.set_title("Orders about a liver lesion, by month")


def _days(numbers: Numbers, _: Words) -> str:
    days = numbers["firing"]["days"]
    total = days["clinician_days"]
    if not total:
        return ""
    names = ("no card", "one card", "two cards", "three or more")
    values = [days[name] for name in ("none", "one", "two", "more")]
    with figure(1.9) as (drawn, axes):
        colours = [LINE, ACCENT, ACCENT, COLOURS["usually-not-appropriate"]]
        axes.barh(places_for(values), values, color=colours, height=0.62)
        for place, value in zip(places_for(values), values, strict=True):
            label(axes, _with_share(value, total), value, place)
        axes.set_yticks(places_for(values), names)
        axes.set_xlim(0, max(values) * 1.25)
        bare(axes)
        return svg(drawn, "days", "Cards that a clinician would have seen on one day of ordering")


def _lists(numbers: Numbers, words: Words) -> str:
    """Questions and cautions side by side."""
    asks = [(words.ask(row["entry"]), row["orders"]) for row in numbers["asks"]]
    cautions = [(words.caution(row["entry"]), row["orders"]) for row in numbers["cautions"][:MOST_CAUTIONS]]
    room = max(len(asks), len(cautions))
    if not room:
        return ""
    with figure(0.34 * room + 0.5, 1, 2) as (drawn, (left, right)):
        bars(left, asks, COLOURS["undetermined"], "Questions, by orders", room)
        bars(right, cautions, COLOURS["usually-not-appropriate"], "Cautions, by orders", room)
        return svg(drawn, "lists", "Questions that would have been asked, and cautions, by number of orders")


def _agreement(numbers: Numbers, words: Words) -> str:
    counts = {(row["said"], row["agreement"]): row["orders"] for row in numbers["agreement"]}
    totals = {said: sum(counts.get((said, done), 0) for done in AGREED) for said in SAID}
    names = [said for said in SAID if totals[said] >= FEW]
    if not names:
        return ""
    shares = {(said, done): 100 * orders / totals[said] for (said, done), orders in counts.items()}
    with figure(0.46 * len(names) + 0.6) as (drawn, axes):
        stacked(
            axes,
            Stack(
                names,
                tuple(AGREED),
                shares,
                AGREED,
                lambda said: f"{words.said[said]} ({count(totals[said])})",
                words.outcome,
                " %",
            ),
        )
        axes.set_xlim(0, 100)
        legend(drawn, axes)
        return svg(drawn, "agreement", "What was finally done, by what the service would have said")


def _equity(numbers: Numbers, words: Words) -> str:
    """A dot with its interval for each group that may be shown."""
    lines = [
        (grouping["title"], group)
        for grouping in numbers["equity"]
        for group in grouping["groups"]
        if not group["hidden"] and any(group[name] for name, _ in RATES)
    ]
    if not lines:
        return ""
    with figure(0.3 * len(lines) + 0.6, 1, 2, sharey=True) as (drawn, both):
        for axes, (rate, title) in zip(both, RATES, strict=True):
            dots(axes, [group[rate] for _, group in lines])
            divided(axes, [title for title, _ in lines])
            axes.set_title(title)
        both[0].set_yticks(places_for(lines), [words.group(title, group["name"]) for title, group in lines])
        return svg(drawn, "equity", "Rates by group of patients, with 95 % intervals")


def _validation(numbers: Numbers, _: Words) -> str:
    review = numbers.get("review") or {}
    found = [(name, review[key]) for name, key in (("PPV", "ppv"), ("NPV", "npv")) if review.get(key)]
    if not found:
        return ""
    with figure(0.45 * len(found) + 0.5) as (drawn, axes):
        dots(axes, [share for _, share in found])
        axes.set_yticks(places_for(found), [name for name, _ in found])
        axes.set_xlim(0, 102)
        return svg(drawn, "validation", "Predictive values from the chart review, with 95 % intervals")


PICTURES: Mapping[str, Picture] = {
    "coverage": _coverage,
    "procedures": _procedures,
    "months": _months,
    "days": _days,
    "lists": _lists,
    "flows": flow_picture,
    "agreement": _agreement,
    "equity": _equity,
    "validation": _validation,
}
