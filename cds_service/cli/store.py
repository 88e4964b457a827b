"""Commands for what the service keeps: `feedback` and `migrate`."""

import json
import os
from datetime import UTC, datetime
from typing import Annotated

import typer


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


def migrate() -> None:
    """Make the store's tables, or bring them up to date. `serve` does it too, where it is allowed to."""
    from cds_service.settings import Settings
    from cds_service.store.reading import bring_up_to_date

    changed = bring_up_to_date(Settings.from_env(os.environ).database_url)
    typer.echo("store: brought up to date" if changed else "store: up to date")
