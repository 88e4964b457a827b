"""The sample order that `make run` sends: moved to today, sent when the service is ready, shown to people."""

import io
import json
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cds_service import serving
from cds_service.errors import RequestUnreadable, SettingsFaulty
from cds_service.first_order import read_sample, send_first_order

CARD = {
    "uuid": "7f7c1a54-6d3f-4b0e-8b57-0f3f6b0c2d11",
    "summary": "PET/CT is usually not appropriate",
    "indicator": "warning",
    "detail": "**MRI** is better. [bold]not markup[/bold]",
    "source": {"label": "A guideline", "url": "https://guideline.example"},
    "suggestions": [{"label": "MRI abdomen", "isRecommended": True, "uuid": "x"}],
    "overrideReasons": [{"code": "a", "display": "Already discussed"}],
    "links": [{"label": "Variant 6", "url": "https://page.example", "type": "absolute"}],
}


def _sample(tmp_path: Path, **members: Any) -> Path:
    path = tmp_path / "request.json"
    path.write_text(json.dumps({"hook": "order-sign", **members}), encoding="utf-8")
    return path


def test_a_sample_is_moved_as_a_whole_so_that_its_latest_day_is_today(tmp_path: Path) -> None:
    path = _sample(
        tmp_path,
        born="1958-03-14",
        seen="2026-11-17T10:05:00-05:00",
        ordered="2026-11-20",
        id="a-2026-11-25-b",
    )
    moved = read_sample(path, date(2028, 11, 20))
    assert moved["ordered"] == "2028-11-20"
    assert moved["seen"] == "2028-11-17T10:05:00-05:00"
    assert moved["born"] == "1960-03-14"
    assert moved["id"] == "a-2026-11-25-b"


def test_a_sample_without_dates_stays_as_it_is(tmp_path: Path) -> None:
    assert read_sample(_sample(tmp_path), date(2028, 1, 1)) == {"hook": "order-sign"}


@pytest.mark.parametrize("text", ["{", "[]", '{"hook": "patient-view"}', "\x00"])
def test_a_file_that_is_no_order_request_is_refused_without_echoing_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RequestUnreadable, match=r"odd\.json") as refusal:
        read_sample(path, date(2026, 1, 1))
    assert "patient-view" not in str(refusal.value)


def _serve_first_order(status: int, body: Any) -> tuple[bool, str]:
    """Serve one canned answer over real HTTP, with the sample sent as the first order."""

    async def answer(_: Request) -> Response:
        return JSONResponse(body, status)

    app = Starlette(
        routes=[
            Route("/readyz", lambda _: Response()),
            Route("/cds-services/liver-lesion-order-sign", answer, methods=["POST"]),
        ]
    )
    console = Console(file=io.StringIO(), width=100)
    shown = False

    def send_then_stop(going: Any) -> bool:
        nonlocal shown
        shown = send_first_order(base_url, {"hook": "order-sign"}, console, going)
        return False

    with serving.listen("127.0.0.1", 0) as listening:
        base_url = serving.address(listening)
        assert serving.serve(app, listening, send_then_stop) is False
    assert isinstance(console.file, io.StringIO)
    return shown, console.file.getvalue()


def test_the_cards_are_shown_as_text() -> None:
    action = {"type": "update", "description": "Rating: usually not appropriate"}
    shown, printed = _serve_first_order(200, {"cards": [CARD], "systemActions": [action]})
    assert shown
    for words in ("PET/CT is usually not", "MRI is better", "[ MRI abdomen ]", "recommended", "A guideline"):
        assert words in printed
    assert "Already discussed" in printed
    assert "https://page.example" in printed
    assert "Rating: usually not appropriate" in printed
    assert "[bold]not markup[/bold]" in printed
    assert "Serving at http://127.0.0.1:" in printed


def test_silence_is_said() -> None:
    shown, printed = _serve_first_order(200, {"cards": []})
    assert shown
    assert "No card" in printed


def test_a_refusal_is_not_silence() -> None:
    shown, printed = _serve_first_order(412, {"resourceType": "OperationOutcome"})
    assert not shown
    assert "412" in printed


def test_there_is_no_waiting_for_a_server_that_stopped() -> None:
    console = Console(file=io.StringIO())
    with serving.listen("127.0.0.1", 0) as listening:  # listens, but nobody answers
        base_url = serving.address(listening)
        assert not send_first_order(base_url, {"hook": "order-sign"}, console, lambda: False)


def test_a_server_that_does_not_listen_yet_is_asked_again() -> None:
    with serving.listen("127.0.0.1", 0) as listening:
        base_url = serving.address(listening)
    still_going = iter((True, True, False))
    console = Console(file=io.StringIO())
    assert not send_first_order(base_url, {"hook": "order-sign"}, console, lambda: next(still_going))
    assert next(still_going, None) is None


def test_a_server_that_cannot_start_fails_the_run() -> None:
    async def broken(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "content missing"})

    with serving.listen("127.0.0.1", 0) as listening:
        call = partial(send_first_order, serving.address(listening), {}, Console(file=io.StringIO()))
        with pytest.raises(SystemExit):
            serving.serve(broken, listening, call)


def test_a_taken_port_is_said_with_what_to_do() -> None:
    with serving.listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(SettingsFaulty, match=rf"port {port} on 127.0.0.1 is taken.*LIVER_CDS_PORT"):
            serving.listen("127.0.0.1", port)


def test_an_address_that_is_not_ours_cannot_be_listened_on() -> None:
    with pytest.raises(SettingsFaulty, match=r"cannot listen on 192\.0\.2\.1:0"):
        serving.listen("192.0.2.1", 0)


def test_an_ipv6_address_is_written_in_brackets() -> None:
    with serving.listen("::1", 0) as listening:
        assert serving.address(listening) == f"http://[::1]:{listening.getsockname()[1]}"
