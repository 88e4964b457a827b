"""`liver-cds replay` as a command: what its options become, and what is said at the end.

Settings and what the desk is made of come from the command line's module.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console

from cds_service.consult import Desk
from cds_service.replay.claim import GO_ON, claimed, said_in_words
from cds_service.replay.decide import OpenDesk
from cds_service.replay.finish import Finished, Wanted, finish
from cds_service.replay.inputs import find_export
from cds_service.replay.progress import Bars
from cds_service.replay.run import ENGINES, Plan, Ran, clear, run
from cds_service.replay.silent import report_silent, silent_rows
from cds_service.store.reading import read


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    export: Path
    out: Path
    workers: int
    engine: str
    fresh: bool
    wanted: Wanted


def replay(
    asked: Asked, settings: Mapping[str, str], open_desk: OpenDesk, open_other: OpenDesk | None
) -> Finished:
    """Run, report, and say where things are. Raises ReplayImpossible."""
    if asked.engine not in ENGINES:
        raise typer.BadParameter(f"one of: {', '.join(ENGINES)}", param_hint="--engine")
    plan = Plan(asked.export, asked.out, open_desk, settings, asked.workers, asked.engine, open_other)
    with said_in_words():
        find_export(asked.export, but_not=asked.out)  # before anything is made or swept away
    with said_in_words(), claimed(asked.out), Bars() as bars:
        if asked.fresh:
            clear(asked.out)
        try:
            ran, finished = _replayed(plan, open_desk, asked.wanted, bars)
        except KeyboardInterrupt:
            bars.say(f"Interrupted. {GO_ON}")
            raise
    _tell(Console(), ran, finished)
    return finished


def replay_silent(url: str, out: Path, desk: Desk, wanted: Wanted) -> Finished:
    """Report what the store holds of a silent phase. Raises ReplayImpossible, StoreUnreachable."""
    biopsies = frozenset(name for name, one in desk.library.procedures.items() if one.liver_biopsy)
    rows, revisions = read(url, lambda connection: silent_rows(connection, biopsies))
    with said_in_words(), claimed(out):
        finished = report_silent(rows, revisions, out, desk, wanted)
    Console().print(f"report: {finished.report}", markup=False, highlight=False, soft_wrap=True)
    return finished


def _replayed(plan: Plan, open_desk: OpenDesk, wanted: Wanted, bars: Bars) -> tuple[Ran, Finished]:
    ran = run(plan, bars)
    bars.step("Writing the report", 1)
    finished = finish(ran, open_desk(), wanted)
    bars.part()
    return ran, finished


def _tell(console: Console, ran: Ran, finished: Finished) -> None:
    told = finished.numbers["overview"]
    unreadable = sum(piece.unreadable for piece in ran.pieces)
    found = (
        f"{told['orders']:,} imaging and biopsy orders, {told['decided']:,} decided,"
        f" {told['in_scope']:,} about a liver lesion, {told['cards']:,} cards"
    )
    lines: list[str] = [
        found,
        *([f"{unreadable:,} lines could not be read: see unreadable.csv"] if unreadable else []),
        f"report: {finished.report}",
        *([f"sample: {finished.sample}"] if finished.sample else []),
    ]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
