"""The workbench at `/`: shown by GET (a ready patient, or one that the address describes), asked by POST."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from cds_service.consult import Desk
from cds_service.identifiers import random_id
from cds_service.web.forms import fields_of, read_form
from cds_service.web.site import Site
from cds_service.web.topic_map import IMAGING, SIZE
from cds_service.web.workbench.answered import Answered, answer, answer_given, take
from cds_service.web.workbench.asked import Asked, read_fields
from cds_service.web.workbench.bench import Bench, open_bench
from cds_service.web.workbench.page import context_of
from cds_service.web.workbench.scenes import orders_of

READ_FROM_REPORTS: Final = (SIZE, IMAGING)


def router(site: Site, desk: Desk, max_body_bytes: int, *, tokens: bool = False) -> APIRouter:
    """Nothing that is tried here is recorded.

    `tokens`: whether callers of the service need one. Then this page, which has none, queries no FHIR server.
    """
    bench = open_bench()
    orders = tuple(orders_of(bench, desk.library))
    routes = APIRouter()

    async def answered_now(asked: Asked) -> Answered:
        return await answer(asked, bench, desk, datetime.now(UTC), random_id, offline=tokens)

    async def show(request: Request, asked: Asked) -> Response:
        context = context_of(await answered_now(asked), bench, desk, tokens=tokens)
        return site.page(request, "workbench.html", context, private=True)

    @routes.get("/", include_in_schema=False)
    async def show_workbench(request: Request) -> Response:
        fields = {**fields_of(request.url.query)}
        for name in ("report", "request", "drafts"):  # what may hold a real patient never comes by address
            fields.pop(name, None)
        return await show(request, read_fields(bench, fields, orders))

    @routes.post("/", include_in_schema=False)
    async def ask(request: Request) -> Response:
        fields = await read_form(request, max_body_bytes)
        if "load" in fields:
            patient = fields.get("patient", [bench.first.id])[-1]
            known = bench.patients.get(patient, bench.first)
            return RedirectResponse(f"/?patient={known.id}", 303)
        asked = read_fields(bench, fields, orders)
        if "clear" in fields:
            asked = replace(asked, pasted="", drafts=None, taken=())
        elif "take" in fields:
            asked = take(await answered_now(asked), fields["take"][-1])
        elif "try" in fields:
            chosen = fields["try"][-1]
            asked = turned(asked, bench, chosen) or answer_given(
                await answered_now(asked), desk.topic, chosen
            )
        return await show(request, asked)

    return routes


def turned(asked: Asked, bench: Bench, chosen: str) -> Asked | None:
    """The case with the answer of a "what if" put into its chart, and the order as it was first drafted.

    None where no control makes that part of the chart: it was pasted.
    """
    told = bool(asked.report) and chosen.partition(".")[0] in READ_FROM_REPORTS
    if asked.pasted or told:
        return None
    if chosen in bench.sizes:
        return replace(asked, size_mm=bench.sizes[chosen], drafts=None, taken=())
    meant = bench.meaning(chosen)
    if meant is None:
        return None
    control, option = meant
    return replace(asked, choices={**asked.choices, control: option}, drafts=None, taken=())
