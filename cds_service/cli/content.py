"""Commands for the guideline's content: `check`, and `vignettes` and `coverage` of the clinical cases."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cds_service.cli.options import FAULTY
from cds_service.guideline import TOPIC
from cds_service.identifiers import random_id

if TYPE_CHECKING:
    from cds_service.guideline.content.library import Library
    from cds_service.guideline.content.topic_schema import GuidelineTopic
    from cds_service.vignettes.case import Case
    from cds_service.vignettes.run import Ran

CASES = Path("tests/vignettes")

TopicArgument = Annotated[str, typer.Argument(help="Which topic.")]
CasesOption = Annotated[
    Path, typer.Option(exists=True, file_okay=False, help="The directory that holds the cases.")
]


def check(
    directory: Annotated[Path | None, typer.Argument(help="Default: what LIVER_CDS_GUIDELINES says.")] = None,
) -> None:
    """Check guideline content. Exit 1: one line per fault."""
    from cds_service.guideline.content import library
    from cds_service.settings import Settings

    faults = library.check(directory or Settings.from_env(os.environ).guidelines)
    for fault in faults:
        typer.echo(fault)
    if faults:
        raise typer.Exit(FAULTY)
    typer.echo("guideline content: no faults")


def vignettes(topic: TopicArgument = TOPIC, cases: CasesOption = CASES) -> None:
    """Run the clinical cases. Exit 1: some do not come out as stated."""
    from cds_service.vignettes.reading import read_cases

    ran = asyncio.run(_ran(read_cases(cases), topic))
    for found in ran:
        for line in (*found.core, *found.consultation):
            typer.echo(f"{found.case.name}: {line}")
    failed = sum(not found.holds for found in ran)
    typer.echo(f"vignettes: {len(ran)} run, {failed} not as stated")
    if failed:
        raise typer.Exit(FAULTY)


def coverage(topic: TopicArgument = TOPIC, cases: CasesOption = CASES) -> None:
    """List what no clinical case reaches. Exit 1: there is something."""
    from cds_service.guideline.content import library
    from cds_service.settings import Settings
    from cds_service.vignettes.coverage import unreached
    from cds_service.vignettes.reading import read_cases

    content = library.load(Settings.from_env(os.environ).guidelines)
    missed = unreached(read_cases(cases), content, _topic(topic, content))
    for item in missed:
        typer.echo(f"no vignette reaches {item}")
    typer.echo(f"coverage: {len(missed)} not reached")
    if missed:
        raise typer.Exit(FAULTY)


async def _ran(cases: "Sequence[Case]", topic: str) -> "list[Ran]":
    from cds_service.app import build_desk
    from cds_service.fhir.access.client import new_client
    from cds_service.settings import Settings
    from cds_service.vignettes.run import run

    settings = Settings.from_env(os.environ)
    async with new_client(settings.fhir_timeout_s) as http:
        desk = build_desk(settings, http)
        desk = replace(desk, topic=_topic(topic, desk.library))
        return [await run(case, desk, datetime.now(UTC), random_id) for case in cases]


def _topic(name: str, content: "Library") -> "GuidelineTopic":
    if name not in content.topics:
        raise typer.BadParameter(f"one of: {', '.join(content.topics)}", param_hint="TOPIC")
    return content.topics[name]
