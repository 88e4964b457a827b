"""The CDS Services: discovery, and one address per hook."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import orjson
from fastapi import APIRouter, Request, Response

from cds_service.answers import Answer, Answers
from cds_service.auth.tenants import Mode
from cds_service.consult import Desk
from cds_service.errors import ChartUnavailable, RequestUnreadable
from cds_service.fhir.access.prefetch import TEMPLATES
from cds_service.hooks import HookRequest, parse_request
from cds_service.identifiers import timed_id
from cds_service.recording import Call, answered_record, failed_record, instance_of
from cds_service.store.records import ConsultationRecord
from cds_service.web import openapi
from cds_service.web.admission import Admission
from cds_service.web.body import BodyLimits, read_body
from cds_service.web.direct import DirectRoute
from cds_service.web.log import log_event

SPECIFICATION = "2.0.1"
HOOK_VERSION = "1.0"  # of order-select and order-sign alike, as their definitions publish it
NOTHING: Final = b'{"cards":[]}'

# Told of every consultation: its record, and how each prefetched set arrived.
Keep: TypeAlias = Callable[[ConsultationRecord, Mapping[str, str]], None]

DESCRIPTION = (
    "Compares an order for imaging or biopsy of a liver lesion with the ACR Appropriateness Criteria topic"
    " Liver Lesion - Initial Characterization: rates the ordered study for this patient and offers better"
    " ones. Says nothing about other orders. "
)
USAGE = (
    "FHIR R4. Orders are ServiceRequest drafts coded with CPT, LOINC or SNOMED CT, or described in text."
    " The problem list is needed (by prefetch or fhirServer); everything else may be missing. The ratings"
    " belong to the American College of Radiology: clinical use needs a licence from it."
)


@dataclass(frozen=True, slots=True)
class CdsService:
    """One entry in discovery."""

    id: str
    hook: str
    title: str
    when: str

    def to_json(self) -> dict[str, Any]:
        """As discovery lists it."""
        return {
            "id": self.id,
            "hook": self.hook,
            "title": self.title,
            "description": DESCRIPTION + self.when,
            "prefetch": dict(TEMPLATES),
            "usageRequirements": USAGE,
            "version": SPECIFICATION,
            "hookVersion": HOOK_VERSION,
        }


SERVICES = (
    CdsService(
        "liver-lesion-order-select",
        "order-select",
        "Liver lesion imaging: while ordering",
        "Looks at the selected orders, before they are signed.",
    ),
    CdsService(
        "liver-lesion-order-sign",
        "order-sign",
        "Liver lesion imaging: before signing",
        "Looks at all orders of the session, as they are about to be signed.",
    ),
)
DISCOVERY = orjson.dumps({"services": [service.to_json() for service in SERVICES]})
CALL_ERRORS: Final = (400, 401, 408, 412, 413, 415, 429, 500, 503)


def router(
    admission: Admission, answers: Answers, limits: BodyLimits, keep: Keep, *, discovery_token: bool
) -> APIRouter:
    """Discovery and the services. `keep` is told of every consultation; `discovery_token`: discovery asks
    for a token as well."""
    routes = APIRouter(tags=["CDS Hooks"], route_class=DirectRoute)

    told = openapi.answers(openapi.DISCOVERY, "The services", 401, 500, 503)

    @routes.get("/cds-services", summary="Discovery", responses=told)
    async def discovery(request: Request) -> Response:
        if discovery_token:
            await admission.check_token(request)
        return Response(DISCOVERY, media_type="application/json")

    for service in SERVICES:
        _add_service(routes, service, admission, answers, limits, keep)
    return routes


def _add_service(
    routes: APIRouter,
    service: CdsService,
    admission: Admission,
    answers: Answers,
    limits: BodyLimits,
    keep: Keep,
) -> None:
    path = f"/cds-services/{service.id}"
    told = openapi.answers(openapi.ANSWER, "Cards, none if there is nothing to say", *CALL_ERRORS)

    @routes.post(
        path,
        name=service.id,
        summary=service.title,
        openapi_extra=openapi.body(openapi.REQUEST),
        responses=told,
    )
    async def call(request: Request) -> Response:
        began = time.perf_counter()
        desk = await admission.admit(request)
        body = await read_body(request, limits)
        if desk.tenant.mode is Mode.OFF:
            log_event("switched off", service=service.id, mode=str(desk.tenant.mode), status=200)
            return _sent(NOTHING)
        asked = parse_request(body, (service.hook,))
        answer = await _answered(service, answers, desk, asked, began, keep)
        return _sent(NOTHING if desk.tenant.mode is Mode.SILENT else answer)


async def _answered(
    service: CdsService, answers: Answers, desk: Desk, asked: HookRequest, began: float, keep: Keep
) -> bytes:
    """The response. Kept is every consultation, a failed one too: it must not look like one without cards."""
    now = datetime.now(UTC)
    call = Call(timed_id(), service.id, desk.tenant, asked, now, desk.library.revision)
    try:
        answer = await answers.answer(asked, desk, now)
    except ChartUnavailable as missing:
        keep(failed_record(call, 412, _ms_since(began)), {})
        if desk.tenant.mode is not Mode.SILENT:
            raise
        log_event("chart unavailable", service=service.id, mode="silent", missing=missing.missing)
        return NOTHING
    except RequestUnreadable:  # the prefetch is read when an order asks for it
        keep(failed_record(call, 400, _ms_since(began)), {})
        raise
    except Exception:
        keep(failed_record(call, 500, _ms_since(began)), {})
        raise
    ms = _ms_since(began)
    keep(answered_record(call, answer.orders, answer.counts, ms), answer.prefetch)
    _log(call, answer, ms)
    return bytes(answer.body)


def _sent(body: bytes) -> Response:
    headers = {"Cache-Control": "no-store"}  # it holds facts of a patient
    return Response(body, headers=headers, media_type="application/json")


def _ms_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000


def _log(call: Call, answer: Answer, ms: float) -> None:
    mixed_up = "patient_mismatch" in answer.counts
    log_event(
        "audit: data of another patient" if mixed_up else "consultation",
        logging.WARNING if mixed_up else logging.INFO,
        service=call.service,
        hook=call.asked.hook,
        # Some clients put other things here than the UUID that the standard asks for.
        hook_instance=instance_of(call.asked) or "not a UUID",
        status=200,
        mode=str(call.tenant.mode),
        verdicts=[order.verdict for order in answer.orders],
        cards=answer.cards,
        counts=dict(answer.counts),
        again=answer.again,
        revision=call.revision,
        ms=round(ms, 1),
    )
