"""Around every call that we make: its time, how it ended, its span. Never its address or what it carried."""

import asyncio
import time
from types import TracebackType

import httpx

from cds_service.web.log import bound
from cds_service.web.metrics import Metrics
from cds_service.web.traces import Traces


class WatchedTransport(httpx.AsyncBaseTransport):
    """Passes calls on to `inner`. `purpose`: what they are for, `fhir` or `keys`."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport, purpose: str, metrics: Metrics, traces: Traces
    ) -> None:
        self._inner = inner
        self._purpose = purpose
        self._metrics = metrics
        self._traces = traces

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One call, until the head of its answer is there."""
        began, outcome = time.perf_counter(), "failed"
        with self._traces.calling(self._purpose) as span:
            try:
                answer = await self._inner.handle_async_request(request)
                outcome = f"{answer.status_code // 100}xx"
                span.tell(status=answer.status_code)
            except (httpx.TimeoutException, asyncio.CancelledError):
                outcome = "timeout"  # its own, or the deadline of the whole request
                raise
            finally:
                seconds = time.perf_counter() - began
                self._metrics.called_out(bound("tenant"), self._purpose, outcome, seconds)
                span.tell(reason=outcome)
        return answer

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Close what is inside."""
        await self._inner.__aexit__(exc_type, exc_value, traceback)

    async def aclose(self) -> None:
        """Close what is inside."""
        await self._inner.aclose()
