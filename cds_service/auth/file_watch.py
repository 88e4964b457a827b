"""Noticing that a file was changed, at the price of one `stat` per look."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

# A file system's clock ticks in steps: two changes within one of them look the same.
TICK_NS = 2_000_000_000

Signature: TypeAlias = tuple[tuple[int, int, int, int] | None, ...]


class FileWatch:
    """Remembers how some files looked. Links are followed: container platforms swap those."""

    def __init__(self, paths: Iterable[Path], clock_ns: Callable[[], int] = time.time_ns) -> None:
        self.paths = tuple(paths)
        self._clock_ns = clock_ns
        self._seen: Signature = ()
        self._contents: tuple[bytes | None, ...] = ()
        self._settled = False
        self.mark()

    def mark(self) -> None:
        """Take the files as they are now for the ones that are known. Call it before reading them."""
        self._seen = self._look()
        self._settled = False
        self._contents = self._read()

    def changed(self) -> bool:
        """Whether a file is another than at the last `mark`; it may also have come or gone."""
        if self._look() != self._seen:
            return True
        if self._settled:
            return False
        if self._read() != self._contents:
            return True
        newest = max((stat[0] for stat in self._seen if stat), default=0)
        self._settled = self._clock_ns() - newest > TICK_NS
        return False

    def _look(self) -> Signature:
        return tuple(_stat(path) for path in self.paths)

    def _read(self) -> tuple[bytes | None, ...]:
        return tuple(_bytes(path) for path in self.paths)


def _stat(path: Path) -> tuple[int, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
