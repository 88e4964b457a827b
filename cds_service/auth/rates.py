"""How often a tenant may call: `50/second`, with bursts of as many at once."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

UNITS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
_WRITTEN = re.compile(r"([1-9][0-9]{0,6})/(second|minute|hour)")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `calls` in any `per_s` seconds, on average; up to `calls` may come at once."""

    calls: int
    per_s: float

    @property
    def interval_s(self) -> float:
        """Seconds between two calls of a caller who comes evenly."""
        return self.per_s / self.calls


class Rates(Protocol):
    """Who counts the calls: this process, or the store that several processes share."""

    async def admit(self, tenant: str, limit: RateLimit) -> float | None:
        """Count one call. None lets it pass, else seconds to wait. Raises StoreUnreachable."""
        ...


def rate_limit(written: str) -> RateLimit:
    """`50/second`, `300/minute` or `2000/hour`. Raises ValueError for anything else."""
    match = _WRITTEN.fullmatch(written)
    if match is None:
        raise ValueError("write a number and second, minute or hour, such as 50/second")
    return RateLimit(int(match[1]), UNITS[match[2]])


class RatesInMemory:
    """Counts in this process alone (generic cell rate algorithm: one number per tenant)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._full_at: dict[str, float] = {}  # tenant -> when its allowance is whole again

    async def admit(self, tenant: str, limit: RateLimit) -> float | None:
        """Count one call; a call that must wait is not counted."""
        now = self._clock()
        full_at = max(self._full_at.get(tenant, now), now) + limit.interval_s
        wait = full_at - now - limit.per_s
        # Sums of fractions of a second are not exact: a millionth of an interval is nobody's wait.
        if wait > limit.interval_s * 1e-6:
            return wait
        self._full_at[tenant] = full_at
        return None
