"""The composition root: what it refuses to build, and what it says on starting."""

import logging
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import cds_service
from cds_service.app import create_app
from cds_service.errors import ContentFaulty
from cds_service.settings import Settings

GUIDELINES = Path(cds_service.__file__).parent / "guidelines"


def test_unreviewed_content_is_not_served_where_only_reviewed_is_wanted() -> None:
    with pytest.raises(ContentFaulty, match="unreviewed"):
        create_app(Settings(require_reviewed=True))


def test_no_service_without_its_topic(tmp_path: Path) -> None:
    shutil.copytree(GUIDELINES, tmp_path / "content")
    topic = tmp_path / "content" / "topics" / "liver-lesion.yaml"
    text = topic.read_text(encoding="utf-8")
    topic.write_text(text.replace("status: unreviewed", "status: retired"), encoding="utf-8")
    with pytest.raises(ContentFaulty, match="liver-lesion"):
        create_app(Settings(guidelines=tmp_path / "content"))


def test_variables_that_nothing_reads_are_logged_on_starting(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "cds_service")
    with TestClient(create_app(Settings(unknown=("LIVER_CDS_HOTS",)))):
        pass
    logged = {record.getMessage(): record.__dict__["fields"] for record in caplog.records}
    assert logged["settings that nothing reads"] == {"settings": ("LIVER_CDS_HOTS",)}
    assert logged["started"]["tenants"] == {"open": "visible"}


@pytest.mark.parametrize(
    ("module", "not_needed"),
    [
        # Workers import it when they start, whatever they then serve.
        ("cds_service.cli", {"fastapi", "httpx", "pydantic", "sqlalchemy", "yaml"}),
        # No call of a service needs these: pages, migrations, PostgreSQL's driver.
        ("cds_service.app", {"alembic", "jinja2", "markdown_it", "psycopg", "typer"}),
    ],
)
def test_a_worker_does_not_load_what_it_may_never_need(module: str, not_needed: set[str]) -> None:
    script = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    ran = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    loaded = set(ran.stdout.split())
    assert "cds_service" in loaded
    assert not loaded & not_needed
