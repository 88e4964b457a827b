"""Logging: one line per event with a closed list of fields, so that no patient data can slip in.

Every event of one request carries its `request_id`, and its `tenant` once that is known (`bind`). Of what
libraries say, warnings pass, and of those only who said it and from where: their words may quote a
request. Of an exception only its type and the places it went through are written, for the same reason.
"""

import logging
import sys
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final

import orjson

from cds_service.errors import LiverCdsError

# What may be logged. Identifiers of requests and verdicts, counts and times; never a value of a chart.
FIELDS: Final = frozenset(
    (
        *("request_id", "tenant", "service", "hook", "hook_instance", "status", "ms"),
        *("revision", "mode", "verdicts", "cards", "again", "counts"),
        *("member", "missing", "fault", "where", "words", "logger", "settings"),
        *("reason", "issuer", "jti", "kid", "file", "tenants", "server", "check", "state"),
        *("rows", "pending", "dropped", "tries", "seconds", "workers"),
    )
)
LOGGER: Final = logging.getLogger("cds_service")
LONGEST: Final = 500  # characters of one text; nothing that we log on purpose is longer
FRAMES: Final = 8
SERVER: Final = "uvicorn"  # the only library whose words are known to be its own

Event = dict[str, Any]

_BOUND: Final[ContextVar[Mapping[str, str]]] = ContextVar("bound", default={})  # noqa: B039 - never changed


def bind(**fields: str) -> None:
    """Put these fields on every later event of this request. `tenant` is read by the metrics as well."""
    _BOUND.set({**_BOUND.get(), **fields})


def begin_request(request_id: str) -> None:
    """Forget what was bound before: a connection's next request may run in the same context.

    `request_id` "": what follows belongs to no request.
    """
    _BOUND.set({"request_id": request_id} if request_id else {})


def bound(field: str) -> str:
    """What was bound for this request; "" = nothing."""
    return _BOUND.get().get(field, "")


def bound_fields() -> Mapping[str, str]:
    """All that was bound for this request."""
    return _BOUND.get()


def log_event(event: str, level: int = logging.INFO, **fields: object) -> None:
    """Write one event. Raises ValueError for a field that is not in FIELDS."""
    told = {**_BOUND.get(), **fields}
    strange = told.keys() - FIELDS
    if strange:
        raise ValueError(f"not a field that may be logged: {', '.join(sorted(strange))}")
    if LOGGER.isEnabledFor(level):
        # Delivered by the standard library, but without looking for the caller: an event's words are its own.
        record = logging.LogRecord(LOGGER.name, level, "", 0, event, (), None)
        record.fields = {name: _short(value) for name, value in told.items()}
        LOGGER.handle(record)


def log_fault(error: BaseException, **fields: object) -> None:
    """Write a fault: the exception's type and the code it came through; words only if they are ours."""
    ours = {"words": str(error)} if isinstance(error, LiverCdsError) else {}
    told = {"fault": type(error).__name__, "where": _frames(error.__traceback__), **ours}
    log_event("fault", logging.ERROR, **told, **fields)


def set_up(form: str) -> None:
    """Send our events to standard error, and of everybody else's what is a warning or worse.

    `form`: "json", an object per line, or "text", for people in a terminal.
    """
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(formatter(form))
    root = logging.getLogger()
    for earlier in [each for each in root.handlers if isinstance(each.formatter, _Lines)]:
        root.removeHandler(earlier)
    root.addHandler(lines)
    root.setLevel(logging.WARNING)
    LOGGER.setLevel(logging.INFO)
    logging.captureWarnings(True)  # a warning's text is a library's as well


def formatter(form: str) -> logging.Formatter:
    """How records become lines; see `set_up`."""
    return _LinesForPeople() if form == "text" else _Lines()


class _Lines(logging.Formatter):
    """For programs: one object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        return orjson.dumps(_event_of(record), default=str).decode()


class _LinesForPeople(_Lines):
    """For a terminal."""

    def __init__(self) -> None:
        super().__init__()
        from structlog.dev import ConsoleRenderer  # what programs read needs none of it

        self._render = ConsoleRenderer(colors=False)

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        return str(self._render(None, "", _event_of(record)))


def _event_of(record: logging.LogRecord) -> Event:
    own: Event | None = getattr(record, "fields", None)
    said = {"event": record.getMessage(), **own} if own is not None else _of_a_library(record)
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return {"at": at.replace("+00:00", "Z"), "level": record.levelname.lower(), **said}


def _of_a_library(record: logging.LogRecord) -> Event:
    """Who spoke, from where, about which kind of exception; the words only where they are a template."""
    template = record.msg if isinstance(record.msg, str) and "\n" not in record.msg.strip() else ""
    words = template.strip() if record.name.startswith(SERVER) else ""
    told: Event = {
        "event": words or "a library warns",
        "logger": record.name,
        "where": [f"{record.filename}:{record.lineno} {record.funcName}"],
    }
    if record.exc_info and record.exc_info[0]:
        told["fault"] = record.exc_info[0].__name__
        told["where"] = _frames(record.exc_info[2])
    return told


def _frames(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-FRAMES:]
    return [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames]


def _short(value: object) -> object:
    return f"{value[:LONGEST]}…" if isinstance(value, str) and len(value) > LONGEST else value
