"""The numbers as CSV, for whoever counts on in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from cds_service.activity import Activity

SHARES: Final = (
    *("week", "tenant", "hook", "procedure", "variant", "verdict"),
    *("orders", "cards", "accepted", "overridden"),
)
OVERRIDES: Final = ("system", "code", "cards")
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet would run


def shares_csv(activity: Activity) -> str:
    """One line per week and kind of order."""
    return _written(SHARES, ([getattr(one, name) for name in SHARES] for one in activity.shares))


def overrides_csv(activity: Activity) -> str:
    """One line per reason."""
    return _written(OVERRIDES, ([getattr(one, name) for name in OVERRIDES] for one in activity.overrides))


def _written(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows([_harmless(value) for value in row] for row in rows)
    return out.getvalue()


def _harmless(value: object) -> str:
    """What an EHR reported is text in a spreadsheet too."""
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
