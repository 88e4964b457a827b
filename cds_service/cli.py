"""The command line, `liver-cds`. Every command only reads its arguments and calls what does the work.

What does the work is imported by the command itself: each worker of the service imports this module too, and
would keep what the others need for good.
"""

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cds_service.errors import LiverCdsError, RequestUnreadable
from cds_service.guideline import TOPIC
from cds_service.identifiers import random_id
from cds_service.replay import options as past
from cds_service.replay.statistics import SMALLEST_CELL

if TYPE_CHECKING:
    from cds_service.consultation import Consultation
    from cds_service.guideline.content.library import Library
    from cds_service.guideline.content.topic_schema import GuidelineTopic
    from cds_service.settings import Settings
    from cds_service.vignettes.case import Case
    from cds_service.vignettes.run import Ran

FAULTY = 1
UNREADABLE = 2
CASES = Path("tests/vignettes")

TopicArgument = Annotated[str, typer.Argument(help="Which topic.")]
CasesOption = Annotated[
    Path, typer.Option(exists=True, file_okay=False, help="The directory that holds the cases.")
]

cli = typer.Typer(
    name="liver-cds",
    help="Appropriateness of imaging and biopsy orders for a liver lesion, as CDS Hooks cards.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they print local variables, and those hold patients
)


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes any free one.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    first: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A request to send once ready; its cards are shown."),
    ] = None,
) -> None:
    """Run the service until Ctrl-C."""
    from cds_service import serving

    serving.look_for_garbage_later()
    from rich.console import Console

    from cds_service import first_order
    from cds_service.app import create_app
    from cds_service.settings import Settings

    if first and workers > 1:
        raise typer.BadParameter("works with one worker only", param_hint="--first")
    sample = first_order.read_sample(first, datetime.now(UTC).date()) if first else None
    environ = {**os.environ, **_stated(HOST=host, PORT=port)}
    asked = Settings.from_env(environ)
    with serving.listen(asked.host, asked.port) as listening:
        environ |= _stated(PORT=listening.getsockname()[1])
        app = create_app(Settings.from_env(environ))
        console, base_url = Console(), serving.address(listening)
        if sample is None:
            console.print(f"Serving at {base_url}  (Ctrl-C stops it)")
        if workers > 1:
            os.environ.update(environ)  # each worker builds its own app, from there
            serving.serve_in_workers(listening, workers)
            return
        first_call = partial(first_order.send_first_order, base_url, sample, console) if sample else None
        if not serving.serve(app, listening, first_call):
            raise typer.Exit(FAULTY)


@cli.command()
def explain(
    request: Annotated[
        Path | None,
        typer.Argument(metavar="REQUEST.json", help="A hook request; - reads standard input."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of --json.")] = False,
    profile: Annotated[str | None, typer.Option(help="Answer this EHR: spec, sandbox or epic.")] = None,
    codes: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The EHR's local-codes.yaml.")
    ] = None,
    today: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Judge as of this day.")
    ] = None,
) -> None:
    """Explain what the service makes of one request: facts, reasons, cards. Exit 2: not readable."""
    from rich.console import Console

    from cds_service.console import show_explanation
    from cds_service.explanation import explain as explanation_of
    from cds_service.explanation import schema as explanation_schema
    from cds_service.settings import Settings

    if schema:
        typer.echo(json.dumps(explanation_schema(), indent=2))
        return
    if request is None:
        raise typer.BadParameter("give a file, or - for standard input", param_hint="REQUEST.json")
    body = _body(request)
    settings = Settings.from_env({**os.environ, **_stated(OPEN_PROFILE=profile, OPEN_CODES=codes)})
    now = today.replace(tzinfo=UTC) if today else datetime.now(UTC)
    explanation = explanation_of(asyncio.run(_consultation(body, settings, now)))
    if as_json:
        typer.echo(json.dumps(explanation.to_json(), indent=2, ensure_ascii=False))
    else:
        show_explanation(Console(), explanation)


@cli.command()
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


@cli.command()
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


@cli.command()
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


@cli.command()
def feedback(
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Count what was shown from this day (UTC) on."),
    ] = None,
    tenant: Annotated[str, typer.Option(help="Only this tenant.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Count what became of cards: accepted and overridden, by variant, procedure and reason."""
    from rich.console import Console

    from cds_service.console_feedback import show_feedback
    from cds_service.settings import Settings
    from cds_service.store.reading import read
    from cds_service.store.report import feedback_report
    from cds_service.store.report import to_json as report_json

    start = since.replace(tzinfo=UTC) if since else None
    url = Settings.from_env(os.environ).database_url
    found = read(url, lambda connection: feedback_report(connection, start, tenant))
    if as_json:
        typer.echo(json.dumps(report_json(found, start), indent=2))
    else:
        show_feedback(Console(), found)


@cli.command()
def migrate() -> None:
    """Make the store's tables, or bring them up to date. `serve` does it too, where it is allowed to."""
    from cds_service.settings import Settings
    from cds_service.store.reading import bring_up_to_date

    changed = bring_up_to_date(Settings.from_env(os.environ).database_url)
    typer.echo("store: brought up to date" if changed else "store: up to date")


@cli.command()
def replay(
    export: past.ExportArgument = None,
    out: past.OutOption = Path("replay"),
    workers: past.WorkersOption = None,
    engine: past.EngineOption = "local",
    profile: Annotated[str, typer.Option(help="Cards of this EHR: spec, sandbox or epic.")] = "spec",
    codes: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The EHR's local-codes.yaml.")
    ] = None,
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

    settings = Settings.from_env({**os.environ, **_stated(OPEN_PROFILE=profile, OPEN_CODES=codes)})
    other = partial(open_desk, replace(settings, guidelines=compare)) if compare else None
    wanted = Wanted(sample, blind, seed, tuple(reviewed or ()), smallest_cell)
    if silent == (export is not None):
        raise typer.BadParameter("give an export, or --silent for the store", param_hint="DIR")
    if export is None:
        command.replay_silent(settings.database_url, out, open_desk(settings), wanted)
        return
    asked = command.Asked(export, out, workers or os.cpu_count() or 1, engine, fresh, wanted)
    command.replay(asked, _told(settings), partial(open_desk, settings), other)


def main() -> None:
    """Run the command line. What is wrong is said in one message, without a stack trace."""
    try:
        cli()
    except LiverCdsError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(UNREADABLE if isinstance(error, RequestUnreadable) else FAULTY) from error


async def _consultation(body: bytes, settings: "Settings", now: datetime) -> "Consultation":
    from cds_service.app import build_desk
    from cds_service.consult import consult
    from cds_service.fhir.access.client import new_client
    from cds_service.hooks import parse_request

    async with new_client(settings.fhir_timeout_s) as http:
        return await consult(parse_request(body), build_desk(settings, http), now, random_id)


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


def _body(request: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(request) == "-" else request.read_bytes()
    except OSError as error:
        raise RequestUnreadable(f"{request}: {error.strerror}") from error


def _topic(name: str, content: "Library") -> "GuidelineTopic":
    if name not in content.topics:
        raise typer.BadParameter(f"one of: {', '.join(content.topics)}", param_hint="TOPIC")
    return content.topics[name]


def _told(settings: "Settings") -> dict[str, str]:
    """What a replay's answers depend on beside the content, for its manifest."""
    codes = settings.open_codes.read_text(encoding="utf-8") if settings.open_codes else ""
    return {
        "profile": settings.open_profile,
        "local_codes": hashlib.sha256(codes.encode()).hexdigest()[:16] if codes else "none",
        "imaging_window_days": str(settings.imaging_window_days),
        "egfr_max_age_days": str(settings.egfr_max_age_days),
    }


def _stated(**options: object) -> dict[str, str]:
    """The environment variables that stand for the options which were given."""
    return {f"LIVER_CDS_{name}": str(value) for name, value in options.items() if value is not None}
