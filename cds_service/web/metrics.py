"""What is counted, for Prometheus. Names of metrics and labels are listed in docs/operating.md.

Every label has a small closed set of values: tenants of the file, our own service and procedure names,
codes of ours, statuses. Never anything that a request chose, and nothing of a patient.
"""

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Generic, Literal, TypeAlias, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from cds_service.store.records import ConsultationRecord, OrderRecord
from cds_service.web.worker_files import forget_dead_workers

M = TypeVar("M", Counter, Gauge, Histogram)
Mode: TypeAlias = Literal["livesum", "livemax", "max"]  # how a gauge of several workers is one number

PREFIX: Final = "liver_cds"
NOBODY: Final = "none"  # the tenant of calls that belong to no tenant
# Answers from prefetch take milliseconds, with queries up to FHIR_TIMEOUT_S; 0.5 s is what the standard asks.
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
# Of a consultation's counts those that hint at a fault, ours or the client's.
ODD: Final = frozenset(("unreadable", "ignored_selections", "orders_missing", "patient_mismatch"))
LAST_CARD: Final = f"{PREFIX}_last_card_timestamp_seconds"


class _Labelled(Generic[M]):
    """A metric with its children at hand: to look for one in the library costs more than to count."""

    def __init__(self, metric: M) -> None:
        self._metric: M = metric
        self._children: dict[tuple[str | int, ...], M] = {}

    def labels(self, *labels: str | int) -> M:
        """The child with these labels, made if it is new."""
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self._metric.labels(*labels)
        return child


class Metrics:
    """Everything this process counts. One per app; `worker_files`: where several workers add up theirs."""

    def __init__(self, worker_files: Path | None = None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # of the library as a whole: a series beside each, which nobody asked for
        self._worker_files = worker_files
        self._registry = CollectorRegistry()
        if worker_files is None:
            ProcessCollector(registry=self._registry)
        self._requests = self._counter("requests", "Calls answered", "tenant", "service", "status")
        self._seconds = self._seconds_of(
            "request_seconds", "Time until the answer to a call was ready", "tenant", "service"
        )
        self._verdicts = self._counter("verdicts", "Orders judged", "tenant", "service", "verdict")
        self._cards = self._counter(
            "cards", "Cards made, shown or (mode silent) not", "tenant", "variant", "indicator", "shown"
        )
        self._unmapped = self._counter(
            "unmapped_codes", "Orders that no code or text places in our catalogue", "tenant", "coding"
        )
        self._odd = self._counter(
            "odd_calls", "What was strange about calls that were answered", "tenant", "what"
        )
        self._prefetch = self._counter(
            "prefetch", "Sets of resources, as they arrived", "tenant", "key", "state"
        )
        self._outbound = self._counter("outbound_calls", "Calls that we made", "tenant", "purpose", "outcome")
        self._outbound_seconds = self._seconds_of(
            "outbound_seconds", "Time until the head of an answer to a call of ours", "tenant", "purpose"
        )
        self._refused = self._counter(
            "refused_tokens", "Calls without a token that we accept", "tenant", "reason"
        )
        self._feedback = self._counter("feedback", "Feedback items stored", "tenant", "outcome")
        self._store = self._counter("store_events", "What befell the store", "kind")
        self._warnings = self._counter("warnings", "Lines of the log that need a look", "event", "level")
        self._pending = self._gauge("outbox_pending", "Consultations waiting to be written", "livesum")
        self._last_card = self._gauge(
            "last_card_timestamp_seconds", "When the last card was made, or this began", "max", "tenant"
        )
        self._info = self._gauge("info", "What is running", "livemax", "version", "revision")

    def _counter(self, name: str, words: str, *labels: str) -> _Labelled[Counter]:
        return _Labelled(Counter(f"{PREFIX}_{name}", words, labels, registry=self._registry))

    def _seconds_of(self, name: str, words: str, *labels: str) -> _Labelled[Histogram]:
        made = Histogram(f"{PREFIX}_{name}", words, labels, buckets=SECONDS, registry=self._registry)
        return _Labelled(made)

    def _gauge(self, name: str, words: str, mode: Mode, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", words, labels, registry=self._registry, multiprocess_mode=mode)

    def began(self, version: str, revision: str) -> None:
        """On starting: what is running."""
        self._info.labels(version, revision).set(1)
        for kind in ("lost", "back", "dropped"):
            self._store.labels(kind)

    def serves(self, tenant: str, services: Iterable[str], last_card: float | None = None) -> None:
        """From now on this tenant too. `last_card`: when its last one was made, in Unix seconds.

        Its counters are there from the start, at 0: an alarm sees a first event only as a change.
        """
        self._last_card.labels(tenant).set(time.time() if last_card is None else last_card)
        for service in services:
            self._requests.labels(tenant, service, 200)
        for coding in ("local", "other"):
            self._unmapped.labels(tenant, coding)
        for what in ODD:
            self._odd.labels(tenant, what)

    def answered(self, tenant: str, service: str, status: int, seconds: float) -> None:
        """One call, whatever came of it. `service`: id in discovery, or a name of a page of ours."""
        self._requests.labels(tenant or NOBODY, service, status).inc()
        self._seconds.labels(tenant or NOBODY, service).observe(seconds)

    def consulted(self, record: ConsultationRecord) -> None:
        """What a service made of one call."""
        shown = record.mode != "silent"
        for order in record.orders:
            self._verdicts.labels(record.tenant, record.service, order.verdict).inc()
            for card in order.cards:
                self._cards.labels(record.tenant, _variant(order), card.indicator, _yes(shown)).inc()
        if any(order.cards for order in record.orders):
            self._last_card.labels(record.tenant).set(time.time())
        local = record.counts.get("unmapped_local", 0)
        self._unmapped.labels(record.tenant, "local").inc(local)
        self._unmapped.labels(record.tenant, "other").inc(record.counts.get("unmapped", 0) - local)
        for what in ODD & record.counts.keys():
            self._odd.labels(record.tenant, what).inc(record.counts[what])

    def prefetched(self, tenant: str, states: Mapping[str, str]) -> None:
        """How each wanted set of resources arrived: key -> `sent`, `empty`, `failed` or `not-sent`."""
        for key, state in states.items():
            self._prefetch.labels(tenant, key, state).inc()

    def called_out(self, tenant: str, purpose: str, outcome: str, seconds: float) -> None:
        """One call of ours. `purpose`: `fhir` or `keys`; `outcome`: `2xx` … `5xx`, `timeout` or `failed`."""
        self._outbound.labels(tenant or NOBODY, purpose, outcome).inc()
        self._outbound_seconds.labels(tenant or NOBODY, purpose).observe(seconds)

    def token_refused(self, tenant: str, reason: str) -> None:
        """One call with no token, or one that we do not accept. `reason`: one of a closed list."""
        self._refused.labels(tenant or NOBODY, reason).inc()

    def warned(self, event: str, level: str) -> None:
        """One line of the log that is a warning or worse. `event`: its fixed words."""
        self._warnings.labels(event, level).inc()

    def told(self, tenant: str, outcome: str) -> None:
        """One item of feedback that was stored."""
        self._feedback.labels(tenant, outcome).inc()

    def store_event(self, kind: str, count: int = 1) -> None:
        """What befell the store: `dropped` consultations, failed writes, …; one of a closed list."""
        self._store.labels(kind).inc(count)

    def outbox(self, pending: int) -> None:
        """How many consultations wait to be written."""
        self._pending.set(pending)

    def exposition(self) -> bytes:
        """All of it as Prometheus reads it: of this process, or of all workers together."""
        registry = self._registry
        if self._worker_files is not None:
            forget_dead_workers(self._worker_files)
            registry = CollectorRegistry()
            MultiProcessCollector(registry, path=str(self._worker_files))  # type: ignore[no-untyped-call]
        return generate_latest(registry) + generate_latest(_Since(registry))


class _Since(Collector):
    """Seconds since each tenant's last card: beside its time, for whoever reads without arithmetic."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> list[GaugeMetricFamily]:
        since = GaugeMetricFamily(
            f"{PREFIX}_seconds_since_last_card", "Since a card was made, or this began", labels=("tenant",)
        )
        now = time.time()
        for metric in self._registry.collect():
            for sample in metric.samples if metric.name == LAST_CARD else ():
                since.add_metric([sample.labels["tenant"]], max(0.0, now - sample.value))
        return [since]


def _variant(order: OrderRecord) -> str:
    """The variant that the order was judged in: one of the topic's numbers, `several` or `none`."""
    if len(order.variants) > 1:
        return "several"
    return str(order.variants[0]) if order.variants else "none"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
