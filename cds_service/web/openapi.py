"""What goes over the wire, as JSON Schema: for the page at /docs, and for tests that hold us to it."""

from collections.abc import Mapping
from typing import Any, Final

from cards.summary import LIMIT

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string", "minLength": 1}
UUID: Final[Schema] = {
    "type": "string",
    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
}
WEB_ADDRESS: Final[Schema] = {"type": "string", "pattern": "^https?://"}


def whole(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object with these members and no other."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }


def several(items: Schema) -> Schema:
    """A list that is not sent when it is empty."""
    return {"type": "array", "minItems": 1, "items": items}


CODING: Final = whole({"system": TEXT, "code": TEXT}, {"display": TEXT})
RESOURCE: Final[Schema] = {"type": "object", "required": ["resourceType"]}
ACTION: Final[Schema] = {
    "oneOf": [
        whole({"type": {"enum": ["create", "update"]}, "description": TEXT, "resource": RESOURCE}),
        whole({"type": {"const": "delete"}, "description": TEXT, "resourceId": TEXT}),
    ]
}
SUGGESTION: Final = whole(
    {"label": TEXT, "uuid": UUID, "actions": several(ACTION)}, {"isRecommended": {"const": True}}
)
LINK: Final = whole({"label": TEXT, "url": WEB_ADDRESS, "type": {"const": "absolute"}})
CARD: Final[Schema] = {
    **whole(
        {
            "uuid": UUID,
            "summary": {**TEXT, "maxLength": LIMIT},
            "indicator": {"enum": ["info", "warning"]},
            "source": whole({"label": TEXT, "url": WEB_ADDRESS, "topic": CODING}),
        },
        {
            "detail": {**TEXT, "description": "GitHub-flavoured Markdown without HTML"},
            "suggestions": several(SUGGESTION),
            "selectionBehavior": {"enum": ["at-most-one", "any"]},
            "overrideReasons": several({**CODING, "required": ["system", "code", "display"]}),
            "links": several(LINK),
        },
    ),
    "dependentRequired": {
        "suggestions": ["selectionBehavior"],
        "selectionBehavior": ["suggestions"],
    },
}
SYSTEM_ACTIONS: Final = {"systemActions": several(ACTION)}
ANSWER: Final = whole(
    {"cards": {"type": "array", "items": CARD}}, {**SYSTEM_ACTIONS, "extension": whole(SYSTEM_ACTIONS)}
)
SERVICE: Final = whole(
    {"id": TEXT, "hook": TEXT, "title": TEXT, "description": TEXT},
    {
        "prefetch": {"type": "object", "additionalProperties": TEXT},
        "usageRequirements": TEXT,
        "version": TEXT,
        "hookVersion": TEXT,
    },
)
DISCOVERY: Final = whole({"services": {"type": "array", "items": SERVICE}})
OUTCOME: Final = whole(
    {
        "resourceType": {"const": "OperationOutcome"},
        "issue": several(
            whole(
                {"severity": {"const": "error"}, "code": TEXT, "diagnostics": TEXT},
                {"expression": several(TEXT)},
            )
        ),
    }
)
REQUEST: Final[Schema] = {
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
        "extension": {"type": "object"},
    },
}
RECEIVED: Final = whole({"received": {"type": "integer", "minimum": 1}})

# Status -> when; what the statuses have in common is the OperationOutcome.
ERRORS: Final[Mapping[int, str]] = {
    400: "Not JSON, or a member is missing, wrong or there twice",
    401: "No token that is accepted; the reason is not told",
    408: "The body did not arrive in time",
    412: "Chart data that the answer needs cannot be had",
    413: "The body is too long",
    415: "Not JSON in UTF-8, or compressed",
    429: "Too many calls; see Retry-After",
    500: "A fault of this service",
    503: "Out of reach at the moment; see Retry-After",
}


def answers(shape: Schema, when: str, *errors: int) -> dict[int | str, Schema]:
    """For a route's `responses`: what a 200 holds, and which errors there are."""
    told: dict[int | str, Schema] = {200: _response(when, shape)}
    return told | {status: _response(ERRORS[status], OUTCOME) for status in errors}


def page(*kinds: str, others: Mapping[int, str] | None = None) -> dict[int | str, Schema]:
    """For a page's `responses`: its media types, statuses that are no errors, and all errors at once."""
    told: dict[int | str, Schema] = {200: {"description": "OK", "content": {kind: {} for kind in kinds}}}
    told |= {status: {"description": words} for status, words in (others or {}).items()}
    return told | {"default": _response("Any error", OUTCOME)}


def body(shape: Schema) -> Schema:
    """For a route's `openapi_extra`: the JSON that it takes."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": shape}}}}


def _response(when: str, shape: Schema) -> Schema:
    return {"description": when, "content": {"application/json": {"schema": shape}}}
