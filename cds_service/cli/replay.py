"""`liver-cds replay`."""

import hashlib
import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cds_service.cli.options import CodesOption, stated
from cds_service.replay import options as past
from cds_service.replay.statistics import SMALLEST_CELL

if TYPE_CHECKING:
    from cds_service.settings import Settings


def replay(
    export: past.ExportArgument = None,
    out: past.OutOption = Path("replay"),
    workers: past.WorkersOption = None,
    engine: past.EngineOption = "local",
    profile: Annotated[str, typer.Option(help="Cards of this EHR: spec, sandbox or epic.")] = "spec",
    codes: CodesOption = None,
    compare: past.CompareOption = None,
    sample: past.SampleOption = 0,
    blind: past.BlindOption = False,
    seed: past.SeedOption = 1,
    reviewed: past.ReviewedOption = None,
    smallest_cell: past.SmallestOption = SMALLEST_CELL,
    fresh: past.FreshOption = False,
    silent: past.SilentOption = False,
) -> None:
    """What would the service have said about the orders of a Bulk FHIR export? Writes a report."""
    from cds_service.app import open_desk
    from cds_service.replay import command
    from cds_service.replay.finish import Wanted
    from cds_service.settings import Settings

    settings = Settings.from_env({**os.environ, **stated(OPEN_PROFILE=profile, OPEN_CODES=codes)})
    other = partial(open_desk, replace(settings, guidelines=compare)) if compare else None
    wanted = Wanted(sample, blind, seed, tuple(reviewed or ()), smallest_cell)
    if silent == (export is not None):
        raise typer.BadParameter("give an export, or --silent for the store", param_hint="DIR")
    if export is None:
        command.replay_silent(settings.database_url, out, open_desk(settings), wanted)
        return
    asked = command.Asked(export, out, workers or os.cpu_count() or 1, engine, fresh, wanted)
    command.replay(asked, _told(settings), partial(open_desk, settings), other)


def _told(settings: "Settings") -> dict[str, str]:
    """What a replay's answers depend on beside the content, for its manifest."""
    codes = settings.open_codes.read_text(encoding="utf-8") if settings.open_codes else ""
    return {
        "profile": settings.open_profile,
        "local_codes": hashlib.sha256(codes.encode()).hexdigest()[:16] if codes else "none",
        "imaging_window_days": str(settings.imaging_window_days),
        "egfr_max_age_days": str(settings.egfr_max_age_days),
    }
