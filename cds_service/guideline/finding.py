"""Findings: judged criteria that explain themselves. A tree; `lines` prints one line per finding."""

from dataclasses import dataclass

from cds_service.guideline.chart import Evidence


@dataclass(frozen=True, slots=True)
class Finding:
    """One judged statement. `holds` is None while open. `rests_on`: the evidence, with its own words."""

    statement: str
    holds: bool | None
    rests_on: tuple[Evidence, ...] = ()
    parts: tuple["Finding", ...] = ()


_WORDS = {True: "yes", False: "no", None: "open"}


def lines(finding: Finding, indent: str = "") -> list[str]:
    """The tree as text, indented by two blanks a level."""
    own = f"{indent}{_WORDS[finding.holds]}: {finding.statement}{_because(finding.rests_on)}"
    return [own, *(line for part in finding.parts for line in lines(part, indent + "  "))]


def _because(evidence: tuple[Evidence, ...]) -> str:
    if not evidence:
        return ""
    return " - " + "; ".join(_cited(item) for item in evidence[:3])


def _cited(item: Evidence) -> str:
    day = f" {item.day.isoformat()}" if item.day else ""
    return f'{item.resource}{day} "{item.text}"' if item.text else f"{item.resource}{day}"
