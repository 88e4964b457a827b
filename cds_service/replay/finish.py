"""The last step: rows into the report, and the sample for chart review."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from cds_service.consult import Desk
from cds_service.replay.report.asking import Rows
from cds_service.replay.report.equity import equity
from cds_service.replay.report.numbers import numbers
from cds_service.replay.report.page import REPORT, write_page
from cds_service.replay.report.quality import quality_of
from cds_service.replay.report.words import words_of
from cds_service.replay.review import review
from cds_service.replay.run import Ran
from cds_service.replay.sampling import draw
from cds_service.replay.staging import write_whole
from cds_service.replay.statistics import SMALLEST_CELL
from cds_service.replay.unreadable import write_faults

NUMBERS = "numbers.json"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to make of the rows. `sample`: how many orders to draw, 0 = none; `reviewed`: answer sheets."""

    sample: int = 0
    blind: bool = False
    seed: int = 1
    reviewed: tuple[Path, ...] = ()
    smallest: int = SMALLEST_CELL


@dataclass(frozen=True, slots=True)
class Finished:
    """Where things are, and the numbers of the report."""

    report: Path
    numbers: dict[str, Any]
    sample: Path | None = None


def finish(ran: Ran, desk: Desk, wanted: Wanted) -> Finished:
    """Write report, numbers and lists. Raises ReplayImpossible for a sample or sheet that cannot be."""
    out = ran.out
    with Rows(out, out / "work" / "spill") as rows:
        found = numbers(rows, wanted.smallest)
        found["equity"] = equity(rows, wanted.smallest)
        sample = draw(rows, out, wanted.sample, wanted.seed, wanted.blind) if wanted.sample else None
    found["review"] = review(out, wanted.reviewed) if wanted.reviewed else None
    quality = None
    if ran.pieces:
        quality = quality_of(ran.manifest, ran.pieces, ran.shards, found["overview"]["orders"])
        write_faults(ran.pieces, out)
    write_whole(out / NUMBERS, orjson.dumps({**found, "quality": quality}, option=orjson.OPT_INDENT_2))
    words = words_of(desk.library, desk.topic)
    write_page(out / REPORT, desk.topic, words, found, ran.manifest, quality, wanted.smallest)
    return Finished(out / REPORT, found, sample)
