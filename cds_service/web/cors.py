"""CORS: which web pages may call us. Only a browser minds; nothing here keeps anybody else out.

A preflight shows no token, so it is answered for every tenant's pages. The answer to a call that was let in
is readable to pages of that call's own tenant only.
"""

import re
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cds_service.auth.tenants import Tenant
from cds_service.desks import Desks
from cds_service.web import raw_headers, request_ids
from cds_service.web.operation_outcome import refusal

NOTED = "liver_cds.tenant"  # in the ASGI scope: a list that holds the tenant once it is known


def note_tenant(scope: Scope, tenant: Tenant) -> None:
    """From here on the answer is for this tenant's pages only."""
    scope.get(NOTED, []).append(tenant)


def middleware(desks: Desks) -> Middleware:
    """For the origins of the tenants as they are now. Goes outside of what answers errors, so that pages
    can read those too."""
    return Middleware(_Cors, desks=desks)


class _Cors(CORSMiddleware):
    """Starlette's, with origins that can change and a refused preflight answered like every other error."""

    def __init__(self, app: ASGIApp, desks: Desks) -> None:
        super().__init__(
            app,
            allow_methods=("GET", "POST", "OPTIONS"),
            allow_headers=("Authorization", "Content-Type"),
            expose_headers=(request_ids.HEADER,),
            # Without it a browser keeps a page of a public address from calling a service on this machine.
            allow_private_network=any(t.loopback_servers for t in desks.latest.roster.tenants),
        )
        self._desks = desks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, with room for the tenant that it turns out to be of."""
        if scope["type"] != "http" or raw_headers.value_of(scope, b"origin"):
            await self._desks.now()
            await super().__call__({**scope, NOTED: []}, receive, send)
            return

        async def send_varying(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = raw_headers.extended(message.get("headers", ()), b"vary", "Origin")
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, send_varying)

    def is_allowed_origin(self, origin: str) -> bool:
        """For a preflight, and for answers of which no tenant is known."""
        return _may_read(origin, self._desks.latest.roster.tenants)

    async def simple_response(
        self, scope: Scope, receive: Receive, send: Send, request_headers: Headers
    ) -> None:
        """Starlette's, but once the tenant is known the answer is for its own pages."""

        async def send_marked(message: Message) -> None:
            origin = request_headers.get("origin", "")
            foreign = origin and scope[NOTED] and not _may_read(origin, scope[NOTED])
            marked = Headers() if foreign else request_headers  # as if no page had asked
            await self.send(message, send=send, request_headers=marked)

        await self.app(scope, receive, send_marked)

    def preflight_response(self, request_headers: Headers) -> Response:
        """Starlette's when it allows, an OperationOutcome when it does not."""
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        kept = ("access-control-", "vary")
        headers = {name: value for name, value in answer.headers.items() if name.startswith(kept)}
        return refusal(
            answer.status_code, "This origin, method or header is not allowed here.", headers=headers
        )


def _may_read(origin: str, tenants: Iterable[Tenant]) -> bool:
    return any(
        origin in tenant.cors_origins or (tenant.cors_pattern and re.fullmatch(tenant.cors_pattern, origin))
        for tenant in tenants
    )
