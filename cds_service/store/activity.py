"""What clinicians did, counted in the database: orders by week and kind, and why cards were overridden.

Counted are orders and cards, not messages: a card that was accepted twice is one accepted card.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Subquery,
    Text,
    and_,
    case,
    cast,
    distinct,
    func,
    literal,
    or_,
    select,
    true,
)

from cds_service.activity import OUTSIDE, SEVERAL, Activity, Override, Share, Window
from cds_service.store.tables import cards, consultations, feedback, gaps, orders

NONE: Final = "none"  # Window.variant: in no variant

_OF_ORDER: Final = orders.c.consultation == consultations.c.id
_OF_CARD: Final = and_(feedback.c.tenant == cards.c.tenant, feedback.c.card == cards.c.uuid)


def read_activity(connection: Connection, window: Window) -> Activity:
    """Everything that the window holds."""
    called = _called(window)
    answered = consultations.c.status == 200
    return Activity(
        shares=_shares(connection, window),
        overrides=_overrides(connection, window),
        calls=_number(connection, and_(called, answered)),
        failed=_number(connection, and_(called, ~answered)),
        lost=_lost(connection, window),
        tenants=_tenants(connection),
    )


def _shares(connection: Connection, window: Window) -> tuple[Share, ...]:
    """Grouped by the columns of a subquery: PostgreSQL takes the same expression, written twice, for two."""
    found = _judged(connection, window)
    kind = (found.c.day, found.c.tenant, found.c.hook, found.c.kind, found.c.variants, found.c.verdict)
    numbers = (found.c.shown, found.c.accepted, found.c.overridden)
    sums = (func.sum(func.coalesce(number, 0)) for number in numbers)
    return _by_week(connection.execute(select(*kind, func.count(), *sums).group_by(*kind)))


def _judged(connection: Connection, window: Window) -> Subquery:
    """One row per order that counts."""
    told = _told()
    of_order = and_(told.c.consultation == orders.c.consultation, told.c.position == orders.c.position)
    return (
        select(
            _day(connection, consultations.c.at).label("day"),
            consultations.c.tenant,
            consultations.c.hook,
            _procedure().label("kind"),
            orders.c.variants,
            orders.c.verdict,
            *(told.c.shown, told.c.accepted, told.c.overridden),
        )
        .select_from(consultations.join(orders, _OF_ORDER).outerjoin(told, of_order))
        .where(_called(window), _ordered(window))
        .subquery()
    )


def _by_week(rows: Iterable[Any]) -> tuple[Share, ...]:
    """Days of one week put together. SQLite gives a day as text."""
    weeks: dict[tuple[date, ...], list[int]] = {}
    for day, *kind, count, shown, accepted, overridden in rows:
        of = date.fromisoformat(day) if isinstance(day, str) else day
        key = (of - timedelta(days=of.weekday()), *kind)
        numbers = (int(count), int(shown), int(accepted), int(overridden))
        weeks[key] = _sum(weeks.get(key, [0, 0, 0, 0]), numbers)
    return tuple(Share(*key, *numbers) for key, numbers in sorted(weeks.items()))  # type: ignore[arg-type]


def _sum(one: Sequence[int], other: Sequence[int]) -> list[int]:
    return [a + b for a, b in zip(one, other, strict=True)]


def _told() -> Subquery:
    """Per order: whether a card was shown, and whether one was accepted or overridden at least once."""
    return (
        select(
            cards.c.consultation,
            cards.c.position,
            literal(1).label("shown"),
            _at_least_once("accepted"),
            _at_least_once("overridden"),
        )
        .select_from(cards.outerjoin(feedback, _OF_CARD))
        .where(cards.c.shown)
        .group_by(cards.c.consultation, cards.c.position)
        .subquery()
    )


def _at_least_once(outcome: str) -> Any:
    return func.max(case((feedback.c.outcome == outcome, 1), else_=0)).label(outcome)


def _overrides(connection: Connection, window: Window) -> tuple[Override, ...]:
    counted = (
        select(feedback.c.reason_system, feedback.c.reason_code, func.count(distinct(feedback.c.card)))
        .select_from(
            feedback.join(cards, _OF_CARD)
            .join(
                orders,
                and_(orders.c.consultation == cards.c.consultation, orders.c.position == cards.c.position),
            )
            .join(consultations, _OF_ORDER)
        )
        .where(feedback.c.outcome == "overridden", cards.c.shown, _called(window), _ordered(window))
        .group_by(feedback.c.reason_system, feedback.c.reason_code)
    )
    found = (Override(*row) for row in connection.execute(counted))
    return tuple(sorted(found, key=lambda one: (-one.cards, one.code, one.system)))


def _called(window: Window) -> ColumnElement[bool]:
    """Which calls count."""
    wanted = [_within(window, consultations.c.at)]
    if window.tenant:
        wanted.append(consultations.c.tenant == window.tenant)
    if window.hook:
        wanted.append(consultations.c.hook == window.hook)
    return reduce(and_, wanted)


def _ordered(window: Window) -> ColumnElement[bool]:
    """Which of their orders count. An order that may be in either of two variants counts for each."""
    wanted: list[ColumnElement[bool]] = [literal(True)]
    if window.procedure:
        wanted.append(_procedure() == window.procedure)
    if window.variant == NONE:
        wanted.append(orders.c.variants == "")
    elif window.variant:
        listed = literal(",").concat(orders.c.variants).concat(",")
        wanted.append(listed.contains(f",{window.variant},", autoescape=True))
    return reduce(and_, wanted)


def _within(window: Window, at: Column[datetime]) -> ColumnElement[bool]:
    bounds: list[ColumnElement[bool]] = [literal(True)]
    if window.since:
        bounds.append(at >= _midnight(window.since))
    if window.until and window.until < date.max:
        bounds.append(at < _midnight(window.until + timedelta(days=1)))
    return reduce(and_, bounds)


def _midnight(day: date) -> datetime:
    """A year before the first that PostgreSQL's drivers read back is taken for that one."""
    return datetime.combine(max(day, date(1970, 1, 1)), time(), UTC)


def _day(connection: Connection, at: Column[datetime]) -> ColumnElement[Any]:
    """The day in UTC. PostgreSQL would take that of its session."""
    return func.date(func.timezone("UTC", at) if connection.dialect.name == "postgresql" else at)


def _procedure() -> ColumnElement[str]:
    nothing = or_(orders.c.one_of.is_(None), cast(orders.c.one_of, Text) == "[]")
    return case((orders.c.procedure.is_not(None), orders.c.procedure), (nothing, OUTSIDE), else_=SEVERAL)


def _number(connection: Connection, wanted: ColumnElement[bool]) -> int:
    return int(connection.scalar(select(func.count()).select_from(consultations).where(wanted)) or 0)


def _lost(connection: Connection, window: Window) -> int:
    wanted = _within(window, gaps.c.last_at)
    mine = gaps.c.tenant == window.tenant if window.tenant else true()
    return int(connection.scalar(select(func.coalesce(func.sum(gaps.c.lost), 0)).where(wanted, mine)) or 0)


def _tenants(connection: Connection) -> tuple[str, ...]:
    named = select(consultations.c.tenant).distinct().order_by(consultations.c.tenant)
    return tuple(name for (name,) in connection.execute(named))
