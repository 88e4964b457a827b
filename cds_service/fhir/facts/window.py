"""How far back imaging and measurements count as of today."""

from dataclasses import dataclass
from datetime import date, timedelta

from cds_service.fhir.datatypes.dates import When


@dataclass(frozen=True, slots=True)
class Window:
    """The days that count. A day's grace at the end: the EHR may be in a zone where it is tomorrow."""

    first: date
    last: date

    def holds(self, when: When | None) -> bool:
        """Undated counts: it cannot be told to be old."""
        return when is None or (when.last >= self.first and when.first <= self.last)


def window(today: date, days: int) -> Window:
    """The last `days` days."""
    return Window(today - timedelta(days=days), today + timedelta(days=1))
