"""INSERT … ON CONFLICT, which SQLite and PostgreSQL write alike and SQLAlchemy under two names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.dialects import sqlite

Row: TypeAlias = dict[str, Any]


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows that are not there yet; one that is there stays as it is. All have the same columns."""
    if rows:
        ready = _prepared(connection.dialect, table, tuple(rows[0]))
        connection.exec_driver_sql(ready.statement, [ready.values(row) for row in rows])


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A statement as the driver takes it, with its parameters by position or by name.

    Worked out once: to do it for each of many small rows costs more than to insert them.
    """

    statement: str
    columns: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    by_position: bool

    def values(self, row: Row) -> tuple[Any, ...] | Row:
        """What the driver is given for a row."""
        sent = {name: as_sent(row[name]) if as_sent else row[name] for name, as_sent in self.columns}
        return tuple(sent.values()) if self.by_position else sent


@lru_cache(maxsize=64)
def _prepared(dialect: Dialect, table: Table, names: tuple[str, ...]) -> _Prepared:
    statement = insert(dialect.name, table).on_conflict_do_nothing().inline()
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))
    order = compiled.positiontup
    return _Prepared(
        str(compiled),
        tuple((name, _as_sent(table.c[name].type, dialect)) for name in order or names),
        by_position=order is not None,
    )


def _as_sent(kind: Any, dialect: Dialect) -> Callable[[Any], Any] | None:
    """How a value of this type is made into what the driver takes; None: it is taken as it is."""
    made: Callable[[Any], Any] | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return made


def insert(dialect: str, table: Table) -> sqlite.Insert:
    """The insert of a connection's dialect; the two that we use have the same methods."""
    if dialect == "postgresql":
        # Imported only where it is used: a service on SQLite does without it.
        from sqlalchemy.dialects import postgresql

        into: Any = postgresql.insert(table)
        return into  # type: ignore[no-any-return]
    return sqlite.insert(table)
