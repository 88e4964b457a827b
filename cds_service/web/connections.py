"""Connections that do not come to an end: a limit on a request's head and on how long it may take.

uvicorn bounds neither by itself, and it leaves open what is still being sent after an answer. A proxy
before us does better at all of this; here it is for a service that stands without one.
"""

import asyncio
from http import HTTPStatus
from typing import Final, Literal

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cds_service.web.operation_outcome import outcome

HEAD_BYTES: Final = 32_768  # request line and headers; a token is a few kilobytes


class BoundedConnection(HttpToolsProtocol):
    """uvicorn's own protocol, with an end to waiting.

    A request's head has `HEAD_BYTES` at most and is there within `HEAD_S` seconds. What is still being sent
    `REST_S` seconds after its answer is not waited for. How long a body may take: see `body`.
    """

    HEAD_S = 10.0
    REST_S = 5.0

    _at: Literal["rest", "head", "body", "refused"] = "rest"
    _head_bytes = 0
    _end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client connected: its first request is due."""
        super().connection_made(transport)
        self._ends_in(self.HEAD_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone, or was shown out."""
        self._goes_on()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pieces of a head are counted: a parser would collect one endless header."""
        if self._at == "refused":
            return
        if self._at == "rest" and self._end is None:
            self._ends_in(self.HEAD_S)
        self._head_bytes = self._head_bytes + len(data) if self._at == "head" else 0
        super().data_received(data)
        if self._at == "head" and self._head_bytes > HEAD_BYTES:
            self._refuse(431, "The request's head is too long.")

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        if self._at != "refused":
            self._at = "head"
            self._ends_in(self.HEAD_S)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is there."""
        if self._at == "refused":
            return
        self._goes_on()
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_BYTES:
            self._refuse(431, "The request's head is too long.")
            return
        self._at = "body"
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self._at != "refused":
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The whole request is there."""
        if self._at == "refused":
            return
        self._at = "rest"
        self._goes_on()
        if self.cycle.response_complete:  # answered before it was all there: nothing else watches now
            self._ends_in(self.REST_S)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Answered; what the client may still send is not wanted."""
        super().on_response_complete()
        if self._at == "body":
            self._ends_in(self.REST_S)

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP is answered like every other error."""
        if self._at != "refused":
            self._refuse(400, msg)

    def _refuse(self, status: int, words: str) -> None:
        """Answer, and then only listen for a while: closing at once could cost the client the answer."""
        self._at = "refused"
        body = orjson.dumps(outcome(status, words))
        lines = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
            "content-type: application/json",
            f"content-length: {len(body)}",
            "connection: close",
        )
        self.transport.write("\r\n".join((*lines, "\r\n")).encode() + body)
        self.transport.write_eof()
        self._ends_in(self.REST_S)

    def _ends_in(self, seconds: float) -> None:
        self._goes_on()
        self._end = self.loop.call_later(seconds, self.transport.close)

    def _goes_on(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None
