"""`GET /docs`: the OpenAPI description as a page. All of it comes from here: no page of a hospital's network
loads a script from elsewhere, and the page may run no other script and call no other address.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import ModuleType

import fastapi_offline
from fastapi import APIRouter, Response

from cds_service import web

PAGE = "text/html"
# What the page consists of: (package, path in it, media type). Swagger UI inlines its pictures as data:.
PARTS: Mapping[str, tuple[ModuleType, str, str]] = {
    "/docs": (web, "static/docs.html", PAGE),
    "/docs/start.js": (web, "static/docs.js", "text/javascript"),
    "/docs/swagger-ui.js": (fastapi_offline, "static/swagger-ui-bundle.js", "text/javascript"),
    "/docs/swagger-ui.css": (fastapi_offline, "static/swagger-ui.css", "text/css"),
}
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def router() -> APIRouter:
    """The page, its script and its style."""
    routes = APIRouter(include_in_schema=False)
    for path in PARTS:
        _add_part(routes, path)
    return routes


def _add_part(routes: APIRouter, path: str) -> None:
    package, name, kind = PARTS[path]
    kept = {} if kind == PAGE else {"Cache-Control": "max-age=3600"}

    @cache
    def content() -> bytes:
        return files(package).joinpath(name).read_bytes()

    @routes.get(path)
    async def show_part() -> Response:
        return Response(content(), media_type=kind, headers={**HEADERS, **kept})
