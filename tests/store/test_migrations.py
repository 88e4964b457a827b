"""The schema's history ends in what `tables` says, whoever runs it and however often."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from cds_service.errors import StoreUnreachable
from cds_service.store.migrating import MIGRATIONS, migrate, newest, version
from cds_service.store.opening import open_engine, read_url
from cds_service.store.reading import bring_up_to_date, read
from cds_service.store.tables import metadata


def test_an_empty_database_gets_the_tables_that_are_described(url: str) -> None:
    engine = open_engine(read_url(url)).engine
    assert migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert version(connection) == newest()
    engine.dispose()


def test_the_second_time_there_is_nothing_to_do(url: str) -> None:
    assert bring_up_to_date(url)
    assert not bring_up_to_date(url)


def test_of_several_that_start_together_one_makes_the_tables(url: str) -> None:
    with ThreadPoolExecutor(6) as replicas:
        done = list(replicas.map(bring_up_to_date, [url] * 6))
    assert sorted(done) == [False] * 5 + [True]


def test_steps_can_be_taken_back_and_again(url: str) -> None:
    bring_up_to_date(url)
    engine = open_engine(read_url(url)).engine
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
    engine.dispose()
    assert bring_up_to_date(url)


def test_a_newer_schema_is_left_alone(url: str) -> None:
    bring_up_to_date(url)
    engine = open_engine(read_url(url)).engine
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert not migrate(engine)
    engine.dispose()


def test_the_newest_file_is_where_alembic_ends() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [newest()]


def test_reading_a_database_without_tables_says_what_to_do(postgresql_url: str) -> None:
    with pytest.raises(StoreUnreachable, match="liver-cds migrate"):
        read(postgresql_url, lambda _: None)


def test_reading_makes_no_file(sqlite_url: str) -> None:
    with pytest.raises(StoreUnreachable, match="nothing has been recorded yet"):
        read(sqlite_url, lambda _: None)
    with pytest.raises(StoreUnreachable, match="nothing has been recorded yet"):  # and has made none
        read(sqlite_url, lambda _: None)
