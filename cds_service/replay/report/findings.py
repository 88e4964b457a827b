"""What a reader takes home: tiles and sentences, each only where the numbers bear it."""

from collections.abc import Mapping
from typing import Any

from cds_service.replay.report.drawing import FEW, count, counted, orders, percent
from cds_service.replay.report.words import Words
from cds_service.replay.statistics import Share

Numbers = Mapping[str, Any]


def tiles(numbers: Numbers) -> list[dict[str, str]]:
    """The numbers at the top, each with what it is a part of."""
    told, days = numbers["overview"], numbers["firing"]["days"]
    decided, in_scope, cards = told["decided"], told["in_scope"], told["cards"]
    found = [
        _tile(count(decided), "imaging and biopsy orders decided", _of_all(told)),
        _tile(percent(in_scope, decided), "of these about a liver lesion", orders(in_scope)),
        _tile(percent(told["rated"], in_scope), "of those rated", _of(told["rated"], in_scope)),
        _tile(
            _rate(100 * cards, decided, ".1f"),
            "cards per 100 orders",
            f"{count(cards)} cards, {count(told['warnings'])} of them warnings",
        ),
    ]
    if days["clinician_days"]:
        note = f"on {count(days['clinician_days'])} days with such an order, of {_clinicians(days)}"
        found.append(
            _tile(_rate(days["cards"], days["clinician_days"], ".2f"), "cards per clinician-day", note)
        )
    return found


def findings(numbers: Numbers, words: Words, *, with_later: bool) -> list[str]:
    """The report in sentences."""
    told = numbers["overview"]
    lines = [_lead(told)]
    not_appropriate = sum(
        r["orders"] for r in numbers["by_procedure"] if r["outcome"] == "usually-not-appropriate"
    )
    if not_appropriate:
        lines.append(
            "A study that is usually not appropriate for that patient was ordered"
            f" {_times(not_appropriate)} ({percent(not_appropriate, told['in_scope'])} of the orders about a"
            " liver lesion)."
        )
    if numbers["flows"]:
        top = numbers["flows"][0]
        lines.append(
            f"The most frequent suggestion: {words.procedure(top['suggested'])} instead of"
            f" {words.procedure(top['ordered'])} ({orders(top['orders'])})."
        )
    if numbers["asks"]:
        top = numbers["asks"][0]
        lines.append(
            f"What most often keeps an order from being rated: {words.ask(top['entry'])[:1].lower()}"
            f"{words.ask(top['entry'])[1:]} ({orders(top['orders'])})."
        )
    if with_later:
        changed = counted(numbers["as_of"]["later_verdict"], told["decided"])
        lines.append(
            f"Judged by today’s chart instead of the chart of then, {changed} of the decided orders would"
            " have another verdict or rating."
        )
    return [*lines, *_reviewed(numbers)]


def firing_line(numbers: Numbers) -> str:
    """How often it would speak, and to whom."""
    told, firing = numbers["overview"], numbers["firing"]
    days = firing["days"]
    all_orders = (
        f"{count(told['cards'])} cards on {count(told['decided'])} orders:"
        f" a card on {percent(told['with_card'], told['decided'])} of all imaging and biopsy orders,"
        f" and on {percent(told['with_card'], told['in_scope'])} of those about a liver lesion."
    )
    parts = [all_orders]
    if days["clinicians"]:
        parts.append(
            f"{_clinicians(days)[:1].upper()}{_clinicians(days)[1:]} ordered on"
            f" {count(days['clinician_days'])} days;"
            f" on {percent(days['none'], days['clinician_days'])} of these they would have seen no card."
        )
    if firing["appropriate"]:
        parts.append(
            f"Of {count(firing['appropriate'])} usually appropriate orders, "
            + percent(firing["appropriate_silent"], firing["appropriate"])
            + " would have passed without a card."
        )
    return " ".join(parts)


def _lead(told: Mapping[str, Any]) -> str:
    silent = told["in_scope"] - told["with_card"]
    return (
        f"Of {orders(told['in_scope'])} about a liver lesion, the service would have spoken on"
        f" {counted(told['with_card'], told['in_scope'])} and stayed silent on {count(silent)};"
        f" on the other {orders(told['decided'] - told['in_scope'])} it says nothing at all."
    )


def _reviewed(numbers: Numbers) -> list[str]:
    review = numbers.get("review") or {}
    parts = [
        f"{what} in {100 * share.value:.0f} % (95 % interval {100 * share.low:.0f} to {100 * share.high:.0f})"
        for what, share in (("cards were right", review.get("ppv")), ("silence was right", review.get("npv")))
        if isinstance(share, Share)
    ]
    return [f"By the chart review of {orders(review['cases'])}, {' and '.join(parts)}."] if parts else []


def _of_all(told: Mapping[str, Any]) -> str:
    found = f"of {count(told['orders'])} in the export" if told["orders"] > told["decided"] else ""
    patients = f"{count(told['patients'])} patients" if told["patients"] else ""
    return ", ".join(filter(None, (found, patients)))


def _of(part: int, whole: int) -> str:
    return f"{count(part)} of {count(whole)}"


def _rate(part: float, whole: int, shown: str) -> str:
    """Of few, a rate tells nothing."""
    return format(part / whole, shown) if whole >= FEW else "too few"


def _clinicians(days: Mapping[str, Any]) -> str:
    return "1 clinician" if days["clinicians"] == 1 else f"{count(days['clinicians'])} clinicians"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{count(number)} times"


def _tile(value: str, label: str, note: str) -> dict[str, str]:
    return {"value": value, "label": label, "note": note}
