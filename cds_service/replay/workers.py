"""Worker processes: a function over many inputs, in any order, with progress told after each."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import active_children, get_context, parent_process
from threading import Thread, current_thread, main_thread
from typing import TypeVar

from cds_service.errors import ReplayImpossible

In = TypeVar("In")
Out = TypeVar("Out")


def over(function: Callable[[In], Out], inputs: Iterable[In], workers: int) -> Iterator[Out]:
    """`function` of every input, as results come in. One worker means this very process.

    No more inputs are handed out than workers can take soon, so that memory does not grow with their number.
    Processes start afresh instead of being forked: threads of a library in this one would be lost in them.
    """
    if workers == 1:
        yield from map(function, inputs)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_end_with_parent) as pool:
        try:
            yield from _in_pool(pool, function, iter(inputs), 2 * workers)
        except BrokenProcessPool as error:
            raise ReplayImpossible(
                "A worker process ended: perhaps it ran out of memory. Run the same command again to go on"
                " where it stopped, with fewer --workers."
            ) from error
        except KeyboardInterrupt:
            for one in active_children():
                one.terminate()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def _in_pool(
    pool: ProcessPoolExecutor, function: Callable[[In], Out], inputs: Iterator[In], ahead: int
) -> Iterator[Out]:
    def handed(count: int) -> set[Future[Out]]:
        taken = list(islice(inputs, count))
        with _left_to_parent():  # the pool starts a process when it is first needed
            return {pool.submit(function, one) for one in taken}

    waiting = handed(ahead)
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        waiting |= handed(len(done))
        for future in done:
            yield future.result()


@contextmanager
def _left_to_parent() -> Iterator[None]:
    """Processes that start in here do not hear of Ctrl-C: this one ends them, and one message is enough."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        Thread(target=watch, daemon=True).start()
