"""One tenant's line to its FHIR servers: how much goes over it at once, and when it is given a rest.

A slow server holds up its own tenant only. One that keeps failing is not asked for a while, so that
orders are not kept waiting for nothing; then a single request tries it again.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

AT_ONCE: Final = 64  # queries; one request makes up to eight
FAILURES: Final = 5  # requests in a row that got no answer at all
REST_S: Final = 30.0
REMEMBERED: Final = 64  # servers; an open service may be told of any on this machine


@dataclass(slots=True)
class _Trouble:
    """A server that failed: how often in a row, and until when it is left alone."""

    failures: int = 0
    rest_until: float = 0.0


class Line:
    """What all requests of one tenant share on their way out. One per tenant and process."""

    def __init__(self, at_once: int = AT_ONCE, clock: Callable[[], float] = time.monotonic) -> None:
        self.slots = asyncio.Semaphore(at_once)
        self._clock = clock
        self._troubles: dict[str, _Trouble] = {}

    def may_try(self, server: str) -> bool:
        """Whether to ask `server` now. After its rest, True for one request only until that has ended."""
        trouble = self._troubles.get(server)
        if trouble is None or trouble.failures < FAILURES:
            return True
        now = self._clock()
        if now < trouble.rest_until:
            return False
        trouble.rest_until = now + REST_S
        return True

    def answered(self, server: str) -> None:
        """A request got an answer from `server`, be it a refusal."""
        self._troubles.pop(server, None)

    def failed(self, server: str) -> None:
        """A request got no answer from `server`: no connection, a status of 5xx, or too late."""
        trouble = self._troubles.pop(server, None) or _Trouble()
        trouble.failures += 1
        trouble.rest_until = self._clock() + REST_S
        self._troubles[server] = trouble  # the latest stands last
        if len(self._troubles) > REMEMBERED:
            del self._troubles[next(iter(self._troubles))]
