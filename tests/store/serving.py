"""The service on a database, and the reference patient's order."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table
from starlette.testclient import TestClient

from cds_service.app import create_app
from cds_service.first_order import read_sample
from cds_service.settings import Settings
from tests.store.stores import WAITED_S, rows

EXAMPLES = Path(__file__).parents[2] / "examples"
SELECT = "/cds-services/liver-lesion-order-select"
SIGN = "/cds-services/liver-lesion-order-sign"
AT = "2026-11-22T12:43:28.271Z"


def sample(name: str = "reference-patient-pet-ct") -> dict[str, Any]:
    """An example request, as of today."""
    return read_sample(EXAMPLES / f"{name}.json", datetime.now(UTC).date())


@contextmanager
def service(url: str, **settings: Any) -> Iterator[TestClient]:
    """The whole app in this process. Faults arrive as answers, not as raises."""
    app = create_app(Settings(database_url=url, **settings))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def written(url: str, table: Table, least: int = 1) -> list[dict[str, Any]]:
    """A table's rows once there are some: consultations are written off the path of the request."""
    give_up = time.monotonic() + WAITED_S
    while len(found := rows(url, table)) < least:
        assert time.monotonic() < give_up, f"{table.name}: {len(found)} rows"
        time.sleep(0.02)
    return found


def accepted(card: str, suggestion: str = "s-1", **members: Any) -> dict[str, Any]:
    """One item of feedback as the standard has it."""
    taken = [{"id": suggestion}]
    item = {"card": card, "outcome": "accepted", "outcomeTimestamp": AT, "acceptedSuggestions": taken}
    return {**item, **members}


def overridden(card: str, **members: Any) -> dict[str, Any]:
    """One item of feedback as the standard has it; `overrideReason` may be left out."""
    return {"card": card, "outcome": "overridden", "outcomeTimestamp": AT, **members}


def feedback(*items: object) -> dict[str, Any]:
    """A whole body."""
    return {"feedback": list(items)}
