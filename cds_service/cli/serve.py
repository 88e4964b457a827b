"""`liver-cds serve`."""

import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cds_service.cli.options import FAULTY, stated

if TYPE_CHECKING:
    from cds_service.serving import FirstCall


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
    from cds_service.app import create_app
    from cds_service.settings import Settings

    if first and workers > 1:
        raise typer.BadParameter("works with one worker only", param_hint="--first")
    sample = _sample(first) if first else None
    environ = {**os.environ, **stated(HOST=host, PORT=port)}
    asked = Settings.from_env(environ)
    with serving.listen(asked.host, asked.port) as listening:
        environ |= stated(PORT=listening.getsockname()[1])
        app = create_app(Settings.from_env(environ))
        base_url = serving.address(listening)
        if sample is None:
            typer.echo(f"Serving at {base_url}  (Ctrl-C stops it)")
        if workers > 1:
            os.environ.update(environ)  # each worker builds its own app, from there
            serving.serve_in_workers(listening, workers)
            return
        first_call = _first_call(base_url, sample) if sample else None
        if not serving.serve(app, listening, first_call):
            raise typer.Exit(FAULTY)


def _sample(path: Path) -> dict[str, Any]:
    from cds_service import first_order

    return first_order.read_sample(path, datetime.now(UTC).date())


def _first_call(base_url: str, sample: dict[str, Any]) -> "FirstCall":
    from rich.console import Console

    from cds_service import first_order

    return partial(first_order.send_first_order, base_url, sample, Console())
