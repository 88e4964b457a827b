"""Ages and numbers as a clinician reads them."""

from datetime import date

from cds_service.guideline.chart import Interval


def age_in_words(day: date, today: date) -> str:
    """ "today", "4 days", "3 weeks", "4 months", "3 years": whole units, rounded down."""
    days = (today - day).days
    if days <= 0:
        return "today"
    if days < 21:
        return _counted(days, "day")
    if days < 61:
        return _counted(days // 7, "week")
    return _counted(days * 12 // 365, "month") if days < 730 else _counted(days // 365, "year")


def number_words(interval: Interval) -> str:
    """A number as a clinician reads it: "24", "under 30", "5 to 9". Nothing is negative here."""
    if interval.value is not None:
        return f"{interval.value:g}"
    if interval.low <= 0:
        return f"{'up to' if interval.high_included else 'under'} {interval.high:g}"
    if interval.high == float("inf"):
        return f"{'at least' if interval.low_included else 'over'} {interval.low:g}"
    return f"{interval.low:g} to {interval.high:g}"


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
