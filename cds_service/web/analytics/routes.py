"""`/analytics`: the page and its CSV files. Off until there is a password."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from cds_service.activity import Activity, ActivitySource, Window
from cds_service.consult import Desk
from cds_service.web.analytics import tables
from cds_service.web.analytics.access import Operator
from cds_service.web.analytics.csv_files import overrides_csv, shares_csv
from cds_service.web.forms import fields_of
from cds_service.web.site import PRIVATE, Site

FIRST_LOOK: Final = timedelta(weeks=12)
HOOKS: Final = ("order-select", "order-sign")


def router(site: Site, desk: Desk, source: ActivitySource, operator: Operator) -> APIRouter:
    """Every address here asks for the operator's password."""
    routes = APIRouter()

    async def looked_at(request: Request) -> tuple[Window, Activity]:
        operator.admit(request)
        window = window_of(request, datetime.now(UTC).date())
        return window, await source(window)

    @routes.get("/analytics", include_in_schema=False)
    async def show(request: Request) -> Response:
        window, activity = await looked_at(request)
        return site.page(request, "analytics.html", _context(window, activity, desk, request), private=True)

    @routes.get("/analytics/orders.csv", include_in_schema=False)
    async def show_orders(request: Request) -> Response:
        return _csv("orders", shares_csv((await looked_at(request))[1]))

    @routes.get("/analytics/overrides.csv", include_in_schema=False)
    async def show_overrides(request: Request) -> Response:
        return _csv("overrides", overrides_csv((await looked_at(request))[1]))

    return routes


def router_off(site: Site) -> APIRouter:
    """How to switch it on; there are no numbers here."""
    routes = APIRouter()

    @routes.get("/analytics", include_in_schema=False)
    async def explain(request: Request) -> Response:
        return site.page(request, "analytics-off.html", {})

    return routes


def window_of(request: Request, today: date) -> Window:
    """What the address asks for; what it says wrongly it does not say. At first, the last twelve weeks."""
    fields = fields_of(request.url.query)
    stated = {name: values[-1].strip()[:100] for name, values in fields.items()}
    since = _day(stated["since"]) if "since" in stated else today - FIRST_LOOK
    named = {name: stated.get(name, "") for name in ("tenant", "variant", "procedure", "hook")}
    return Window(since, _day(stated.get("until", "")), **named)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _csv(name: str, text: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="liver-cds-{name}.csv"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": PRIVATE["Cache-Control"],
    }
    return Response(text, headers=headers, media_type="text/csv; charset=utf-8")


def _context(window: Window, activity: Activity, desk: Desk, request: Request) -> Mapping[str, Any]:
    library, topic = desk.library, desk.topic
    rated = {row.procedure for variant in topic.variants for row in variant.ratings}
    return {
        "window": window,
        "activity": activity,
        "total": tables.total(activity.shares),
        "share_of": tables.share_of,
        "weeks": tables.by_week(activity),
        "variants": tables.by_variant(activity),
        "procedures": tables.by_procedure(activity, library),
        "verdicts": tables.by_verdict(activity),
        "reasons": [(tables.reason_words(one, library), one.cards) for one in activity.overrides],
        "outside": tables.outside(activity),
        "ambiguous": tables.ambiguous(activity),
        "query": request.url.query,
        "choices": {
            "variant": [(str(v.number), f"Variant {v.number}") for v in topic.variants]
            + [("none", "No variant")],
            "procedure": [(name, spec.title) for name, spec in library.procedures.items() if name in rated],
            "tenant": [(name, name) for name in activity.tenants],
            "hook": [(hook, hook) for hook in HOOKS],
        },
    }
