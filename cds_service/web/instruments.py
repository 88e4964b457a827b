"""What watches this process, in one piece: what is counted, what is traced, and whether it is stopping."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.middleware import Middleware

from cds_service.fhir.access.client import POOL
from cds_service.web import log, openapi
from cds_service.web.metrics import Metrics
from cds_service.web.outbound import WatchedTransport
from cds_service.web.services import SERVICES
from cds_service.web.stopping import Stopping
from cds_service.web.traces import NoTraces, OtelTraces, Traces
from cds_service.web.watched import Watched


@dataclass(frozen=True, slots=True)
class Instruments:
    """One of each per app."""

    metrics: Metrics
    traces: Traces
    stopping: Stopping

    def middleware(self) -> Middleware:
        """To go outermost, around CORS and the answering of faults."""
        services = frozenset(service.id for service in SERVICES)
        return Middleware(
            Watched, metrics=self.metrics, traces=self.traces, stopping=self.stopping, services=services
        )

    def transport(self, purpose: str) -> httpx.AsyncBaseTransport:
        """For a client whose calls are counted. `purpose`: `fhir` or `keys`."""
        inner = httpx.AsyncHTTPTransport(verify=_authorities(), trust_env=False, limits=POOL)
        return WatchedTransport(inner, purpose, self.metrics, self.traces)

    def router(self) -> APIRouter:
        """`/metrics`."""
        routes = APIRouter(tags=["health"])

        @routes.get("/metrics", summary="Counts, for Prometheus", responses=openapi.page("text/plain"))
        async def metrics() -> Response:
            return Response(self.metrics.exposition(), media_type=CONTENT_TYPE_PLAIN_0_0_4)

        return routes

    @asynccontextmanager
    async def in_use(self) -> AsyncIterator[None]:
        """While the app serves."""
        counting = _WarningsCounted(self.metrics)
        log.LOGGER.addHandler(counting)
        try:
            with self.stopping.put_off():
                yield
        finally:
            log.LOGGER.removeHandler(counting)
            await asyncio.to_thread(self.traces.close)


class _WarningsCounted(logging.Handler):
    """Counts our own events that are warnings or worse, so that an alarm needs no log."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(logging.WARNING)
        self._metrics = metrics

    def emit(self, record: logging.LogRecord) -> None:
        """Our events have fixed words: what differs stands in their fields."""
        self._metrics.warned(record.getMessage(), record.levelname.lower())


@cache
def _authorities() -> ssl.SSLContext:
    """Whose certificates are good; read once for all clients."""
    return httpx.create_ssl_context(trust_env=False)


def instruments(*, worker_files: Path | None, traced: bool, drain_s: float, version: str) -> Instruments:
    """As configured. Raises SettingsFaulty when traces are wanted and cannot be sent."""
    traces = OtelTraces(version) if traced else NoTraces()
    return Instruments(Metrics(worker_files), traces, Stopping(drain_s))
