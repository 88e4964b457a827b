"""Tokens that were used already, shared by all workers and replicas."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Final

from sqlalchemy import Connection, bindparam
from sqlalchemy.sql.dml import ReturningInsert

from cds_service.store.database import Database
from cds_service.store.tables import replays
from cds_service.store.upserts import insert

WITHIN_S: Final = 2.0


class StoredReplays:
    """`auth.replays.Replays` in the store."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def first_use(self, tenant: str, issuer: str, jti: str, expires: datetime) -> bool:
        """Whether this token was never shown before; from now on it was. Raises StoreUnreachable."""
        digest = hashlib.sha256("\0".join((tenant, issuer, jti)).encode()).hexdigest()
        now = self._clock()
        # Durable: a database that crashes must not forget the tokens of its last second.
        return await self._database.run(
            lambda connection: _first(connection, digest, expires, now), WITHIN_S, durable=True
        )


def _first(connection: Connection, digest: str, expires: datetime, now: datetime) -> bool:
    """One statement: of two who come at once only one is first. An expired entry counts for nothing."""
    told = {"shown": digest, "until": expires, "now": now}
    return connection.execute(_first_use(connection.dialect.name), told).first() is not None


@cache
def _first_use(dialect: str) -> ReturningInsert[tuple[str]]:
    """Put together once: every call of a service comes by here."""
    into = insert(dialect, replays).values(digest=bindparam("shown"), expires=bindparam("until"))
    return into.on_conflict_do_update(
        index_elements=[replays.c.digest],
        set_={"expires": into.excluded.expires},
        where=replays.c.expires < bindparam("now"),
    ).returning(replays.c.digest)
