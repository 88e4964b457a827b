"""A service that is told to stop: nobody who called it notices."""

import json
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.served import Served, served

PET_CT = Path(__file__).parents[2] / "examples" / "reference-patient-pet-ct.json"
SELECT = "/cds-services/liver-lesion-order-select"
CALLERS = 4


@contextmanager
def slow_fhir_server() -> Iterator[tuple[str, threading.Event, threading.Event]]:
    """A FHIR server that answers once it is let: its base, "somebody asks", "answer now"."""
    asked, let = threading.Event(), threading.Event()

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.set()
            let.wait(60)
            body = b'{"resourceType": "Bundle", "type": "searchset", "total": 0}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/fhir", asked, let
        finally:
            let.set()
            server.shutdown()
            thread.join()


def pet_ct_to_be_completed(fhir_base: str) -> dict[str, Any]:
    """The reference patient's order, with the problem list to be fetched from there."""
    asked: dict[str, Any] = json.loads(PET_CT.read_text(encoding="utf-8"))
    asked["prefetch"] = {"patient": asked["prefetch"]["patient"]}
    return {**asked, "fhirServer": fhir_base}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_request_under_way_is_finished(workers: str) -> None:
    with (
        slow_fhir_server() as (base, somebody_asks, answer_now),
        served("--workers", workers, FHIR_TIMEOUT_S="30", DRAIN_S="0") as service,
        service.client() as client,
        ThreadPoolExecutor(1) as beside,
    ):
        answer = beside.submit(client.post, SELECT, json=pet_ct_to_be_completed(base))
        assert somebody_asks.wait(60)
        service.process.send_signal(signal.SIGTERM)
        _until_nobody_listens(service)
        answer_now.set()
        assert answer.result().status_code == 200
        service.process.wait(60)


def _until_nobody_listens(service: Served) -> None:
    while True:
        try:
            httpx.get(f"{service.base}/livez", timeout=5, trust_env=False)
        except httpx.TransportError:
            return


@pytest.mark.parametrize("workers", ["1", "2"])
def test_no_caller_meets_a_closed_connection(workers: str) -> None:
    """Callers that keep their connections are told to close them; then the process ends."""
    under_way = threading.Barrier(CALLERS + 1)

    def call(service: Served) -> int:
        """How many calls were answered until one said that it was the connection's last."""
        with service.client() as client:
            for count in range(1_000_000):
                answer = client.post(SELECT, content=PET_CT.read_bytes(), headers=JSON)
                assert answer.status_code == 200
                if answer.headers.get("Connection") == "close":
                    return count
                if count == 1:
                    under_way.wait()
        raise AssertionError("nobody said so")

    with served("--workers", workers, DRAIN_S="3") as service, ThreadPoolExecutor(CALLERS) as callers:
        calls = [callers.submit(call, service) for _ in range(CALLERS)]
        under_way.wait(60)
        service.process.send_signal(signal.SIGTERM)
        assert [call.result() > 1 for call in calls] == [True] * CALLERS
        service.process.wait(60)


JSON = {"Content-Type": "application/json"}


def test_a_stopping_process_says_that_it_is_not_ready() -> None:
    with served(DRAIN_S="30") as service, service.client() as client:
        assert client.get("/readyz").json()["checks"]["process"] == "serving"
        service.process.send_signal(signal.SIGTERM)
        while (answer := client.get("/readyz")).status_code == 200:
            pass
        assert answer.status_code == 503
        assert answer.json()["checks"]["process"] == "stopping"
        assert client.get("/livez").status_code == 200
        assert '"event":"stopping"' in service.written()
        service.process.send_signal(signal.SIGTERM)  # impatient: at once, not after half a minute
        service.process.wait(20)
