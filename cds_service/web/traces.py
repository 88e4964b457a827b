"""Traces, for OpenTelemetry collectors: one span per call to us and one per call that we make.

Our own few spans, and not those of the library's automatic instrumentation: that one writes addresses,
and an address of a FHIR query holds the patient. What a span tells is what a log line may tell.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Thread
from typing import Any, Final, Protocol

from fastapi.telemetry import TelemetryConfig

from cds_service.errors import SettingsFaulty
from cds_service.web.log import FIELDS

NAME: Final = "liver-lesion-cds"
PREFIX: Final = "liver_cds."
# The framework's own, which any provider or variable of the environment would switch on: off. It writes
# queries, and exceptions with their words.
FRAMEWORKS_OWN: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
FLUSH_S: Final = 3.0  # how long stopping may wait for a collector
# Of the standard's names only those whose values are ours.
STANDARD: Final[Mapping[str, str]] = {"status": "http.response.status_code", "service": "http.route"}


class Span(Protocol):
    """One span, as far as it concerns us."""

    def tell(self, **fields: object) -> None:
        """Put fields on it. Raises ValueError for one that may not be logged."""
        ...


class Traces(Protocol):
    """Who makes spans."""

    def serving(self, name: str, parent: str) -> AbstractContextManager[Span]:
        """Context of one call to us, giving its Span. `parent`: the caller's `traceparent`, "" = none."""
        ...

    def calling(self, name: str) -> AbstractContextManager[Span]:
        """Context of one call that we make, giving its Span."""
        ...

    def close(self) -> None:
        """Send what is left. Waits, but not for long."""
        ...


class NoTraces:
    """Where no collector is configured."""

    def serving(self, name: str, parent: str) -> AbstractContextManager[Span]:  # noqa: ARG002
        """Nothing."""
        return _NOWHERE

    def calling(self, name: str) -> AbstractContextManager[Span]:  # noqa: ARG002
        """Nothing."""
        return _NOWHERE

    def close(self) -> None:
        """Nothing."""


class _Nowhere:
    def tell(self, **fields: object) -> None:
        pass


_NOWHERE: Final = nullcontext(_Nowhere())


class OtelTraces:
    """Spans for the collector that the `OTEL_…` variables name; the SDK reads those itself."""

    def __init__(self, version: str) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import OTELResourceDetector, Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.trace import SpanKind
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
        except ImportError as error:
            raise SettingsFaulty(
                "OTEL_EXPORTER_OTLP_ENDPOINT asks for traces, and what sends them is not installed:"
                " pip install 'liver-lesion-cds[tracing]', or unset the variable"
            ) from error
        own = Resource({"service.name": NAME, "service.version": version})
        resource = own.merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(NAME, version)
        self._callers = TraceContextTextMapPropagator()
        self._kinds = SpanKind

    @contextmanager
    def serving(self, name: str, parent: str) -> Iterator[Span]:
        """A span of a call to us, in the caller's trace if it sent one."""
        context = self._callers.extract({"traceparent": parent})
        with self._span(name, self._kinds.SERVER, context) as span:
            yield span

    @contextmanager
    def calling(self, name: str) -> Iterator[Span]:
        """A span of a call that we make, inside that of the call it is made for."""
        with self._span(name, self._kinds.CLIENT, None) as span:
            yield span

    @contextmanager
    def _span(self, name: str, kind: Any, context: Any) -> Iterator[Span]:
        # What went wrong is told by status and log: an exception's words may quote a request.
        with self._tracer.start_as_current_span(
            name, context=context, kind=kind, record_exception=False, set_status_on_exception=False
        ) as span:
            yield _Told(span)

    def close(self) -> None:
        """Send what is left to the collector, if it is there: its patience is not ours."""
        ending = Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(FLUSH_S)


class _Told:
    def __init__(self, span: Any) -> None:
        self._span = span

    def tell(self, **fields: object) -> None:
        strange = fields.keys() - FIELDS
        if strange:
            raise ValueError(f"not a field that may be traced: {', '.join(sorted(strange))}")
        for name, value in fields.items():
            self._span.set_attribute(STANDARD.get(name, PREFIX + name), value)
