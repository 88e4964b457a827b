"""CORS: which web pages may call us. Only a browser minds; nothing here keeps anybody else out."""

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from cds_service.auth.tenants import Tenant
from cds_service.web.operation_outcome import refusal


class _Cors(CORSMiddleware):
    """Starlette's, with a refused preflight answered like every other error."""

    def preflight_response(self, request_headers: Headers) -> Response:
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        kept = ("access-control-", "vary")
        headers = {name: value for name, value in answer.headers.items() if name.startswith(kept)}
        return refusal(
            answer.status_code, "This origin, method or header is not allowed here.", headers=headers
        )


def middleware(tenant: Tenant) -> Middleware:
    """For the tenant's origins. Goes outermost, so that errors are readable to the calling page too."""
    return Middleware(
        _Cors,
        allow_origins=tenant.cors_origins,
        allow_origin_regex=tenant.cors_pattern or None,
        allow_methods=("GET", "POST", "OPTIONS"),
        allow_headers=("Authorization", "Content-Type"),
        # Without it a browser keeps a page of a public address from calling a service on this machine.
        allow_private_network=tenant.loopback_servers,
    )
