"""The CDS Services: discovery, and one address per hook."""

import logging
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
from fastapi import APIRouter, Request, Response

from cds_service.consult import Desk, consult
from cds_service.consultation import Consultation
from cds_service.fhir.access.prefetch import TEMPLATES
from cds_service.hooks import HookRequest, parse_request
from cds_service.web.body import read_body
from cds_service.web.log import log_event

SPECIFICATION = "2.0.1"
HOOK_VERSION = "1.0"  # of order-select and order-sign alike, as their definitions publish it
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

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

REQUEST_SCHEMA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["hook", "hookInstance", "context"],
                    "properties": {
                        "hook": {"type": "string"},
                        "hookInstance": {"type": "string", "format": "uuid"},
                        "fhirServer": {"type": "string", "format": "uri"},
                        "fhirAuthorization": {"type": "object"},
                        "context": {
                            "type": "object",
                            "required": ["userId", "patientId"],
                            "properties": {
                                "userId": {"type": "string"},
                                "patientId": {"type": "string"},
                                "selections": {"type": "array", "items": {"type": "string"}},
                                "draftOrders": {"type": "object", "description": "FHIR R4 Bundle"},
                            },
                        },
                        "prefetch": {"type": "object"},
                    },
                }
            }
        },
    }
}


def router(desk: Desk, max_body_bytes: int) -> APIRouter:
    """Discovery and the services, answered from `desk`."""
    routes = APIRouter(tags=["CDS Hooks"])

    @routes.get("/cds-services", summary="Discovery")
    async def discovery() -> Response:
        return Response(DISCOVERY, media_type="application/json")

    for service in SERVICES:
        _add_service(routes, service, desk, max_body_bytes)
    return routes


def _add_service(routes: APIRouter, service: CdsService, desk: Desk, max_body_bytes: int) -> None:
    path = f"/cds-services/{service.id}"

    @routes.post(path, name=service.id, summary=service.title, openapi_extra=REQUEST_SCHEMA)
    async def call(request: Request) -> Response:
        started = time.perf_counter()
        asked = parse_request(await read_body(request, max_body_bytes), (service.hook,))
        answered = await consult(asked, desk, datetime.now(UTC), lambda: str(uuid4()))
        _log(service, asked, answered, (time.perf_counter() - started) * 1000)
        headers = {"Cache-Control": "no-store"}  # it holds facts of a patient
        return Response(orjson.dumps(answered.response), headers=headers, media_type="application/json")


def _log(service: CdsService, asked: HookRequest, answered: Consultation, ms: float) -> None:
    instance = asked.hook_instance
    mixed_up = "patient_mismatch" in answered.counts
    log_event(
        "audit: data of another patient" if mixed_up else "consultation",
        logging.WARNING if mixed_up else logging.INFO,
        service=service.id,
        hook=answered.hook,
        # Some clients put other things here than the UUID that the standard asks for.
        hook_instance=instance if UUID.fullmatch(instance) else "not a UUID",
        status=200,
        verdicts=[str(order.verdict) for order in answered.orders],
        cards=len(answered.response["cards"]),
        counts=dict(answered.counts),
        revision=answered.revision,
        ms=round(ms, 1),
    )
