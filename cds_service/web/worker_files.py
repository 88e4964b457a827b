"""Where several workers add up what each of them counts: a directory of files that prometheus_client maps.

The library decides when it is imported whether it counts in memory or in these files, by the variable
below; so the process that starts the workers sets it, and only they see it.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from prometheus_client.multiprocess import mark_process_dead

VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
_OF_A_LIVE_GAUGE: Final = re.compile(r"gauge_live[a-z]+_(\d+)\.db")


@contextmanager
def shared_by_workers() -> Iterator[Path]:
    """A fresh directory (under TMPDIR) that the workers started meanwhile count in; removed at the end."""
    before = os.environ.get(VARIABLE)
    with TemporaryDirectory(prefix="liver-cds-metrics-") as directory:
        os.environ[VARIABLE] = directory
        try:
            yield Path(directory)
        finally:
            os.environ.pop(VARIABLE)
            if before is not None:
                os.environ[VARIABLE] = before


def forget_dead_workers(directory: Path) -> None:
    """Drop what dead workers said of their present state; what they counted stays counted."""
    found = (_OF_A_LIVE_GAUGE.fullmatch(path.name) for path in directory.iterdir())
    for pid in {int(match[1]) for match in found if match}:
        if not _is_alive(pid):
            mark_process_dead(pid, str(directory))  # type: ignore[no-untyped-call]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's: the number went to another program; the file is one scrape old
    return True
