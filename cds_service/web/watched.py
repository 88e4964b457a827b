"""Around every call: its request id, its time, its count, its trace, and how a stopping server ends it."""

import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cds_service.web import log, raw_headers, request_ids
from cds_service.web.metrics import Metrics
from cds_service.web.stopping import Stopping
from cds_service.web.traces import Traces

ID_HEADER: Final = request_ids.HEADER.lower().encode()
OTHER: Final = "other"  # an address that is not ours: what was asked for may be anything
PAGES: Final = ("livez", "readyz", "metrics", "guidelines", "docs", "openapi.json", "workbench")
# Answers that have an event of their own, which says more.
TOLD_ELSEWHERE: Final = frozenset((401, 412, 429, 500, 503))
PROBES: Final = frozenset(("livez", "readyz", "metrics"))  # too many and too dull for traces


class Watched:
    """Outermost: whatever answers, a fault of ours included, is counted and carries the request id."""

    def __init__(
        self, app: ASGIApp, metrics: Metrics, traces: Traces, stopping: Stopping, services: frozenset[str]
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._traces = traces
        self._stopping = stopping
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on and look at what comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        log.begin_request(request_ids.request_id(raw_headers.value_of(scope, ID_HEADER)))
        service = name_of(scope["path"], self._services)
        if service in PROBES:
            await self._answer(service, scope, receive, send)
            return
        log.bind(service=service)
        with self._traces.serving(service, raw_headers.value_of(scope, b"traceparent")) as span:
            status = await self._answer(service, scope, receive, send)
            span.tell(status=status, **log.bound_fields())

    async def _answer(self, service: str, scope: Scope, receive: Receive, send: Send) -> int:
        """The status that was sent; counted as 500 when something broke before there was one."""
        began, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": self._headers(message)}
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            seconds = time.perf_counter() - began
            self._metrics.answered(log.bound("tenant"), service, status or 500, seconds)
            if status >= 400 and service not in PROBES and status not in TOLD_ELSEWHERE:
                log.log_event("refused", status=status, ms=round(seconds * 1000, 1))
        return status

    def _headers(self, message: Message) -> list[tuple[bytes, bytes]]:
        headers = raw_headers.replaced(message.get("headers", ()), ID_HEADER, log.bound("request_id"))
        if self._stopping.begun:  # the caller opens its next connection elsewhere
            headers = raw_headers.replaced(headers, b"connection", "close")
        return headers


def name_of(path: str, services: frozenset[str]) -> str:
    """What a path stands for in metrics: a service's id, `feedback`, `discovery`, a page of ours, `other`."""
    parts = [part for part in path.split("/") if part]
    match parts:
        case []:
            return "workbench"
        case ["cds-services"]:
            return "discovery"
        case ["cds-services", service] if service in services:
            return service
        case ["cds-services", service, "feedback"] if service in services:
            return "feedback"
        case [page, *_] if page in PAGES:
            return page
        case _:
            return OTHER
