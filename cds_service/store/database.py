"""One database: work is done on its own threads, within a time limit, or refused at once while it is lost.

SQLAlchemy is used as it is on the command line, without its asyncio layer: one kind of code for both, and
8 MB less in every worker. A thread hop costs less than a tenth of a millisecond.
"""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from typing import Final, TypeAlias, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from cds_service.errors import StoreUnreachable
from cds_service.store.migrating import migrate
from cds_service.store.opening import DURABLE, READING, open_engine
from cds_service.store.records import StoreEvent

T = TypeVar("T")
Work: TypeAlias = Callable[[Connection], T]
Watch: TypeAlias = Callable[[StoreEvent], None]

OPEN_WITHIN_S: Final = 20.0  # the first connection and migrations, which may wait for another replica's
PROBE_WITHIN_S: Final = 1.0
CLOSE_WITHIN_S: Final = 2.0
RETRY_FROM_S: Final = 0.2
RETRY_TO_S: Final = 5.0

# The database is not there, is full, read-only, locked, has lost our tables: it may come back.
# Anything else that it says (a value it cannot hold, a key that does not fit) is a fault of ours.
GONE: Final = (OperationalError, InterfaceError, InternalError, ProgrammingError, PoolExhausted)


class Database:
    """Created closed and without touching the database. `watch` hears when it is lost and when it is back."""

    def __init__(self, url: URL, watch: Watch) -> None:
        opened = open_engine(url)
        self._engine = opened.engine
        self._threads = ThreadPoolExecutor(opened.threads, "store")
        self._readers = ThreadPoolExecutor(1, "store-reader") if opened.reads_apart else self._threads
        self._watch = watch
        self._recovery: asyncio.Task[None] | None = None
        self._lost = True

    async def open(self) -> None:
        """Connect and bring the schema up to date. While that fails, it goes on trying in the background."""
        try:
            await self._bounded(self._threads, self._prepare, OPEN_WITHIN_S)
        except StoreUnreachable as error:
            self._lose(error)
        else:
            self._lost = False
            self._watch(StoreEvent("opened"))

    async def close(self) -> None:
        """Let go of the connections, once work under way has ended: it has limits of its own."""
        if self._recovery:
            self._recovery.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._recovery
        self._lost = True
        try:
            async with asyncio.timeout(CLOSE_WITHIN_S):
                for threads in (self._threads, self._readers):
                    await asyncio.to_thread(threads.shutdown, cancel_futures=True)
        except TimeoutError:
            return  # a connection must not be closed under the hands of a thread
        self._engine.dispose()

    async def run(self, work: Work[T], within_s: float, *, durable: bool = False) -> T:
        """What `work` gives, in one transaction. `durable`: once this returns, a power cut loses nothing.

        Raises StoreUnreachable: lost already, lost now, or not in time (then the work may still be done).
        """
        return await self._unless_lost(self._threads, work, within_s, {DURABLE: durable})

    async def read(self, work: Work[T], within_s: float) -> T:
        """What `work` gives, which only reads: beside the others, however long it takes. As `run` else."""
        return await self._unless_lost(self._readers, work, within_s, {READING: True})

    async def ready(self) -> bool:
        """Whether it answers now."""
        try:
            await self.read(lambda connection: connection.execute(text("SELECT 1")), PROBE_WITHIN_S)
        except StoreUnreachable:
            return False
        return True

    async def _unless_lost(
        self, threads: ThreadPoolExecutor, work: Work[T], within_s: float, options: dict[str, bool]
    ) -> T:
        if self._lost:
            raise StoreUnreachable("the store is lost")
        try:
            return await self._bounded(threads, lambda: self._transact(work, options), within_s)
        except StoreUnreachable as error:
            self._lose(error)
            raise

    async def _bounded(self, threads: ThreadPoolExecutor, work: Callable[[], T], within_s: float) -> T:
        try:
            async with asyncio.timeout(within_s):
                return await asyncio.get_running_loop().run_in_executor(threads, work)
        except TimeoutError as error:
            raise StoreUnreachable("the store did not answer in time") from error
        except GONE as error:
            raise StoreUnreachable("the store cannot be reached") from error

    def _transact(self, work: Work[T], options: dict[str, bool]) -> T:
        """Once more on a new connection if the old one was found broken: a restart costs nobody anything."""
        try:
            return self._once(work, options)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        return self._once(work, options)

    def _once(self, work: Work[T], options: dict[str, bool]) -> T:
        with self._engine.connect().execution_options(**options) as connection, connection.begin():
            return work(connection)

    def _prepare(self) -> None:
        migrate(self._engine)

    def _lose(self, error: StoreUnreachable) -> None:
        if self._recovery is None or self._recovery.done():
            self._lost = True
            self._watch(StoreEvent("lost", fault=type(error.__cause__).__name__))
            # In a context of its own: that it is back is no event of the request that found it lost.
            task = asyncio.get_running_loop().create_task
            self._recovery = task(self._recover(), name="store recovery", context=Context())

    async def _recover(self) -> None:
        wait = RETRY_FROM_S
        while self._lost:
            await asyncio.sleep(wait)
            wait = min(wait * 2, RETRY_TO_S)
            with contextlib.suppress(StoreUnreachable):
                await self._bounded(self._threads, self._prepare, OPEN_WITHIN_S)
                self._lost = False
        self._watch(StoreEvent("back"))
