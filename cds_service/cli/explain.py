"""`liver-cds explain`."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cds_service.cli.options import CodesOption, stated
from cds_service.errors import RequestUnreadable
from cds_service.identifiers import random_id

if TYPE_CHECKING:
    from cds_service.consultation import Consultation
    from cds_service.settings import Settings


def explain(
    request: Annotated[
        Path | None,
        typer.Argument(metavar="REQUEST.json", help="A hook request; - reads standard input."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of --json.")] = False,
    profile: Annotated[str | None, typer.Option(help="Answer this EHR: spec, sandbox or epic.")] = None,
    codes: CodesOption = None,
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
    settings = Settings.from_env({**os.environ, **stated(OPEN_PROFILE=profile, OPEN_CODES=codes)})
    now = today.replace(tzinfo=UTC) if today else datetime.now(UTC)
    explanation = explanation_of(asyncio.run(_consultation(body, settings, now)))
    if as_json:
        typer.echo(json.dumps(explanation.to_json(), indent=2, ensure_ascii=False))
    else:
        show_explanation(Console(), explanation)


async def _consultation(body: bytes, settings: "Settings", now: datetime) -> "Consultation":
    from cds_service.app import build_desk
    from cds_service.consult import consult
    from cds_service.fhir.access.client import new_client
    from cds_service.hooks import parse_request

    async with new_client(settings.fhir_timeout_s) as http:
        return await consult(parse_request(body), build_desk(settings, http), now, random_id)


def _body(request: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(request) == "-" else request.read_bytes()
    except OSError as error:
        raise RequestUnreadable(f"{request}: {error.strerror}") from error
