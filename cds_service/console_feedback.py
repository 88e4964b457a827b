"""What became of cards, for people at a terminal (Rich). What others sent is printed as text alone."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cds_service.store.report import TenantFeedback

NOT_GIVEN = "no reason given"
NONE_FITS = "none"


def show_feedback(console: Console, reports: Sequence[TenantFeedback]) -> None:
    """Every tenant's counts. Cards without feedback are not rejected ones: EHRs do not report those."""
    if not reports:
        console.print("Nothing has been recorded.")
    for report in reports:
        _show(console, report)


def _show(console: Console, report: TenantFeedback) -> None:
    console.print(Text(report.tenant, style="bold"))
    console.print(
        f"{report.consultations} consultations, {report.cards} cards shown: {report.accepted} accepted,"
        f" {report.overridden} overridden, {report.unheard} of which nothing was heard"
    )
    if report.unknown:
        console.print(f"{report.unknown} cards that we were told about and have no record of")
    if report.lost:
        console.print(
            f"{report.lost} consultations were lost before they were recorded, and are missing here"
        )
    shown = ("shown", "accepted", "overridden")
    by_variant = ((c.of or NONE_FITS, c.shown, c.accepted, c.overridden) for c in report.by_variant)
    by_procedure = ((c.of or NONE_FITS, c.shown, c.accepted, c.overridden) for c in report.by_procedure)
    console.print(_table("variant", shown, by_variant))
    console.print(_table("procedure ordered", shown, by_procedure))
    console.print(_table("suggestion taken", ("cards",), ((c.offers, c.cards) for c in report.by_suggestion)))
    by_reason = ((f"{c.code or NOT_GIVEN} {c.system}".strip(), c.cards) for c in report.by_reason)
    console.print(_table("overridden because", ("cards",), by_reason))


def _table(of: str, counted: Iterable[str], rows: Iterable[tuple[object, ...]]) -> Table:
    table = Table(of, box=None, pad_edge=False)
    for name in counted:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    return table
