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

TENANTS = """\
tenants:
  - id: clinic
    issuer: https://ehr.example
    jwks: {url: "https://ehr.example/jwks"}
    fhir_servers: ["https://ehr.example/fhir"]
"""
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


MAKE_APP = (
    "from cds_service import serving; serving.look_for_garbage_later();"
    " from cds_service.app import create_app; from cds_service.settings import Settings;"
    " create_app(Settings())"
)


@pytest.mark.parametrize(
    ("start", "not_needed"),
    [
        # Workers import it when they start, whatever they then serve.
        ("import cds_service.cli", {"fastapi", "httpx", "pydantic", "rich", "sqlalchemy", "yaml"}),
        # No call of a service needs these: pages, signatures of tokens, logs for people, migrations,
        # PostgreSQL's driver.
        (
            MAKE_APP,
            {
                *("jinja2", "markdown_it", "cds_service.vignettes", "cds_service.web.workbench.visits"),
                *("joserfc.jws", "joserfc.jwk", "structlog"),
                *("alembic", "psycopg", "typer"),
            },
        ),
    ],
    ids=["command line", "open service with pages"],
)
def test_a_worker_does_not_load_what_it_may_never_need(start: str, not_needed: set[str]) -> None:
    loaded = _loaded_after(start)
    assert "cds_service" in loaded
    assert not loaded & not_needed


def test_what_checks_signatures_is_there_before_the_first_token(tmp_path: Path) -> None:
    tenants = tmp_path / "tenants.yaml"
    tenants.write_text(TENANTS, encoding="utf-8")
    settings = (
        f"Settings(tenants=__import__('pathlib').Path({str(tenants)!r}), public_url='https://cds.example')"
    )
    loaded = _loaded_after(MAKE_APP.replace("Settings()", settings))
    assert "joserfc.jws" in loaded
    assert not loaded & {"jinja2", "markdown_it", "structlog"}


def _loaded_after(start: str) -> set[str]:
    script = f"import sys; {start}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return set(ran.stdout.split())
