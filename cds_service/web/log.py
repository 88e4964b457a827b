"""Logging: one line per event with a closed list of fields, so that no patient data can slip in.

Messages of other libraries are kept at warning level; of an exception only its type and the places it
went through are written, since its words may quote a request.
"""

import json
import logging
import sys
import time
import traceback
from typing import Any

# What may be logged. Identifiers of requests and verdicts, counts and times; never a value of a chart.
FIELDS = frozenset(
    (
        *(
            "hook",
            "service",
            "hook_instance",
            "tenant",
            "status",
            "revision",
            "verdicts",
            "cards",
            "counts",
            "ms",
        ),
        *("member", "missing", "fault", "where", "settings"),
    )
)
LOGGER = logging.getLogger("cds_service")


def log_event(event: str, level: int = logging.INFO, **fields: object) -> None:
    """Write one event. Raises ValueError for a field that is not in FIELDS."""
    strange = set(fields) - FIELDS
    if strange:
        raise ValueError(f"not a field that may be logged: {', '.join(sorted(strange))}")
    LOGGER.log(level, event, extra={"fields": fields})


def log_fault(error: BaseException, **fields: object) -> None:
    """Write a fault of our own: the exception's type and the code it came through, without its words."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames[-8:]]
    log_event("fault", logging.ERROR, fault=type(error).__name__, where=where, **fields)


class _Lines(logging.Formatter):
    """`json`: an object per line. `text`: for people in a terminal."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        fields: dict[str, Any] = getattr(record, "fields", {})
        event = record.getMessage()
        if self._form == "text":
            said = " ".join(f"{name}={value}" for name, value in fields.items())
            return f"{at} {record.levelname} {event} {said}".rstrip()
        line = {"at": at, "level": record.levelname.lower(), "event": event, **fields}
        return json.dumps(line, default=str, ensure_ascii=False)


def set_up(form: str) -> None:
    """Send our events to standard error, and of everybody else's what is a warning or worse."""
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(_Lines(form))
    root = logging.getLogger()
    for earlier in [each for each in root.handlers if isinstance(each.formatter, _Lines)]:
        root.removeHandler(earlier)
    root.addHandler(lines)
    root.setLevel(logging.WARNING)
    LOGGER.setLevel(logging.INFO)
