"""Desks that are renewed when the tenants file changes."""

import asyncio
import json
import logging
import time
from pathlib import Path

import pytest

from cds_service.app import build_desks
from cds_service.auth.file_watch import TICK_NS, FileWatch
from cds_service.desks import Desks
from cds_service.fhir.access.client import new_client
from cds_service.settings import Settings
from tests.callers import Caller

ENTRY = "tenants:\n  - {id: north, issuer: n, jwks: {file: keys.json}, mode: MODE}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "keys.json").write_text(json.dumps(Caller().key_set()))
    path = tmp_path / "tenants.yaml"
    path.write_text(ENTRY.replace("MODE", "visible"))
    return path


@pytest.fixture
def desks(file: Path) -> Desks:
    return build_desks(Settings(tenants=file), new_client(1))


def test_whoever_asks_while_it_is_read_gets_the_new_one(desks: Desks, file: Path) -> None:
    async def ask() -> list[str]:
        found = await asyncio.gather(*(desks.now() for _ in range(20)))
        return [str(now.by_tenant["north"].tenant.mode) for now in found]

    file.write_text(ENTRY.replace("MODE", "off"))
    assert asyncio.run(ask()) == ["off"] * 20


def test_a_tenants_line_outlives_the_file(desks: Desks, file: Path) -> None:
    """What is known of its FHIR servers is not forgotten because somebody edits the file."""
    before = desks.latest.by_tenant["north"]
    file.write_text(ENTRY.replace("MODE", "silent"))
    after = asyncio.run(desks.now()).by_tenant["north"]
    assert after is not before
    assert after.line is before.line
    assert after.terms is before.terms


def test_nothing_is_read_while_nothing_changes(desks: Desks, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "cds_service")
    first = asyncio.run(desks.now())
    assert all(asyncio.run(desks.now()) is first for _ in range(10))
    assert caplog.records == []


class TestFileWatch:
    @pytest.mark.parametrize("coarse", [False, True])
    def test_a_change_right_after_a_look(
        self, tmp_path: Path, coarse: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A file system whose clock has not ticked in between: only the content tells."""
        if coarse:
            standing = time.time_ns()
            monkeypatch.setattr("cds_service.auth.file_watch._stat", lambda _: (standing, standing, 3, 1))
        path = tmp_path / "file"
        for _ in range(100):
            path.write_text("one")
            watch = FileWatch([path])
            path.write_text("two")
            assert watch.changed()
            watch.mark()
            assert not watch.changed()

    def test_an_old_file_is_not_read_again(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_text("one")
        watch = FileWatch([path], lambda: path.stat().st_mtime_ns + 2 * TICK_NS)
        path.chmod(0o600)
        watch.mark()
        assert not watch.changed()
        path.chmod(0o000)  # for all but root
        watch.mark()
        assert not watch.changed()
        assert not watch.changed()

    def test_files_come_and_go(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        watch = FileWatch([path])
        assert not watch.changed()
        path.write_text("one")
        assert watch.changed()
        watch.mark()
        path.unlink()
        assert watch.changed()

    def test_a_link_that_is_pointed_elsewhere(self, tmp_path: Path) -> None:
        """As container platforms exchange mounted files."""
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "file").write_text("same")
        link = tmp_path / "current"
        link.symlink_to("one")
        watch = FileWatch([link / "file"], lambda: 2**62)
        assert not watch.changed()
        (tmp_path / "next").symlink_to("two")
        (tmp_path / "next").replace(link)
        assert watch.changed()
