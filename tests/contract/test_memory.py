"""Requests leave nothing behind: memory stays flat over 200 different ones in a row."""

import gc
import logging
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle, islice, pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from starlette.testclient import TestClient

from cds_service.app import create_app
from cds_service.settings import Settings
from cds_service.vignettes.bundle import request
from cds_service.vignettes.reading import read_cases

VIGNETTES = Path(__file__).parent.parent / "vignettes"
WARM_UP = 320  # every vignette once: bounded caches fill and compiled patterns stay, which is no leak
REQUESTS = 200
LEFT_PER_REQUEST = 256  # bytes; one kept card or chart is tens of kilobytes, one kept text about 100


@pytest.fixture
def service() -> Iterator[TestClient]:
    # Sealed answers are dropped before the next one comes: that they have a bound is tested elsewhere.
    with TestClient(create_app(Settings(remember_s=0.001))) as client:
        logging.disable(logging.CRITICAL)  # pytest keeps every record until the test is over
        yield client
        logging.disable(logging.NOTSET)


def _requests() -> Iterator[dict[str, Any]]:
    """Every vignette in turn, each time as another patient with texts that were never seen before."""
    today = datetime.now(UTC).date()
    for case in cycle(read_cases(VIGNETTES)):
        asked = request(case, today)
        patient = asked["context"]["patientId"]
        text = orjson.dumps(asked).decode().replace(patient, f"patient-{uuid4()}")
        fresh: dict[str, Any] = orjson.loads(text)
        fresh["hookInstance"] = str(uuid4())
        fresh["context"]["draftOrders"]["entry"][0]["resource"]["note"] = [{"text": f"note {uuid4()}"}]
        for entry in fresh["prefetch"].get("conditions", {}).get("entry", ()):
            code = entry["resource"].get("code", {})
            code["text"] = f"{code.get('text', '')} (number {uuid4()})"
        yield fresh


def _send(service: TestClient, requests: Iterator[dict[str, Any]], count: int) -> None:
    for asked in islice(requests, count):
        answer = service.post(f"/cds-services/liver-lesion-{asked['hook']}", json=asked)
        assert answer.status_code in (200, 412)


def test_memory_stays_flat_over_200_requests(service: TestClient) -> None:
    requests = _requests()
    tracemalloc.start()  # before the caches fill: what is replaced in them later has to count as gone
    try:
        _send(service, requests, WARM_UP)
        held = [_held_after(service, requests, count) for count in (20, REQUESTS, REQUESTS)]
    finally:
        tracemalloc.stop()
    # Bounded caches may still fill in one of the rounds; a leak grows in both.
    growth = min(later - earlier for earlier, later in pairwise(held))
    assert growth < REQUESTS * LEFT_PER_REQUEST


def _held_after(service: TestClient, requests: Iterator[dict[str, Any]], count: int) -> int:
    _send(service, requests, count)
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
