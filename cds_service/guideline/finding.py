"""Findings: judged criteria that explain themselves. A tree; `lines` prints one line per finding."""

from collections.abc import Iterator
from dataclasses import dataclass

from cds_service.guideline.chart import Evidence


@dataclass(frozen=True, slots=True)
class Finding:
    """One judged statement. `holds` is None while open. `rests_on`: the evidence, with its own words."""

    statement: str
    holds: bool | None
    rests_on: tuple[Evidence, ...] = ()
    parts: tuple["Finding", ...] = ()


def lines(finding: Finding, depth: int = 0) -> Iterator[str]:
    """The tree as text, indented by two blanks a level."""
    yield "  " * depth + f"{_word(finding.holds)}: {finding.statement}{_because(finding.rests_on)}"
    for part in finding.parts:
        yield from lines(part, depth + 1)


def _word(holds: bool | None) -> str:
    return {True: "yes", False: "no", None: "open"}[holds]


def _because(evidence: tuple[Evidence, ...]) -> str:
    if not evidence:
        return ""
    return " - " + "; ".join(_cited(item) for item in evidence[:3])


def _cited(item: Evidence) -> str:
    day = f" {item.day.isoformat()}" if item.day else ""
    return f'{item.resource}{day} "{item.text}"' if item.text else f"{item.resource}{day}"
