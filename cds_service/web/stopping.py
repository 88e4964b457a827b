"""Stopping without a caller noticing: told to stop, the process first serves on and sends callers elsewhere.

uvicorn stops listening the moment it gets SIGTERM and closes idle connections; a proxy that has not yet
noticed runs into a reset. So its own reaction is put off for a while, in which `/readyz` says no and
every answer ends its connection. Ctrl-C stops at once, and so does a second SIGTERM.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from cds_service.web.log import log_event


class Stopping:
    """Whether this process was told to stop (`begun`). `drain_s`: how long it then serves on; 0 = not."""

    def __init__(self, drain_s: float) -> None:
        self.begun = False
        self._drain_s = drain_s

    @contextmanager
    def put_off(self) -> Iterator[None]:
        """While this lasts, the server's own reaction to SIGTERM comes `drain_s` late.

        Where no server listens for the signal (a test, a thread of another program) nothing changes.
        """
        of_main_thread = threading.current_thread() is threading.main_thread()
        servers_own = signal.getsignal(signal.SIGTERM) if of_main_thread else None
        if not callable(servers_own) or not self._drain_s:
            yield
            return
        loop, stop = asyncio.get_running_loop(), servers_own

        def told_to_stop(number: int, frame: FrameType | None) -> None:
            if self.begun:
                stop(number, frame)
                return
            self.begun = True
            loop.call_soon_threadsafe(self._later, loop, lambda: stop(number, None))

        signal.signal(signal.SIGTERM, told_to_stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, servers_own)

    def _later(self, loop: asyncio.AbstractEventLoop, stop: Callable[[], object]) -> None:
        log_event("stopping", seconds=self._drain_s)
        loop.call_later(self._drain_s, stop)
