"""The store without a service around it, for the command line: one piece of work, then closed."""

from pathlib import Path
from typing import TypeVar

from sqlalchemy.engine import URL

from cds_service.errors import StoreUnreachable
from cds_service.store.database import GONE, Work
from cds_service.store.migrating import migrate, version
from cds_service.store.opening import MEMORY, READING, open_engine, read_url

T = TypeVar("T")


def read(url: str, work: Work[T]) -> T:
    """What `work` gives; makes no database where there is none. Raises StoreUnreachable: what to do."""
    parsed = read_url(url)
    if _missing(parsed):
        raise StoreUnreachable(f"nothing has been recorded yet: there is no file {parsed.database}")
    engine = open_engine(parsed).engine
    try:
        with engine.connect().execution_options(**{READING: True}) as connection:
            if version(connection) is None:
                raise StoreUnreachable("the database has no tables of ours yet: run `liver-cds migrate`")
            return work(connection)
    except GONE as error:
        raise StoreUnreachable(f"{place(parsed)} cannot be read ({type(error).__name__})") from error
    finally:
        engine.dispose()


def bring_up_to_date(url: str) -> bool:
    """Make or change the tables; False when there was nothing to do. Raises StoreUnreachable."""
    parsed = read_url(url)
    engine = open_engine(parsed).engine
    try:
        return migrate(engine)
    except GONE as error:
        raise StoreUnreachable(f"{place(parsed)} cannot be changed ({type(error).__name__})") from error
    finally:
        engine.dispose()


def place(url: URL) -> str:
    """Which database, for a person to recognise; never with a password."""
    return url.render_as_string(hide_password=True)


def _missing(url: URL) -> bool:
    if url.get_backend_name() != "sqlite" or url.database in (None, "", MEMORY):
        return False
    return not Path(str(url.database)).exists()
