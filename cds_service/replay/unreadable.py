"""Lines that could not be read, by file and line: listed, never fatal."""

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from cds_service.replay.staging import PieceCounts, write_whole

LISTED = "unreadable.csv"


def faults_of(pieces: Iterable[PieceCounts]) -> Iterator[tuple[str, int, str]]:
    """File, line (from 1) and reason of every fault that was listed. `pieces`: in the export's order."""
    before: dict[str, int] = {}
    for piece in pieces:
        start = before.get(piece.file, 0)
        for line, why in piece.faults:
            yield piece.file, start + line, why
        before[piece.file] = start + piece.lines


def write_faults(pieces: Iterable[PieceCounts], out: Path) -> None:
    """The list as CSV."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow(("file", "line", "why"))
    lines.writerows(faults_of(pieces))
    write_whole(out / LISTED, written.getvalue().encode())
