"""Shares with their uncertainty, agreement beyond chance, and counts too small to be shown."""

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

Z_95 = 1.959963984540054
SMALLEST_CELL = 11  # as many publishers of health statistics ask for


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval; all in [0, 1]. `of`: how many it rests on."""

    value: float
    low: float
    high: float
    of: float


def wilson(successes: float, of: float) -> Share | None:
    """Wilson's score interval. `of` may be an effective number, as of a weighted sample. None without any."""
    if of <= 0:
        return None
    p = successes / of
    z2 = Z_95 * Z_95
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = Z_95 * math.sqrt(p * (1 - p) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    low = 0.0 if successes == 0 else middle - half
    return Share(p, max(low, 0.0), min(middle + half, 1.0) if successes < of else 1.0, of)


def weighted_share(cases: Sequence[tuple[bool, float]]) -> Share | None:
    """The share of a stratified sample. `cases`: whether it holds, and how many orders the case stands for.

    The interval is Wilson's with Kish's effective number of cases.
    """
    total = sum(weight for _, weight in cases)
    squares = sum(weight * weight for _, weight in cases)
    if not squares:
        return None
    effective = total * total / squares
    holds = sum(weight for held, weight in cases if held)
    return wilson(holds / total * effective, effective)


def kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Cohen's kappa of two judgements of the same cases. None without cases, or when chance alone agrees."""
    if not pairs:
        return None
    count = len(pairs)
    observed = sum(one == other for one, other in pairs) / count
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    expected = sum(first[value] * second[value] for value in first) / (count * count)
    return None if expected == 1 else (observed - expected) / (1 - expected)


def suppressed(cells: Mapping[str, int], smallest: int) -> frozenset[str]:
    """Groups of one table that must not be shown: those below `smallest`, and one more if only one is.

    A single hidden group could be worked out from the total and the others.
    """
    small = {name for name, count in cells.items() if 0 < count < smallest}
    shown = {name: count for name, count in cells.items() if name not in small and count}
    if len(small) == 1 and shown:
        small.add(min(shown, key=lambda name: (shown[name], name)))
    return frozenset(small)
