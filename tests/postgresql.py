"""A real PostgreSQL server for the tests: a private cluster in a temporary directory, without a port.

PostgreSQL refuses to run as root: then the tests start it as the user that its Debian package made.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

OWNER = "liver"  # the database user that the tests connect as
SERVER_USER = "postgres"
SETTINGS = (
    "listen_addresses = ''",  # the socket in the directory is enough, and cannot collide with anything
    "fsync = off",  # what survives a power cut is PostgreSQL's own affair, and tests are many
    "max_connections = 200",
    "shared_buffers = 16MB",
)


def binaries() -> Path:
    """Where initdb and pg_ctl are. Debian puts them beside the version, not on the path."""
    found = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found and not debian:
        pytest.fail("PostgreSQL is needed for these tests: run `make test`, or install it")
    return Path(found).resolve().parent if found else debian[-1].parent


class Cluster:
    """One server. `stop` and `start` are for tests of what happens without it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._data = directory / "data"
        self._user = SERVER_USER if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(directory, self._user)
        self._run("initdb", "-D", str(self._data), "-U", OWNER, "--auth=trust", "-E", "UTF8", "--no-sync")
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.writelines(
                f"{line}\n" for line in (*SETTINGS, f"unix_socket_directories = '{directory}'")
            )

    def start(self) -> None:
        """Until it takes connections."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self.directory / "log"), "start")

    def stop(self) -> None:
        """At once, as a machine that goes away; connections break."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"test_{uuid4().hex}"
        with psycopg.connect(
            host=str(self.directory), user=OWNER, dbname="postgres", autocommit=True
        ) as server:
            server.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type,unused-ignore]
        return f"postgresql://{OWNER}@/{name}?host={self.directory}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(binaries() / program), *arguments]
        done = subprocess.run(
            command, user=self._user, group=self._user, cwd="/", stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{program}: {done.stderr.decode()}"


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A server that is gone afterwards, with all its data. The socket's path has to be short."""
    directory = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        cluster = Cluster(directory)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """One server for all tests of this process, which make their own databases in it."""
    with running_cluster() as cluster:
        yield cluster
