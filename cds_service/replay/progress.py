"""Progress of a run as bars at a terminal (Rich)."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as Remaining


class Bars:
    """One bar per step, with the time it took and will take. Written to standard error."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.description:<20}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            Remaining(),
            console=Console(stderr=True),
        )
        self._now: TaskID | None = None

    def __enter__(self) -> "Bars":
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def say(self, words: str) -> None:
        """A line above the bars."""
        self._bars.console.print(words, markup=False, highlight=False, soft_wrap=True)

    def step(self, name: str, total: int) -> None:
        """A step of so many parts begins."""
        self._now = self._bars.add_task(name, total=total)

    def part(self) -> None:
        """One part of it is done."""
        if self._now is not None:
            self._bars.advance(self._now)
