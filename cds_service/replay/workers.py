"""Worker processes: a function over many inputs, in any order, with progress told after each."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context
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
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            yield from _in_pool(pool, function, iter(inputs), 2 * workers)
        except BrokenProcessPool as error:
            raise ReplayImpossible(
                "A worker process ended: perhaps it ran out of memory. Run the same command again to go on"
                " where it stopped, with fewer --workers."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _in_pool(
    pool: ProcessPoolExecutor, function: Callable[[In], Out], inputs: Iterator[In], ahead: int
) -> Iterator[Out]:
    waiting: set[Future[Out]] = {pool.submit(function, one) for one in islice(inputs, ahead)}
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        waiting |= {pool.submit(function, one) for one in islice(inputs, len(done))}
        for future in done:
            yield future.result()
