"""Database URLs, and how connections are set up."""

import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from cds_service.errors import SettingsFaulty, StoreUnreachable
from cds_service.settings import Settings
from cds_service.store.opening import DURABLE, open_engine, read_url
from cds_service.store.reading import bring_up_to_date, place


@pytest.mark.parametrize(
    ("written", "driver"),
    [
        ("sqlite:///store.sqlite3", "sqlite"),
        ("sqlite+aiosqlite:////var/lib/store.sqlite3", "sqlite"),
        ("postgresql://u:p@db/liver", "postgresql+psycopg"),
        ("postgres://u:p@db/liver", "postgresql+psycopg"),
        ("postgresql+asyncpg://u:p@db/liver?sslmode=require", "postgresql+psycopg"),
    ],
)
def test_whichever_driver_a_url_names_ours_is_used(written: str, driver: str) -> None:
    assert read_url(written).drivername == driver


@pytest.mark.parametrize(
    "written", ["mysql://u:secret@db/x", "secret", "sqlite://secret/x", "postgresql://u:secret@db:port/x"]
)
def test_a_wrong_url_is_refused_without_being_repeated(written: str) -> None:
    with pytest.raises(SettingsFaulty, match=r"LIVER_CDS_DATABASE_URL: .*Write sqlite:////") as refused:
        Settings.from_env({"LIVER_CDS_DATABASE_URL": written})
    assert "secret" not in str(refused.value)


def test_without_a_url_there_is_a_file_of_this_user() -> None:
    home = Settings.from_env({"HOME": "/h/u"})
    assert home.database_url == "sqlite:////h/u/.local/state/liver-cds/store.sqlite3"
    state = Settings.from_env({"HOME": "/h/u", "XDG_STATE_HOME": "/s"})
    assert state.database_url == "sqlite:////s/liver-cds/store.sqlite3"


def test_the_file_and_its_directory_are_for_this_user_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "store.sqlite3"
    bring_up_to_date(f"sqlite:///{file}")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_sqlite_writes_ahead_and_waits_for_the_disk_when_asked(sqlite_url: str) -> None:
    engine = open_engine(read_url(sqlite_url)).engine
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 1
        assert connection.scalar(text("PRAGMA secure_delete")) == 1
    with engine.connect().execution_options(**{DURABLE: True}) as connection:
        assert connection.scalar(text("PRAGMA synchronous")) == 2
    engine.dispose()


def test_postgresql_waits_for_the_disk_when_asked(postgresql_url: str) -> None:
    engine = open_engine(read_url(postgresql_url)).engine
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW synchronous_commit")) == "off"
        assert connection.scalar(text("SHOW statement_timeout")) == "5s"
    with engine.connect().execution_options(**{DURABLE: True}) as connection:
        assert connection.scalar(text("SHOW synchronous_commit")) == "on"
    engine.dispose()


def test_a_place_where_no_file_can_be_made_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnreachable, match="cannot be changed"):
        bring_up_to_date(f"sqlite:///{tmp_path / 'file' / 'store.sqlite3'}")


def test_a_place_is_named_without_its_password() -> None:
    assert "secret" not in place(read_url("postgresql://u:secret@db/liver"))
