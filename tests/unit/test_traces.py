"""Traces: sent to a real collector when one is configured, with fields of the log's list and no others."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from starlette.testclient import TestClient

from cds_service.app import create_app
from cds_service.errors import SettingsFaulty
from cds_service.settings import Settings
from cds_service.web.metrics import Metrics
from cds_service.web.outbound import WatchedTransport
from cds_service.web.traces import NoTraces, OtelTraces
from tests.collector import Collector, attributes, collector
from tests.contract.requests import SELECT, hook_request

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
CALLERS_TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def collecting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collector() as running:
        monkeypatch.setenv(ENDPOINT, running.base)
        yield running


def test_a_call_is_a_span_in_its_callers_trace(
    collecting: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = f"00-{CALLERS_TRACE}-b7ad6b7169203331-01"
    # The framework has traces of its own, which this would switch on; they write addresses and faults.
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    with TestClient(create_app(Settings(traced=True))) as client:
        answer = client.post(SELECT, json=hook_request(), headers={"traceparent": parent})
        client.get("/livez")
        client.get("/Patient/planted-4711?name=planted")
    call, other = collecting.spans()
    assert call.trace_id.hex() == CALLERS_TRACE
    assert call.name == "liver-lesion-order-select"
    assert attributes(call) == {
        "http.route": "liver-lesion-order-select",
        "http.response.status_code": 200,
        "liver_cds.request_id": answer.headers["X-Request-ID"],
        "liver_cds.tenant": "open",
    }
    assert (other.name, attributes(other)["http.response.status_code"]) == ("other", 404)
    assert b"planted" not in b"".join(collecting.raw)


@pytest.mark.parametrize(
    ("environ", "traced"),
    [
        ({}, False),
        ({ENDPOINT: "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({ENDPOINT: "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({ENDPOINT: "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_traces_are_sent_only_where_a_collector_is_configured(environ: dict[str, str], traced: bool) -> None:
    assert Settings.from_env(environ).traced is traced


def test_the_sdk_is_not_even_imported_where_none_is() -> None:
    check = (
        "import sys; from cds_service.app import create_app; from cds_service.settings import Settings;"
        " create_app(Settings()); sys.exit('opentelemetry.sdk' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_without_the_extra_the_service_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)  # as if it were not installed
    with pytest.raises(SettingsFaulty, match="tracing"):
        create_app(Settings(traced=True))


@pytest.mark.parametrize("traced", [True, False])
def test_a_span_takes_only_what_may_be_logged(collecting: Collector, traced: bool) -> None:
    traces = OtelTraces("1") if traced else NoTraces()
    if not traced:
        with traces.serving("x", "") as span:
            span.tell(status=200)
        traces.close()
        assert collecting.raw == []
        return
    with traces.serving("x", "") as span, pytest.raises(ValueError, match="patient"):
        span.tell(patient="p1")
    traces.close()


@pytest.mark.parametrize(
    ("fault", "outcome"), [(None, "2xx"), (httpx.ReadTimeout, "timeout"), (httpx.ConnectError, "failed")]
)
def test_a_call_of_ours_is_counted_with_how_it_ended(
    collecting: Collector, fault: type[httpx.TransportError] | None, outcome: str
) -> None:
    metrics, traces = Metrics(), OtelTraces("1")

    async def answer(request: httpx.Request) -> httpx.Response:
        if fault:
            raise fault("planted", request=request)
        return httpx.Response(200, text="planted")

    async def call() -> None:
        transport = WatchedTransport(httpx.MockTransport(answer), "fhir", metrics, traces)
        async with httpx.AsyncClient(transport=transport) as client:
            with suppress(httpx.TransportError):
                await client.get("http://127.0.0.1/Condition?patient=planted")

    asyncio.run(call())
    traces.close()
    page = metrics.exposition().decode()
    assert f'liver_cds_outbound_calls_total{{outcome="{outcome}",purpose="fhir",tenant="none"}} 1.0' in page
    (span,) = collecting.spans()
    assert attributes(span)["liver_cds.reason"] == outcome
    assert "planted" not in page
    assert b"planted" not in b"".join(collecting.raw)
