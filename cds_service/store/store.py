"""The store as the service sees it: opened once, asked from the event loop, lost and found again."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeVar

from cds_service.activity import Activity, Window
from cds_service.errors import StoreUnreachable
from cds_service.store import consultations, feedback
from cds_service.store.activity import read_activity
from cds_service.store.consultations import Gap
from cds_service.store.database import Database, Watch, Work
from cds_service.store.opening import read_url
from cds_service.store.outbox import CAPACITY, Outbox
from cds_service.store.rates import StoredRates
from cds_service.store.records import ConsultationRecord, FeedbackItem, StoreEvent
from cds_service.store.replays import StoredReplays
from cds_service.store.retention import Retention, prune_some

WRITE_WITHIN_S: Final = 10.0  # a batch, off the path of requests
FEEDBACK_WITHIN_S: Final = 5.0
FLUSH_WITHIN_S: Final = 5.0
REPORT_WITHIN_S: Final = 30.0
COUNT_WITHIN_S: Final = 30.0  # a year of a large tenant
PRUNE_EVERY_S: Final = 600.0

T = TypeVar("T")


def _now() -> datetime:
    return datetime.now(UTC)


class Store:
    """Consultations, feedback, used tokens, rates. Nothing is touched before `open`."""

    def __init__(
        self,
        url: str,
        watch: Watch = lambda _: None,
        *,
        clock: Callable[[], datetime] = _now,
        keep: Retention | None = None,
        outbox_capacity: int = CAPACITY,
    ) -> None:
        """`url`: as `read_url` takes it, else ValueError. `watch` hears what is worth a log line."""
        self._database = Database(read_url(url), watch)
        self._watch = watch
        self._clock = clock
        self._keep = keep or Retention()
        self._pruning: asyncio.Task[None] | None = None
        self.replays = StoredReplays(self._database, clock)
        self.rates = StoredRates(self._database, clock)
        self.outbox = Outbox(self._write, watch, outbox_capacity)

    async def open(self) -> None:
        """Connect and migrate. A database that is not there does not keep the service from starting."""
        await self._database.open()
        self.outbox.start()
        self._pruning = asyncio.get_running_loop().create_task(self._prune_again_and_again(), name="pruning")

    async def close(self) -> None:
        """Write what waits to be written, within limits, and let go."""
        if self._pruning:
            self._pruning.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pruning
        await self.outbox.close(FLUSH_WITHIN_S)
        await self._database.close()

    async def ready(self) -> bool:
        """Whether the database answers now."""
        return await self._database.ready()

    async def last_cards(self) -> dict[str, datetime]:
        """Tenant -> when its last card was made. Raises StoreUnreachable."""
        return await self.read(consultations.last_cards)

    async def keep_feedback(self, tenant: str, service: str, items: Sequence[FeedbackItem]) -> None:
        """Durable once this returns: all items or none. Raises StoreUnreachable."""
        work = partial(feedback.keep, tenant=tenant, service=service, items=items, now=self._clock())
        await self._database.run(work, FEEDBACK_WITHIN_S, durable=True)

    async def read(self, work: Work[T]) -> T:
        """What a report makes of the tables (see `tables`, `report`). Raises StoreUnreachable."""
        return await self._database.read(work, REPORT_WITHIN_S)

    async def activity(self, window: Window) -> Activity:
        """What clinicians did with our cards. Raises StoreUnreachable."""
        return await self._database.run(lambda connection: read_activity(connection, window), COUNT_WITHIN_S)

    async def prune(self) -> int:
        """Delete what is older than it may be kept; how many rows. Raises StoreUnreachable."""
        total = 0
        while found := await self._database.run(
            lambda connection: prune_some(connection, self._keep, self._clock()), WRITE_WITHIN_S
        ):
            total += found
        return total

    async def _write(self, records: Sequence[ConsultationRecord], gaps: Sequence[Gap]) -> None:
        work = partial(consultations.write, records=records, gaps=gaps)
        await self._database.run(work, WRITE_WITHIN_S)

    async def _prune_again_and_again(self) -> None:
        while True:
            with contextlib.suppress(StoreUnreachable):
                if found := await self.prune():
                    self._watch(StoreEvent("pruned", found))
            await asyncio.sleep(PRUNE_EVERY_S)
