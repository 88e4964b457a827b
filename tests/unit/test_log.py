"""What may be logged and how a line looks."""

import json
import logging

import pytest

from cds_service.web.log import FIELDS, _Lines, log_event


def line(form: str, **fields: object) -> str:
    record = logging.LogRecord("cds_service", logging.INFO, "", 0, "consultation", (), None)
    record.__dict__["fields"] = fields
    return _Lines(form).format(record)


def test_a_field_that_is_not_listed_is_refused() -> None:
    with pytest.raises(ValueError, match="patient"):
        log_event("consultation", patient="p1")


@pytest.mark.parametrize("name", ["patient_id", "patient", "user", "token", "body", "display", "text"])
def test_nothing_of_a_patient_is_listed(name: str) -> None:
    assert name not in FIELDS


def test_a_line_for_programs() -> None:
    written = json.loads(line("json", ms=1.5, verdicts=["rated"]))
    assert (written["event"], written["level"], written["ms"]) == ("consultation", "info", 1.5)
    assert written["verdicts"] == ["rated"]


def test_a_line_for_people() -> None:
    assert line("text", ms=1.5).endswith("INFO consultation ms=1.5")
