"""Numbers as tables, from which the page's charts are drawn: what a chart shows, the table says."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from cds_service.activity import OUTSIDE, SEVERAL, Activity, Override, Share
from cds_service.guideline.content.library import Library

UNSAID: Final = "No reason given"
VERDICTS: Final[Mapping[str, str]] = {
    "rated": "Rated",
    "undetermined": "Undetermined: a question was asked",
    "conflicting": "Two variants disagree",
    "no-criteria": "No criterion applies",
    "after-mri": "After the MRI",
    "not-applicable": "Not about the topic",
    "unreadable": "Not readable",
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """Sums over some orders. `unheard`: cards of which nothing was reported, which is not a refusal."""

    orders: int = 0
    cards: int = 0
    accepted: int = 0
    overridden: int = 0

    @property
    def unheard(self) -> int:
        """A card both accepted and overridden was heard of once."""
        return max(0, self.cards - self.accepted - self.overridden)

    @property
    def firing(self) -> str:
        """Share of orders with a card."""
        return share_of(self.cards, self.orders)


@dataclass(frozen=True, slots=True)
class Line:
    """One row: what it is about, and its numbers."""

    label: str
    numbers: Numbers


def total(shares: Iterable[Share]) -> Numbers:
    """All of them together."""
    counted = [(one.orders, one.cards, one.accepted, one.overridden) for one in shares]
    return Numbers(*map(sum, zip(*counted, strict=True))) if counted else Numbers()


def grouped(shares: Iterable[Share], key: Callable[[Share], str]) -> tuple[Line, ...]:
    """By label, those with the most cards first."""
    by_label: dict[str, list[Share]] = {}
    for one in shares:
        by_label.setdefault(key(one), []).append(one)
    lines = (Line(label, total(found)) for label, found in by_label.items())
    return tuple(sorted(lines, key=lambda line: (-line.numbers.cards, -line.numbers.orders, line.label)))


def by_week(activity: Activity) -> tuple[Line, ...]:
    """In the order of time, with the weeks in which nothing happened."""
    lines = {line.label: line for line in grouped(activity.shares, lambda one: one.week.isoformat())}
    if not lines:
        return ()
    first, last = date.fromisoformat(min(lines)), date.fromisoformat(max(lines))
    weeks = [(first + timedelta(weeks=n)).isoformat() for n in range((last - first).days // 7 + 1)]
    return tuple(lines.get(week) or Line(week, Numbers()) for week in weeks)


def by_variant(activity: Activity) -> tuple[Line, ...]:
    """Orders of which the variant is known; several where the patient may be in either."""
    covered = (one for one in activity.shares if one.variant)
    return grouped(covered, lambda one: f"Variant {one.variant.replace(',', ' or ')}")


def by_procedure(activity: Activity, library: Library) -> tuple[Line, ...]:
    """The ordered studies."""
    known = (one for one in activity.shares if one.procedure != OUTSIDE)
    return grouped(known, lambda one: procedure_words(one.procedure, library))


def by_verdict(activity: Activity) -> tuple[Line, ...]:
    """Of orders that the catalogue holds."""
    known = (one for one in activity.shares if one.procedure != OUTSIDE)
    return grouped(known, lambda one: VERDICTS.get(one.verdict, one.verdict))


def outside(activity: Activity) -> int:
    """Orders whose code and words mean nothing to the catalogue."""
    return sum(one.orders for one in activity.shares if one.procedure == OUTSIDE)


def ambiguous(activity: Activity) -> int:
    """Orders whose code names several studies."""
    return sum(one.orders for one in activity.shares if one.procedure == SEVERAL)


def reason_words(override: Override, library: Library) -> str:
    """Our own display of a reason, or its bare code."""
    ours = {(coding.system, coding.code): coding.display for coding in library.override_reasons}
    return ours.get((override.system, override.code)) or override.code or UNSAID


def procedure_words(procedure: str, library: Library) -> str:
    """The title of a study that may no longer be in the catalogue."""
    if procedure == SEVERAL:
        return "Code names several studies"
    return library.procedures[procedure].title if procedure in library.procedures else procedure


def share_of(part: int, whole: int) -> str:
    """A percentage in words; without a whole there is none."""
    return f"{100 * part / whole:.0f} %" if whole else "–"
