"""The command line, `liver-cds`. Every command only reads its arguments and calls what does the work.

What does the work is imported by the command itself: each worker of the service imports this package too, and
would keep what the others need for good.
"""

import typer

from cds_service.cli.content import check, coverage, vignettes
from cds_service.cli.explain import explain
from cds_service.cli.options import FAULTY, UNREADABLE
from cds_service.cli.replay import replay
from cds_service.cli.serve import serve
from cds_service.cli.store import feedback, migrate
from cds_service.errors import LiverCdsError, RequestUnreadable

cli = typer.Typer(
    name="liver-cds",
    help="Appropriateness of imaging and biopsy orders for a liver lesion, as CDS Hooks cards.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they print local variables, and those hold patients
)
for command in (serve, explain, check, vignettes, coverage, feedback, migrate, replay):
    cli.command()(command)


def main() -> None:
    """Run the command line. What is wrong is said in one message, without a stack trace."""
    try:
        cli()
    except LiverCdsError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(UNREADABLE if isinstance(error, RequestUnreadable) else FAULTY) from error
