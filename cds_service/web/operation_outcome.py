"""Errors as the client sees them: every status beside 2xx carries a FHIR OperationOutcome.

It names a member and what to do; it never repeats what was sent and shows nothing of our inside.
"""

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cds_service.errors import (
    ChartUnavailable,
    LiverCdsError,
    RateExceeded,
    RequestUnreadable,
    StoreUnreachable,
    TokenRefused,
)
from cds_service.web.log import log_event, log_fault

MEDIA_TYPE = "application/json"

# FHIR IssueType by status; "processing" for anything else.
ISSUE_TYPES: Mapping[int, str] = {
    400: "invalid",
    401: "login",
    404: "not-found",
    405: "not-supported",
    408: "timeout",
    412: "incomplete",
    413: "too-long",
    415: "not-supported",
    429: "throttled",
    500: "exception",
    503: "transient",
}
WORDS: Mapping[int, str] = {
    404: "There is nothing at this address. The services are listed at /cds-services.",
    405: "This address does not answer that method.",
    500: "A fault of this service. It has been logged; the order has not been judged.",
    503: "What this needs is out of reach at the moment. Nothing was stored; send it again later.",
}
RETRY_S = 5  # when a store that is down may be worth another call


def outcome(status: int, words: str, member: str = "") -> dict[str, Any]:
    """The OperationOutcome of one error. `member`: path of the offending member of the request."""
    issue: dict[str, Any] = {
        "severity": "error",
        "code": ISSUE_TYPES.get(status, "processing"),
        "diagnostics": words,
    }
    if member:
        issue["expression"] = [member]
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def refusal(status: int, words: str, member: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """The HTTP answer of one error."""
    body = orjson.dumps(outcome(status, words, member))
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return Response(body, status, kept, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer our errors and the framework's own with OperationOutcomes."""
    app.add_exception_handler(HTTPException, _framework_error)
    app.add_exception_handler(LiverCdsError, _our_error)


def _framework_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return _other_method(request, error)
    words = str(error.detail) if isinstance(error, HTTPException) else ""
    if words == HTTPStatus(status).phrase:  # the framework's own: say something that helps
        words = WORDS.get(status, words)
    headers = error.headers if isinstance(error, HTTPException) else None
    return refusal(status, words, headers=headers)


def _other_method(request: Request, error: Exception) -> Response:
    """405, or what OPTIONS asks: the methods of the address. HEAD does wherever GET does (see `paths`)."""
    given = error.headers if isinstance(error, HTTPException) else None
    methods = {name.strip() for name in (given or {}).get("Allow", "").split(",")} - {""}
    methods |= {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
    allow = {"Allow": ", ".join(sorted(methods))}
    return (
        Response(status_code=204, headers=allow)
        if request.method == "OPTIONS"
        else refusal(405, WORDS[405], headers=allow)
    )


def _our_error(_: Request, error: Exception) -> Response:
    match error:
        case RequestUnreadable():
            log_event("request unreadable", status=400, member=error.member)
            return refusal(400, str(error), error.member)
        case ChartUnavailable():
            log_event("chart unavailable", status=412, missing=error.missing)
            return refusal(412, str(error))
        case TokenRefused():
            # Why is for the log alone: a caller that guesses learns nothing from the answer.
            log_event("token refused", logging.WARNING, status=401, reason=error.reason, tenant=error.tenant)
            return refusal(401, str(error), headers={"WWW-Authenticate": "Bearer"})
        case RateExceeded():
            log_event("rate exceeded", logging.WARNING, status=429, tenant=error.tenant)
            return refusal(429, str(error), headers={"Retry-After": str(max(1, math.ceil(error.wait_s)))})
        case StoreUnreachable():
            log_fault(error, status=503)
            return refusal(503, WORDS[503], headers={"Retry-After": str(RETRY_S)})
        case _:
            log_fault(error, status=500)
            return refusal(500, WORDS[500])


class FaultsAnswered:
    """Outermost but for CORS: what nobody caught becomes a 500 that a browser's client may read too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on; answer a fault as long as no answer has begun."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            log_fault(error, status=500)
            if begun:
                raise
            await refusal(500, WORDS[500])(scope, receive, send)
