"""The composition root: settings in, an application out. Nothing is loaded or opened by importing it."""

import contextlib
import gc
import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from importlib.metadata import version

import httpx
from fastapi import FastAPI
from starlette.middleware import Middleware

from cards.profiles import by_name
from cds_service import __doc__ as about
from cds_service.answers import Answers
from cds_service.auth.keys import Keyring
from cds_service.auth.rates import RatesInMemory
from cds_service.auth.tenants import Tenant, open_tenant
from cds_service.auth.tenants_file import read_tenants
from cds_service.auth.tokens import TokenCheck
from cds_service.consult import Desk
from cds_service.desks import Desks, Vocabulary
from cds_service.errors import ContentFaulty, StoreUnreachable
from cds_service.fhir.access.client import FetchLimits, new_client
from cds_service.fhir.access.line import Line
from cds_service.guideline import TOPIC
from cds_service.guideline.content.library import Library, load
from cds_service.guideline.content.topic_schema import GuidelineTopic
from cds_service.identifiers import random_id
from cds_service.settings import Settings
from cds_service.store.records import ConsultationRecord, StoreEvent
from cds_service.store.retention import Retention
from cds_service.store.store import Store
from cds_service.web import (
    api_docs,
    cors,
    feedback,
    health,
    log,
    operation_outcome,
    services,
    traces,
    visitors,
)
from cds_service.web.admission import Admission
from cds_service.web.analytics.access import Operator
from cds_service.web.body import BodyLimits
from cds_service.web.instruments import Instruments, instruments
from cds_service.web.paths import HeadAsGet, TidyPaths
from cds_service.web.readiness import checks

COLLECT_AFTER = 50_000  # objects made and not yet gone
STORE_TROUBLE = ("lost", "back", "dropped")


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service, ready to be run by an ASGI server. `settings`: default, from the environment.

    Raises ContentFaulty or SettingsFaulty: nothing is served on content that cannot be trusted.
    """
    settings = settings or Settings.from_env(os.environ)
    release = version("liver-lesion-cds")
    watch = instruments(
        worker_files=settings.worker_files,
        traced=settings.traced,
        drain_s=settings.drain_s,
        version=release,
    )
    http = new_client(settings.fhir_timeout_s, watch.transport("fhir"))
    keys_http = new_client(settings.fhir_timeout_s, watch.transport("keys"))
    keys = Keyring(keys_http, log.log_event)
    desks = build_desks(settings, http)
    store = _store(settings, watch)
    tokens = TokenCheck(keys, store.replays)
    if settings.tenants:
        tokens.make_ready()
    door = Admission(
        desks,
        tokens,
        rates=store.rates,
        own_rates=RatesInMemory(),
        public_url=settings.public_url,
        count_refused=watch.metrics.token_refused,
    )

    def keep(record: ConsultationRecord, prefetched: Mapping[str, str]) -> None:
        watch.metrics.consulted(record)
        watch.metrics.prefetched(record.tenant, prefetched)
        store.outbox.put(record)
        watch.metrics.outbox(store.outbox.depth)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        log.set_up(settings.log_format)
        library = desks.latest.any.library
        log.log_event("started", tenants=desks.modes(), revision=library.revision)
        if settings.unknown:
            log.log_event("settings that nothing reads", settings=settings.unknown)
        # What was loaded stays for good: keep the collector from walking it again and again. Next to nothing
        # of it is garbage, so it is not looked for either, which would be a tenth of the start.
        usual = gc.get_threshold()
        gc.freeze()
        # A request makes tens of thousands of objects and no cycles: look for those now and then only.
        gc.set_threshold(COLLECT_AFTER)
        await store.open()
        watch.metrics.began(release, library.revision)
        await _introduce(desks, store, watch)
        try:
            async with watch.in_use():
                yield
        finally:
            gc.set_threshold(*usual)
            gc.unfreeze()
            keys.close()
            await store.close()
            await http.aclose()
            await keys_http.aclose()

    app = FastAPI(
        title="Liver Lesion CDS",
        summary=about,
        lifespan=lifespan,
        version=release,
        redirect_slashes=False,
        docs_url=None,  # the framework's own loads its script from elsewhere: see `api_docs`
        redoc_url=None,
        telemetry=traces.FRAMEWORKS_OWN,
        middleware=[
            watch.middleware(),
            cors.middleware(desks),
            Middleware(operation_outcome.FaultsAnswered),
            Middleware(TidyPaths),
            Middleware(HeadAsGet),
        ],
    )
    operation_outcome.install(app)
    limits = BodyLimits(settings.max_body_bytes, settings.body_timeout_s)
    answers = Answers(random_id, settings.remember_s)
    called = services.router(door, answers, limits, keep, discovery_token=settings.discovery_token)
    # Not included but its routes taken over: an included router is searched twice at every call.
    app.router.routes += called.routes
    app.include_router(feedback.router(door.admit, store, limits, watch.metrics.told))
    app.include_router(watch.router())
    app.include_router(health.router(lambda: _about(desks), checks(desks, keys, store), watch.stopping))
    app.include_router(api_docs.router())
    for pages in visitors.routers(desks.latest.any, store.activity, _doors(settings)):
        app.include_router(pages)
    return app


def _doors(settings: Settings) -> visitors.Doors:
    password = settings.operator_password
    operator = Operator(password, settings.public_url.startswith("https:")) if password else None
    tokens = settings.tenants is not None
    shown = settings.workbench or not tokens
    return visitors.Doors(settings.max_body_bytes, workbench=shown, tokens=tokens, operator=operator)


async def _introduce(desks: Desks, store: Store, watch: Instruments) -> None:
    """Tenants to the metrics, with the time of each one's last card, so that a restart hides no silence."""
    made: Mapping[str, datetime] = {}
    with contextlib.suppress(StoreUnreachable):
        made = await store.last_cards()
    for tenant in desks.modes():
        at = made[tenant].timestamp() if tenant in made else None
        watch.metrics.serves(tenant, (service.id for service in services.SERVICES), at)


def _store(settings: Settings, watch: Instruments) -> Store:
    def hear(event: StoreEvent) -> None:
        watch.metrics.store_event(event.kind, event.count or 1)
        watch.metrics.outbox(store.outbox.depth)
        if event.kind in STORE_TROUBLE:
            counts = {"counts": {event.kind: event.count}} if event.count else {}
            log.log_event(f"store {event.kind}", logging.WARNING, fault=event.fault, **counts)

    keep = Retention(settings.retention_days, settings.comment_retention_days)
    store = Store(settings.database_url, hear, keep=keep)  # `hear` looks at it
    return store


def _about(desks: Desks) -> Mapping[str, str]:
    """Which content is served; no app is built on content that did not load."""
    desk = desks.latest.any
    return {"topic": desk.topic.id, "revision": desk.library.revision}


def build_desk(settings: Settings, http: httpx.AsyncClient) -> Desk:
    """The open tenant's desk. `http`: for FHIR servers; whoever opened it closes it."""
    library = load(settings.guidelines, require_reviewed=settings.require_reviewed)
    tenant = _open_tenant(settings)
    return _desk(settings, tenant, Vocabulary(library), http, Line())


def build_desks(settings: Settings, http: httpx.AsyncClient) -> Desks:
    """The desks of all tenants of the tenants file, or the open tenant's where there is none."""
    vocabulary = Vocabulary(load(settings.guidelines, require_reviewed=settings.require_reviewed))
    lines: dict[str, Line] = {}

    def build() -> list[Desk]:
        file = settings.tenants
        tenants = read_tenants(file, vocabulary.library) if file else (_open_tenant(settings),)
        return [
            _desk(settings, tenant, vocabulary, http, lines.setdefault(tenant.id, Line()))
            for tenant in tenants
        ]

    return Desks(build, log.log_event, settings.tenants)


def _open_tenant(settings: Settings) -> Tenant:
    return open_tenant(
        profile=settings.open_profile,
        local_codes=settings.open_codes,
        write_protocol=settings.open_protocol,
        fhir_servers=settings.open_fhir_servers,
        cors_origins=settings.open_origins,
    )


def _desk(
    settings: Settings, tenant: Tenant, vocabulary: Vocabulary, http: httpx.AsyncClient, line: Line
) -> Desk:
    codes, terms = vocabulary.with_codes(tenant.local_codes)
    return Desk(
        library=vocabulary.library,
        topic=_topic(vocabulary.library),
        terms=terms,
        tenant=tenant,
        profile=by_name(tenant.profile),
        http=http,
        limits=_limits(settings, tenant),
        public_url=settings.public_url,
        qcdsm=settings.qcdsm,
        imaging_window_days=settings.imaging_window_days,
        egfr_max_age_days=settings.egfr_max_age_days,
        local_codes=codes,
        line=line,
    )


def open_desk(settings: Settings) -> Desk:
    """A desk of its own for a process that answers no calls (replay): its HTTP client is never used."""
    return build_desk(settings, new_client(settings.fhir_timeout_s))


def _topic(library: Library) -> GuidelineTopic:
    if TOPIC not in library.topics:
        raise ContentFaulty([f"topics/{TOPIC}.yaml: the topic is retired or missing, restore it"])
    return library.topics[TOPIC]


def _limits(settings: Settings, tenant: Tenant) -> FetchLimits:
    return FetchLimits(
        deadline_s=settings.fhir_timeout_s,
        servers=tenant.fhir_servers,
        loopback=tenant.loopback_servers,
    )
