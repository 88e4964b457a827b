"""What may be logged, how a line looks, and what is left of what others say."""

import ast
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import cds_service
from cds_service.errors import SettingsFaulty
from cds_service.web import log
from cds_service.web.log import FIELDS, log_event, log_fault

PATIENT = "Mrs Planted-Patient, 4711"


def line(record: logging.LogRecord, form: str = "json") -> str:
    return log.formatter(form).format(record)


def said_by_a_library(words: str, *arguments: object, name: str = "somelibrary") -> logging.LogRecord:
    return logging.LogRecord(name, logging.WARNING, "/lib/its.py", 7, words, arguments, None, func="call")


@pytest.fixture
def events(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    caplog.set_level(logging.INFO, "cds_service")
    log.begin_request("0" * 31 + "a")
    yield caplog
    log.begin_request("")


def test_a_field_that_is_not_listed_is_refused() -> None:
    with pytest.raises(ValueError, match="patient"):
        log_event("consultation", patient="p1")


@pytest.mark.parametrize(
    "name", ["patient_id", "patient", "user", "token", "body", "display", "text", "comment", "url", "address"]
)
def test_nothing_of_a_patient_is_listed(name: str) -> None:
    assert name not in FIELDS


def test_a_line_for_programs(events: pytest.LogCaptureFixture) -> None:
    log_event("consultation", ms=1.5, verdicts=["rated"])
    written = json.loads(line(events.records[0]))
    assert (written["event"], written["level"], written["ms"]) == ("consultation", "info", 1.5)
    assert (written["verdicts"], written["request_id"]) == (["rated"], "0" * 31 + "a")
    assert written["at"].endswith("Z")


def test_a_line_for_people(events: pytest.LogCaptureFixture) -> None:
    log_event("consultation", ms=1.5)
    shown = line(events.records[0], "text")
    assert "consultation" in shown
    assert "ms=1.5" in shown
    assert "\n" not in shown


def test_what_is_bound_stands_on_every_later_event_of_the_request(events: pytest.LogCaptureFixture) -> None:
    log.bind(tenant="north")
    log_event("one")
    log.begin_request("b" * 32)
    log_event("two")
    one, two = (record.__dict__["fields"] for record in events.records)
    assert one == {"request_id": "0" * 31 + "a", "tenant": "north"}
    assert two == {"request_id": "b" * 32}
    assert log.bound("tenant") == ""


def test_a_long_text_is_cut(events: pytest.LogCaptureFixture) -> None:
    log_event("token refused", issuer="x" * 5000)
    assert len(events.records[0].__dict__["fields"]["issuer"]) == log.LONGEST + 1


def test_a_faults_words_are_written_only_if_they_are_ours(events: pytest.LogCaptureFixture) -> None:
    for error in (KeyError(PATIENT), SettingsFaulty("LIVER_CDS_PORT: write a number")):
        try:
            raise error
        except Exception as caught:
            log_fault(caught, status=500)
    strange, own = (json.loads(line(record)) for record in events.records)
    assert PATIENT not in json.dumps(strange)
    assert (strange["fault"], strange["status"]) == ("KeyError", 500)
    assert strange["where"][0].startswith("test_log.py:")
    assert own["words"] == "LIVER_CDS_PORT: write a number"


def _logged(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Names of fields given to whatever writes events, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("log_event", "log_fault", "bind", "_note", "note"):
                yield from ((word.arg, node.lineno) for word in node.keywords if word.arg)


def test_no_module_logs_a_field_that_is_not_listed() -> None:
    root = Path(cds_service.__file__).parent
    found = {path: list(_logged(ast.parse(path.read_text(encoding="utf-8")))) for path in root.rglob("*.py")}
    assert sum(map(len, found.values())) > 20
    own = {"level"}  # of the function itself
    assert [
        (path.name, *at) for path, fields in found.items() for at in fields if at[0] not in FIELDS | own
    ] == []


@pytest.mark.parametrize(
    "record",
    [
        said_by_a_library(f"Task exception was never retrieved\nfuture: {PATIENT}"),
        said_by_a_library("cannot read %s", PATIENT),
        said_by_a_library(f"Retrying https://ehr.example/Condition?patient={PATIENT}"),
        said_by_a_library("Cannot serve %s", PATIENT, name="uvicorn.error"),
        said_by_a_library(f"Traceback (most recent call last):\n  {PATIENT}", name="uvicorn.error"),
    ],
)
@pytest.mark.parametrize("form", ["json", "text"])
def test_what_libraries_say_is_not_repeated(record: logging.LogRecord, form: str) -> None:
    written = line(record, form)
    assert PATIENT not in written
    assert "its.py:7 call" in written


def test_a_librarys_exception_is_its_type_and_place() -> None:
    record = said_by_a_library("failed")
    try:
        raise RuntimeError(PATIENT)
    except RuntimeError:
        record.exc_info = sys.exc_info()
    written = line(record)
    assert PATIENT not in written
    assert json.loads(written)["fault"] == "RuntimeError"


def test_the_servers_own_words_are_kept() -> None:
    record = said_by_a_library("Cancel %s running task(s)", 3, name="uvicorn.error")
    assert json.loads(line(record))["event"] == "Cancel %s running task(s)"


def test_setting_up_twice_writes_every_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("json")
    log.set_up("json")
    log_event("started")
    written = capsys.readouterr().err.splitlines()
    assert [json.loads(each)["event"] for each in written] == ["started"]
