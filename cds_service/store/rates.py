"""How often tenants call, counted over all workers and replicas.

The generic cell rate algorithm: one number per tenant, the moment at which its whole allowance is there
again. Replicas' clocks have to agree to a fraction of a second, as they do anyway for tokens.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Final, Protocol

from sqlalchemy import BindParameter, Connection, bindparam, case, select
from sqlalchemy.sql.dml import ReturningInsert

from cds_service.store.database import Database
from cds_service.store.tables import rates
from cds_service.store.upserts import insert

WITHIN_S: Final = 2.0
ROUNDING: Final = 1e-6  # of an interval: sums of fractions are not exact


class Limit(Protocol):
    """`auth.rates.RateLimit`: `calls` in any `per_s` seconds, and as many at once."""

    @property
    def calls(self) -> int:
        """How many."""
        ...

    @property
    def per_s(self) -> float:
        """In how many seconds."""
        ...


class StoredRates:
    """`auth.rates.Rates` in the store."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def admit(self, tenant: str, limit: Limit) -> float | None:
        """Count one call. None lets it pass, else seconds to wait. Raises StoreUnreachable."""
        now = self._clock().timestamp()
        return await self._database.run(lambda connection: _admit(connection, tenant, limit, now), WITHIN_S)


def _admit(connection: Connection, tenant: str, limit: Limit, now: float) -> float | None:
    """One statement counts and decides; a call that must wait is not counted."""
    interval, latest = limit.per_s / limit.calls, now + limit.per_s
    bounds = {"now": now, "latest": latest}
    told = {"who": tenant, "interval": interval, "last": latest + interval * ROUNDING, **bounds}
    if connection.execute(_counted(connection.dialect.name), told).first():
        return None
    found = connection.scalar(select(_FULL_AT).where(rates.c.tenant == tenant), bounds)
    return max(0.0, float(found or now) + interval - latest)


def _seconds(name: str) -> BindParameter[float]:
    return bindparam(name, type_=rates.c.full_at.type)


# Not before now; and not later than a full debt of this limit, should an earlier one have been laxer.
_FULL_AT = case(
    (rates.c.full_at < _seconds("now"), _seconds("now")),
    (rates.c.full_at > _seconds("latest"), _seconds("latest")),
    else_=rates.c.full_at,
)


@cache
def _counted(dialect: str) -> ReturningInsert[tuple[float]]:
    """Put together once: every call of a service comes by here."""
    first = {"tenant": bindparam("who"), "full_at": _seconds("now") + _seconds("interval")}
    return (
        insert(dialect, rates)
        .values(first)
        .on_conflict_do_update(
            index_elements=[rates.c.tenant],
            set_={"full_at": _FULL_AT + _seconds("interval")},
            where=_FULL_AT + _seconds("interval") <= _seconds("last"),
        )
        .returning(rates.c.full_at)
    )
