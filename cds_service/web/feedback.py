"""Feedback: what became of our cards, kept before it is answered."""

from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias

import orjson
from fastapi import APIRouter, Request, Response

from cds_service.consult import Desk
from cds_service.store.store import Store
from cds_service.web import openapi
from cds_service.web.body import BodyLimits, read_body
from cds_service.web.feedback_body import read_feedback
from cds_service.web.log import log_event
from cds_service.web.services import SERVICES

Admit: TypeAlias = Callable[[Request], Awaitable[Desk]]  # raises what is answered with 401 or 429
Told: TypeAlias = Callable[[str, str], None]  # counts one item: tenant, outcome

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["feedback"],
                    "properties": {
                        "feedback": {
                            "type": "array",
                            "minItems": 1,
                            "items": {
                                "type": "object",
                                "required": ["card", "outcome", "outcomeTimestamp"],
                                "properties": {
                                    "card": {"type": "string", "description": "The card's uuid"},
                                    "outcome": {"enum": ["accepted", "overridden"]},
                                    "outcomeTimestamp": {"type": "string", "format": "date-time"},
                                    "acceptedSuggestions": {"type": "array", "items": {"type": "object"}},
                                    "overrideReason": {"type": "object"},
                                },
                            },
                        }
                    },
                }
            }
        },
    }
}


def router(admit: Admit, store: Store, limits: BodyLimits, told: Told) -> APIRouter:
    """`/cds-services/{id}/feedback` of every service. 200: it is kept; 503: it is not, send it again."""
    routes = APIRouter(tags=["CDS Hooks"])
    for service in SERVICES:
        routes.add_api_route(
            f"/cds-services/{service.id}/feedback",
            partial(_take, service.id, admit, store, limits, told),
            methods=["POST"],
            name=f"{service.id}-feedback",
            summary="What became of cards",
            openapi_extra=BODY,
            responses=openapi.answers(openapi.RECEIVED, "Kept", 400, 401, 408, 413, 415, 429, 500, 503),
        )
    return routes


async def _take(
    service: str, admit: Admit, store: Store, limits: BodyLimits, told: Told, request: Request
) -> Response:
    tenant = (await admit(request)).tenant
    items = read_feedback(await read_body(request, limits))
    await store.keep_feedback(tenant.id, service, items)
    outcomes = Counter(item.outcome for item in items)
    log_event("feedback", service=service, tenant=tenant.id, counts=dict(outcomes))
    for item in items:
        told(tenant.id, item.outcome)
    return Response(orjson.dumps({"received": len(items)}), media_type="application/json")
