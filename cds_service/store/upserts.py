"""INSERT … ON CONFLICT, which SQLite and PostgreSQL write alike and SQLAlchemy under two names."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import sqlite


def insert(dialect: str, table: Table) -> sqlite.Insert:
    """The insert of a connection's dialect; the two that we use have the same methods."""
    if dialect == "postgresql":
        # Imported only where it is used: a service on SQLite does without it.
        from sqlalchemy.dialects import postgresql

        into: Any = postgresql.insert(table)
        return into  # type: ignore[no-any-return]
    return sqlite.insert(table)


def insert_new(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows that are not there yet; one that is there stays as it is."""
    if rows:
        connection.execute(insert(connection.dialect.name, table).on_conflict_do_nothing(), rows)
