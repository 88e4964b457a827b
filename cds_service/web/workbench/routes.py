"""The workbench at `/`: shown by GET (a ready patient, or one that the address describes), asked by POST."""

from functools import cache
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from cds_service.consult import Desk
from cds_service.web.forms import fields_of, read_form
from cds_service.web.site import Site

if TYPE_CHECKING:
    from cds_service.web.workbench.visits import Workbench


def router(site: Site, desk: Desk, max_body_bytes: int, *, tokens: bool = False) -> APIRouter:
    """Nothing that is tried here is recorded.

    `tokens`: whether callers of the service need one. Then this page, which has none, queries no FHIR server.
    """
    routes = APIRouter()

    @cache
    def workbench() -> "Workbench":
        from cds_service.web.workbench.visits import open_workbench

        return open_workbench(site, desk, tokens=tokens)

    @routes.get("/", include_in_schema=False)
    async def show_workbench(request: Request) -> Response:
        return await workbench().show(request, fields_of(request.url.query))

    @routes.post("/", include_in_schema=False)
    async def ask(request: Request) -> Response:
        fields = await read_form(request, max_body_bytes)
        return await workbench().ask(request, fields)

    return routes
