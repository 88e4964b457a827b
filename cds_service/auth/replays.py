"""Tokens that were used already: what keeps them, as the token check sees it."""

from datetime import datetime
from typing import Protocol


class Replays(Protocol):
    """Remembers the tokens that were shown, for all workers and replicas alike."""

    async def first_use(self, tenant: str, issuer: str, jti: str, expires: datetime) -> bool:
        """Whether `jti` was never shown before; from now on it was. Atomic.

        `jti` arrives as a digest. It may be forgotten after `expires`. Raises StoreUnreachable.
        """
        ...
