"""From a database URL to an engine: which databases, and how their connections are set up."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Engine, Pool, QueuePool, StaticPool, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

MEMORY: Final = ":memory:"
# Execution options: once it is committed, a power cut loses nothing of it; it only reads.
DURABLE: Final = "durable"
READING: Final = "reading"
BUSY_MS: Final = 5_000  # how long a writer of SQLite waits for the one before it
CONNECT_S: Final = 2
STATEMENT_MS: Final = 5_000
POSTGRESQL_THREADS: Final = 4
DRIVERS: Final = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


@dataclass(frozen=True, slots=True)
class Opened:
    """An engine, and how many threads may write with it at once. Nothing has been connected yet.

    `reads_apart`: reading may have a thread more, so that a long report keeps nobody waiting.
    """

    engine: Engine
    threads: int
    reads_apart: bool


def read_url(written: str) -> URL:
    """The URL with the driver that we use, whichever it names. Raises ValueError: what to write instead."""
    try:
        url = make_url(written)
    except (ArgumentError, ValueError):  # a port that is no number is a ValueError
        raise ValueError(_what_to_write("is not a database URL")) from None
    kind = url.get_backend_name()
    if kind not in DRIVERS:
        raise ValueError(_what_to_write(f"names {kind}, which is not supported"))
    url = url.set(drivername=DRIVERS[kind])
    if kind == "sqlite" and (url.host or url.query):
        raise ValueError(_what_to_write("must be sqlite:/// and a path, with nothing after it"))
    return url


def open_engine(url: URL) -> Opened:
    """The engine for a URL from `read_url`."""
    return _sqlite(url) if url.get_backend_name() == "sqlite" else _postgresql(url)


def _what_to_write(fault: str) -> str:
    """The URL itself is not repeated: it may hold a password."""
    return (
        f"the value {fault}. Write sqlite:////var/lib/liver-cds/store.sqlite3 (four slashes: an"
        " absolute path) or postgresql://user:password@host/database."
    )


def _as_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _sqlite(url: URL) -> Opened:
    """One thread: SQLite has one writer anyway, and waiting in line is fairer than its busy loop."""
    in_memory = url.database in (None, "", MEMORY)
    pool: type[Pool] = StaticPool if in_memory else QueuePool
    arguments = {"check_same_thread": False, "timeout": BUSY_MS / 1000, "isolation_level": None}
    engine = create_engine(
        url,
        poolclass=pool,
        connect_args=arguments,
        hide_parameters=True,
        json_serializer=_as_json,
        **({} if in_memory else POOL),
    )
    if not in_memory:
        event.listen(engine, "do_connect", _file_made(Path(str(url.database))))
    event.listen(engine, "connect", _sqlite_connected)
    event.listen(engine, "begin", _sqlite_begun)
    return Opened(engine, threads=1, reads_apart=not in_memory)


POOL: Final[dict[str, Any]] = {"pool_size": 2, "max_overflow": 0}  # a writer and a reader


def _file_made(path: Path) -> Callable[..., None]:
    """Before SQLite makes the file itself: with a mode that keeps others from reading it."""

    def make(*_: Any) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
        except OSError as error:
            raise sqlite3.OperationalError(f"the file cannot be made: {error.strerror}") from error

    return make


def _sqlite_connected(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")  # what is pruned is gone from the file
    connection.execute("PRAGMA cache_size=-2000")  # KiB


def _sqlite_begun(connection: Connection) -> None:
    """BEGIN IMMEDIATE: a transaction that reads first and writes later could not wait for its turn."""
    options = connection.get_execution_options()
    level = "FULL" if options.get(DURABLE) else "NORMAL"
    connection.exec_driver_sql(f"PRAGMA synchronous={level}")
    connection.exec_driver_sql("BEGIN" if options.get(READING) else "BEGIN IMMEDIATE")


def _postgresql(url: URL) -> Opened:
    """Waits are bounded on every level, so that a server that went silent costs seconds, not minutes."""
    arguments = {
        "connect_timeout": CONNECT_S,
        "tcp_user_timeout": STATEMENT_MS,
        "keepalives_idle": 10,
        "application_name": "liver-cds",
    }
    engine = create_engine(
        url,
        connect_args={name: value for name, value in arguments.items() if name not in url.query},
        pool_size=POSTGRESQL_THREADS + 1,
        max_overflow=0,
        hide_parameters=True,
        json_serializer=_as_json,
    )
    event.listen(engine, "connect", _postgresql_connected)
    event.listen(engine, "begin", _postgresql_begun)
    return Opened(engine, threads=POSTGRESQL_THREADS, reads_apart=True)


def _postgresql_connected(connection: Any, _: Any) -> None:
    """Not waiting for the disk is the default here: `durable` transactions ask for it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = {STATEMENT_MS}")
        cursor.execute("SET synchronous_commit = off")
    connection.commit()


def _postgresql_begun(connection: Connection) -> None:
    if connection.get_execution_options().get(DURABLE):
        connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
