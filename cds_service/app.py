"""The composition root: settings in, an application out. Nothing is loaded or opened by importing it."""

import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI
from starlette.middleware import Middleware

from cards.profiles import by_name
from cds_service import __doc__ as about
from cds_service.auth.tenants import Tenant, open_tenant
from cds_service.consult import Desk
from cds_service.errors import ContentFaulty
from cds_service.fhir.access.client import FetchLimits, new_client
from cds_service.guideline.content.library import Library, load
from cds_service.guideline.content.topic_schema import GuidelineTopic
from cds_service.guideline.terms.judging import compile_terms
from cds_service.guideline.terms.local_codes import LocalCodes, local_codes
from cds_service.settings import Settings
from cds_service.web import cors, guideline_pages, health, log, operation_outcome, services
from cds_service.web.paths import TidyPaths

TOPIC = "liver-lesion"


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service, ready to be run by an ASGI server. `settings`: default, from the environment.

    Raises ContentFaulty or SettingsFaulty: nothing is served on content that cannot be trusted.
    """
    settings = settings or Settings.from_env(os.environ)
    http = new_client(settings.fhir_timeout_s)
    desk = build_desk(settings, http)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        log.set_up(settings.log_format)
        log.log_event("started", tenant=desk.tenant.id, revision=desk.library.revision)
        if settings.unknown:
            log.log_event("settings that nothing reads", settings=settings.unknown)
        # What was loaded stays for good: keep the collector from walking it again and again.
        gc.collect()
        gc.freeze()
        try:
            yield
        finally:
            gc.unfreeze()
            await http.aclose()

    app = FastAPI(
        title="Liver Lesion CDS",
        summary=about,
        lifespan=lifespan,
        redirect_slashes=False,
        redoc_url=None,
        middleware=[
            cors.middleware(desk.tenant),
            Middleware(operation_outcome.FaultsAnswered),
            Middleware(TidyPaths),
        ],
    )
    operation_outcome.install(app)
    app.include_router(services.router(desk, settings.max_body_bytes))
    app.include_router(health.router(desk))
    app.include_router(guideline_pages.router(desk))
    return app


def build_desk(settings: Settings, http: httpx.AsyncClient) -> Desk:
    """What a consultation needs. `http`: for FHIR servers; whoever opened it closes it."""
    library = load(settings.guidelines, require_reviewed=settings.require_reviewed)
    tenant = open_tenant(
        profile=settings.open_profile,
        local_codes=settings.open_codes,
        fhir_servers=settings.open_fhir_servers,
        cors_origins=settings.open_origins,
    )
    codes = local_codes(tenant.local_codes, library) if tenant.local_codes else LocalCodes({})
    return Desk(
        library=library,
        topic=_topic(library),
        terms=compile_terms(library, codes),
        tenant=tenant,
        profile=by_name(tenant.profile),
        http=http,
        limits=_limits(settings, tenant),
        public_url=settings.public_url,
        qcdsm=settings.qcdsm,
        imaging_window_days=settings.imaging_window_days,
        egfr_max_age_days=settings.egfr_max_age_days,
        local_codes=codes,
        write_protocol=settings.open_protocol,
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
