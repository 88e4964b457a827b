"""Slow, broken and endless clients on real sockets: each connection ends, and the service goes on."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import uvicorn

from cds_service.app import create_app
from cds_service.serving import listen
from cds_service.settings import Settings
from cds_service.web.connections import HEAD_BYTES, BoundedConnection
from tests.contract.requests import SELECT, hook_request

PATIENCE_S = 30.0  # how long a test waits before it says that nothing happens
BODY = json.dumps(hook_request()).encode()
JSON = b"Content-Type: application/json\r\n"
POST = f"POST {SELECT} HTTP/1.1\r\nHost: x\r\n".encode() + JSON
LIVEZ = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


class Impatient(BoundedConnection):
    """The same with deadlines that a test can wait for."""

    HEAD_S = 0.3
    REST_S = 0.3


class Patient(BoundedConnection):
    """Only what comes after the answer is not waited for: a busy machine may send a head slowly."""

    REST_S = 0.3


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    with served(Impatient) as found:
        yield found


@pytest.fixture(scope="module")
def patient_address() -> Iterator[tuple[str, int]]:
    with served(Patient) as found:
        yield found


@contextmanager
def served(protocol: type[BoundedConnection]) -> Iterator[tuple[str, int]]:
    app = create_app(Settings(max_body_bytes=50_000, body_timeout_s=0.3))
    listening = listen("127.0.0.1", 0)
    config = uvicorn.Config(
        app, http=protocol, ws="none", log_config=None, access_log=False, timeout_keep_alive=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield listening.getsockname()[:2]
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)


def sent(address: tuple[str, int], *pieces: bytes, until: bytes = b"") -> bytes:
    """What comes back until the service ends the connection, or until `until` was seen."""
    with socket.create_connection(address, timeout=PATIENCE_S) as line:
        got = b""
        with suppress(ConnectionError):  # the service need not take all of it
            for piece in pieces:
                line.sendall(piece)
        with suppress(ConnectionError):
            while (not until or until not in got) and (more := line.recv(65536)):
                got += more
        return got


def refused(answer: bytes, status: int) -> dict[str, Any]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode()), answer[:300]
    document = json.loads(body)
    assert document["resourceType"] == "OperationOutcome"
    return dict(document)


def goes_on(address: tuple[str, int]) -> bool:
    return b"200 OK" in sent(address, LIVEZ, until=b'"up"}')


@pytest.mark.parametrize(
    "head", [b"", b"\r\n", b"POST ", POST, POST + b"X-Slow: ", LIVEZ + b"GET", LIVEZ + b"\r\n"]
)
def test_a_head_that_never_ends_is_not_waited_for(address: tuple[str, int], head: bytes) -> None:
    assert b" 400 " not in sent(address, head)  # it returns at all: the service ended the connection
    assert goes_on(address)


def test_a_head_too_long_is_431_in_one_piece_or_in_many(patient_address: tuple[str, int]) -> None:
    long = b"X-Long: " + b"x" * (HEAD_BYTES + 1) + b"\r\n"
    refused(sent(patient_address, POST + long + b"\r\n"), 431)
    refused(sent(patient_address, POST, *[b"X-Many: " + b"x" * 1000 + b"\r\n"] * 80), 431)
    many = [b"X-%d: 1\r\n" % number for number in range(10_000)]
    refused(sent(patient_address, POST, b"".join(many), b"\r\n"), 431)
    refused(sent(patient_address, POST, b"X-Endless: ", *[b"x" * 8000] * 20), 431)
    refused(sent(patient_address, b"GET /" + b"x" * 300_000 + b" HTTP/1.1\r\n\r\n"), 431)
    assert goes_on(patient_address)


def test_a_body_that_does_not_come_is_408(address: tuple[str, int]) -> None:
    length = b"Content-Length: %d\r\n\r\n" % len(BODY)
    for begun in (b"", BODY[:10]):
        refused(sent(address, POST + length + begun), 408)
    refused(sent(address, POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{    \r\n"), 408)
    assert goes_on(address)


def test_a_body_too_long_is_refused_and_the_rest_is_not_waited_for(address: tuple[str, int]) -> None:
    refused(sent(address, POST + b"Content-Length: 60000\r\n\r\n"), 413)
    chunk = b"2710\r\n" + b" " * 10_000 + b"\r\n"
    refused(sent(address, POST + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 10), 413)
    assert goes_on(address)


def test_what_is_still_sent_after_the_answer_is_not_waited_for(address: tuple[str, int]) -> None:
    """Nobody reads the body of a request to nowhere."""
    head = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
    assert b" 404 " in sent(address, head)
    assert goes_on(address)


def test_an_answer_before_the_rest_of_the_request_keeps_the_connection(address: tuple[str, int]) -> None:
    head = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
    with socket.create_connection(address, timeout=PATIENCE_S) as line:
        line.sendall(head)
        assert b" 404 " in line.recv(65536)
        line.sendall(b"late" + LIVEZ)
        assert b" 200 " in line.recv(65536)


def test_a_client_that_hangs_up_midway_costs_nothing(address: tuple[str, int]) -> None:
    for piece in (POST, POST + b"Content-Length: 1000\r\n\r\n", POST + b"Content-Length: 1000\r\n\r\n{"):
        with socket.create_connection(address, timeout=PATIENCE_S) as line:
            line.sendall(piece)
        assert goes_on(address)


def test_a_client_that_does_not_wait_for_its_answer_costs_nothing(address: tuple[str, int]) -> None:
    for _ in range(5):
        with socket.create_connection(address, timeout=PATIENCE_S) as line:
            line.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
    assert goes_on(address)


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_or_could_be_read_two_ways_is_400(
    address: tuple[str, int], request_line: bytes
) -> None:
    refused(sent(address, request_line), 400)
    assert goes_on(address)


def test_many_requests_on_one_connection_and_two_at_once(address: tuple[str, int]) -> None:
    whole = POST + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    with socket.create_connection(address, timeout=PATIENCE_S) as line:
        answers = b""
        for pieces in ([whole], [whole + LIVEZ], [whole[:50], whole[50:]]):
            for piece in pieces:
                line.sendall(piece)
        while answers.count(b"HTTP/1.1 200 OK") < 4:
            answers += line.recv(65536)
    assert answers.count(b'{"cards":[]}') == 3
