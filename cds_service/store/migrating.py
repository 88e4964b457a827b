"""The schema, brought up to date: by one process at a time, however many start together."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text

from cds_service.store.opening import DURABLE, READING

MIGRATIONS: Final = Path(__file__).parent / "migrations"
LOCK: Final = 0x6C697665  # any number that other users of the same PostgreSQL server will not choose


def newest() -> str:
    """The newest version of the schema that this code knows."""
    return max(file.name.split("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def version(connection: Connection) -> str | None:
    """The version of the database's schema. None: it has none of our tables yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


def migrate(engine: Engine) -> bool:
    """Bring the schema up to date; False when it already was.

    A newer schema than ours is left as it is: during a rolling update old replicas meet it, and migrations
    only add to what old replicas use.
    """
    with engine.connect().execution_options(**{READING: True}) as connection:
        if _current(connection):
            return False
    with engine.connect().execution_options(**{DURABLE: True}) as connection, connection.begin():
        _take_lock(connection)
        if _current(connection):  # somebody else did it while we waited
            return False
        _upgrade(connection)
    return True


def _current(connection: Connection) -> bool:
    found = version(connection)
    return found is not None and found >= newest()


def _take_lock(connection: Connection) -> None:
    """Held until the transaction ends. SQLite's BEGIN IMMEDIATE is such a lock already."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def _upgrade(connection: Connection) -> None:
    # Imported only when there is something to do: it costs every worker 9 MB.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
