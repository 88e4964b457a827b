"""Consultations on their way to the store, off the path of the requests that they are about.

Putting one in never waits and never fails. While the store is lost they pile up to a limit; then the
oldest are given up, counted, and leave a row in `gaps`: a hole in the records must not look like silence.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeAlias

from cds_service.errors import StoreUnreachable
from cds_service.store.consultations import Gap, gap_of
from cds_service.store.records import ConsultationRecord, StoreEvent

Write: TypeAlias = Callable[[Sequence[ConsultationRecord], Sequence[Gap]], Awaitable[None]]

BATCH: Final = 200  # in one transaction: some 20 ms during which SQLite's only writer is taken
LINGER_S: Final = 0.05  # consultations that come within it are written together
RETRY_S: Final = 0.2  # asking costs nothing while the store is known to be lost
LAST_TRIES: Final = 3  # when closing
CAPACITY: Final = 10_000  # about 2 kB each


class Outbox:
    """A bounded queue and the one task that empties it. For use on one event loop."""

    def __init__(self, write: Write, watch: Callable[[StoreEvent], None], capacity: int = CAPACITY) -> None:
        self._write = write
        self._watch = watch
        self._capacity = capacity
        self._waiting: deque[ConsultationRecord] = deque()
        self._gaps: dict[str, Gap] = {}  # by tenant, not written yet
        self._filled = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._unreported = 0  # of `dropped`; a log line for each would bury the log
        self._fault = ""
        self._singly = 0  # how many to write one by one: among them is one that cannot be written
        self.written = 0  # since the start, like `dropped`
        self.dropped = 0

    @property
    def depth(self) -> int:
        """How many wait to be written."""
        return len(self._waiting)

    def put(self, record: ConsultationRecord) -> None:
        """Take one in. Never waits, never raises."""
        if len(self._waiting) >= self._capacity:
            self._give_up(self._waiting.popleft())
        self._waiting.append(record)
        self._filled.set()

    def start(self) -> None:
        """Begin to write what was put in and what will be."""
        self._task = asyncio.get_running_loop().create_task(self._empty(), name="store outbox")

    async def close(self, within_s: float) -> None:
        """Write what is left, as far as time allows; the rest is given up."""
        self._closing = True
        self._filled.set()
        if self._task:
            await asyncio.wait({self._task}, timeout=within_s)
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        while self._waiting:
            self._give_up(self._waiting.popleft())
        self._report()

    async def _empty(self) -> None:
        failures = 0
        while self._pending or not self._closing:
            await self._filled.wait()
            if not self._closing and len(self._waiting) < self._at_once:
                await asyncio.sleep(LINGER_S)
            if self._pending and not await self._write_some():
                failures += 1
                await asyncio.sleep(RETRY_S)
            else:
                failures = 0
            self._report()
            if self._closing and failures >= LAST_TRIES:
                return
            if not self._pending and not self._closing:
                self._filled.clear()

    @property
    def _pending(self) -> bool:
        return bool(self._waiting or self._gaps)

    @property
    def _at_once(self) -> int:
        return 1 if self._singly else BATCH

    async def _write_some(self) -> bool:
        """False when the store is lost. Whatever was not written is back in line or given up."""
        batch = [self._waiting.popleft() for _ in range(min(self._at_once, len(self._waiting)))]
        gaps, self._gaps = self._gaps, {}
        try:
            await self._write(batch, list(gaps.values()))
        except (StoreUnreachable, asyncio.CancelledError) as lost:
            self._put_back(batch, gaps)
            if isinstance(lost, asyncio.CancelledError):
                raise
            return False
        except Exception as fault:
            self._faulty(batch, gaps, fault)
            return True
        self._singly = max(0, self._singly - 1)
        self.written += len(batch)
        self._watch(StoreEvent("written", len(batch)))
        return True

    def _faulty(self, batch: Sequence[ConsultationRecord], gaps: Mapping[str, Gap], fault: Exception) -> None:
        """One that cannot be written must not keep the others waiting: find it, one by one, and go on."""
        if len(batch) > 1:
            self._put_back(batch, gaps)
            self._singly = len(batch)
            return
        self._fault = type(fault).__name__
        self._put_back((), gaps if batch else {})
        for record in batch:
            self._give_up(record)

    def _put_back(self, batch: Sequence[ConsultationRecord], gaps: Mapping[str, Gap]) -> None:
        """In front of those that came meanwhile, as long as there is room."""
        self._waiting.extendleft(reversed(batch))
        for gap in gaps.values():
            self._widen(gap)
        while len(self._waiting) > self._capacity:
            self._give_up(self._waiting.popleft())

    def _give_up(self, record: ConsultationRecord) -> None:
        self.dropped += 1
        self._unreported += 1
        self._widen(gap_of(record))

    def _report(self) -> None:
        if self._unreported:
            self._watch(StoreEvent("dropped", self._unreported, self._fault))
        self._unreported, self._fault = 0, ""

    def _widen(self, gap: Gap) -> None:
        known = self._gaps.get(gap.tenant)
        self._gaps[gap.tenant] = known.wider(gap) if known else gap
