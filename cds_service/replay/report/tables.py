"""The numbers behind the pictures, as tables: for those who do not see a picture, or want to copy it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cds_service.replay.report.drawing import AGREED, SAID, count, percent
from cds_service.replay.report.numbers import OUTCOMES
from cds_service.replay.report.words import Words

Numbers = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """`heads`: of the columns. Every cell is text; all but the first `named` columns are numbers."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    named: int = 1


def tables(numbers: Numbers, words: Words) -> dict[str, Table]:
    """By the name of the picture they stand under; only those that hold anything."""
    in_scope = numbers["overview"]["in_scope"]
    found = {
        "procedures": _outcomes(numbers["by_procedure"], "procedure", "Ordered study", words),
        "months": _months(numbers, words),
        "asks": _listed(numbers["asks"], "Question", words.ask, in_scope),
        "cautions": _listed(numbers["cautions"], "Caution", words.caution, in_scope),
        "flows": _flows(numbers, words),
        "agreement": _agreement(numbers, words),
    }
    return {name: table for name, table in found.items() if table.rows}


def _outcomes(found: Sequence[Mapping[str, Any]], by: str, head: str, words: Words) -> Table:
    """Orders about a liver lesion by outcome, the most frequent row first."""
    counts = {(row[by], row["outcome"]): row["orders"] for row in found}
    totals: Counter[str] = Counter()
    for row in found:
        totals[row[by]] += row["orders"]
    outcomes = [one for one in OUTCOMES if any(outcome == one for _, outcome in counts)]
    rows = [
        [words.procedure(name), *(count(counts.get((name, one), 0)) for one in outcomes), count(total)]
        for name, total in sorted(totals.items(), key=lambda one: (-one[1], one[0]))
    ]
    return Table([head, *map(words.outcome, outcomes), "All"], rows)


def _months(numbers: Numbers, words: Words) -> Table:
    counts = {(row["month"], row["outcome"]): row["orders"] for row in numbers["by_month"]}
    outcomes = [one for one in OUTCOMES if any(outcome == one for _, outcome in counts)]
    rows = []
    for row in numbers["firing"]["months"]:
        by_outcome = (count(counts.get((row["month"], one), 0)) for one in outcomes)
        rows.append([words.month(row["month"]), *by_outcome, count(row["orders"]), count(row["cards"])])
    return Table(["Month", *map(words.outcome, outcomes), "All imaging and biopsy orders", "Cards"], rows)


def _listed(found: Sequence[Mapping[str, Any]], head: str, named: Any, in_scope: int) -> Table:
    rows = [[named(row["entry"]), count(row["orders"]), percent(row["orders"], in_scope)] for row in found]
    return Table([head, "Orders", "Of those about a liver lesion"], rows)


def _flows(numbers: Numbers, words: Words) -> Table:
    total = sum(row["orders"] for row in numbers["flows"])
    rows = [
        [
            words.procedure(row["ordered"]),
            words.procedure(row["suggested"]),
            count(row["orders"]),
            percent(row["orders"], total),
        ]
        for row in numbers["flows"]
    ]
    return Table(["Ordered", "First suggestion on the card", "Orders", "Share"], rows, named=2)


def _agreement(numbers: Numbers, words: Words) -> Table:
    counts = {(row["said"], row["agreement"]): row["orders"] for row in numbers["agreement"]}
    rows = []
    for said in SAID:
        own = [counts.get((said, done), 0) for done in AGREED]
        if any(own):
            rows.append([words.said[said], *map(count, own), count(sum(own))])
    return Table(["The service", *map(words.outcome, AGREED), "All"], rows)
