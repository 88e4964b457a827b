"""FHIR dates of any precision, as the span of days they leave possible."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum

from cds_service.fhir.datatypes.elements import JsonObject, mapping, word

_DATE = re.compile(
    r"([0-9]{4})(?:-?([0-9]{2})(?:-?([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?(?:\.[0-9]+)?"
    r"\s*(Z|[+-][0-9]{2}:?[0-9]{2})?)?)?)?"
)

_PLAIN = re.compile(
    rb'"([12][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))'
    rb"(?:T(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?(?:\.[0-9]+)?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?)?"
    rb'"'
)


class Order(Enum):
    """How one time lies to another. UNCLEAR: a missing or imprecise date does not tell."""

    BEFORE = "before"
    SAME_DAY = "same day"
    AFTER = "after"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class When:
    """Days from `first` to `last`, both possible.

    `moment`: when a time of day was stated too (UTC). `stated`: the words of a date without a day ("2023").
    """

    first: date
    last: date
    moment: datetime | None = None
    stated: str = ""

    @property
    def exact(self) -> bool:
        """True when it is one day."""
        return self.first == self.last


EVER = When(date.min, date.max)


def parse(value: object) -> When | None:
    """A FHIR date, dateTime or instant (`2026`, `2026-05`, `2026-05-20T10:00:00+0000`); else None."""
    match = _DATE.fullmatch(word(value))
    if match is None:
        return None
    try:
        return _span(*match.groups())
    except (ValueError, OverflowError):
        return None


def plain_day(written: bytes) -> str:
    """The day ("2026-05-20") of a date as most stand in JSON; "" = it takes `parse` to tell."""
    match = _PLAIN.fullmatch(written)
    if match is None:
        return ""
    day = match[1].decode()
    try:
        return day if day[8:] < "29" else date.fromisoformat(day).isoformat()
    except ValueError:
        return ""


def parse_period(value: object) -> When | None:
    """A date, or the days a FHIR Period covers; an open end is taken as its start."""
    if not isinstance(value, dict):
        return parse(value)
    start, end = parse(value.get("start")), parse(value.get("end"))
    return covering(part for part in (start, end) if part)


def of(resource: JsonObject, *members: str) -> When | None:
    """The first of these members that holds a date or a period."""
    values = mapping(resource)
    return next((when for member in members if (when := parse_period(values.get(member)))), None)


def covering(parts: Iterable[When]) -> When | None:
    """The shortest span over all parts; None when there are none."""
    spans = list(parts)
    if not spans:
        return None
    if len(spans) == 1:
        return spans[0]
    earliest = min(spans, key=lambda span: span.first)
    return When(earliest.first, max(span.last for span in spans), stated=earliest.stated)


def order(one: When | None, other: When | None) -> Order:
    """How `one` lies to `other`, by whole days: times of recording are too noisy to go by."""
    if one is None or other is None:
        return Order.UNCLEAR
    if one.first > other.last:
        return Order.AFTER
    if one.last < other.first:
        return Order.BEFORE
    return Order.SAME_DAY if one.exact and other.exact else Order.UNCLEAR


def order_with_times(one: When | None, other: When | None) -> Order:
    """As `order`, but two times of the same day are told apart."""
    if one and other and one.moment and other.moment and one.moment != other.moment:
        return Order.AFTER if one.moment > other.moment else Order.BEFORE
    return order(one, other)


def day_of(when: When | None) -> date | None:
    """The day to show: the first one, if it was stated as a day."""
    return when.first if when and when != EVER and not when.stated else None


def _span(*parts: str | None) -> When:
    year, month, day, hour, minute, second, zone = parts
    first = date(int(year or 0), int(month or 1), int(day or 1))
    if day is None:
        return When(
            first, _end(first, month is not None), stated="-".join(part for part in (year, month) if part)
        )
    return When(first, first, _moment(first, hour, minute, second, zone))


def _end(first: date, of_month: bool) -> date:
    if not of_month:
        return date(first.year, 12, 31)
    following = first.replace(day=28) + timedelta(days=4)
    return following - timedelta(days=following.day)


def _moment(
    day: date, hour: str | None, minute: str | None, second: str | None, zone: str | None
) -> datetime | None:
    """None at midnight as well: that is how a date without a time is often sent."""
    if hour is None or (hour, minute) == ("00", "00"):
        return None
    seconds = min(int(second or 0), 59)  # leap seconds
    local = datetime(day.year, day.month, day.day, int(hour), int(minute or 0), seconds, tzinfo=UTC)
    return local - _offset(zone)


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone == "Z":
        return timedelta()
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return timedelta(minutes=-minutes if zone[0] == "-" else minutes)
