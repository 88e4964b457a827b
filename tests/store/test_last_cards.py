"""When a tenant's last card was made, over restarts: no alarm for silence begins anew with each of them."""

import time

from cds_service.store import tables
from tests.store.serving import SELECT, sample, service, written
from tests.unit.test_metrics import values

LAST = "liver_cds_last_card_timestamp_seconds"


def test_a_restart_does_not_hide_how_long_no_card_was_made(url: str) -> None:
    before = time.time()
    with service(url) as client:
        assert client.post(SELECT, json=sample()).json()["cards"]
        written(url, tables.cards)
    ended = time.time()
    with service(url) as client:
        assert before - 1 <= values(client.get("/metrics").content, LAST)["open",] <= ended


def test_without_any_card_on_record_the_time_runs_from_the_start(url: str) -> None:
    before = time.time()
    with service(url) as client:
        assert values(client.get("/metrics").content, LAST)["open",] >= before
