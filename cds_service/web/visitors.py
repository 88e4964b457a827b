"""The pages that people visit: which of them are there, and who may see them.

Templates, Markdown and ready patients are loaded at the first visit: most workers never have one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter

from cds_service.activity import ActivitySource
from cds_service.consult import Desk
from cds_service.web import guideline_pages, site
from cds_service.web.analytics import routes as analytics
from cds_service.web.analytics.access import Operator
from cds_service.web.workbench import routes as workbench


@dataclass(frozen=True, slots=True)
class Doors:
    """`workbench`: it and the guideline pages are open. `tokens`: callers of the service need one.

    `operator`: who may see what clinicians do; None = nobody.
    """

    max_body_bytes: int
    workbench: bool = True
    tokens: bool = False
    operator: Operator | None = None


def routers(desk: Desk, source: ActivitySource | None, doors: Doors) -> Iterator[APIRouter]:
    """`source`: what clinicians do; None = nothing is recorded."""
    counted = source is not None and doors.operator is not None
    if not (doors.workbench or counted):
        return
    pages = site.Site(workbench=doors.workbench, analytics=counted or doors.workbench)
    yield site.router(pages)
    if doors.workbench:
        yield guideline_pages.router(desk, pages)
        yield workbench.router(pages, desk, doors.max_body_bytes, tokens=doors.tokens)
    if source is not None and doors.operator is not None:
        yield analytics.router(pages, desk, source, doors.operator)
    else:
        yield analytics.router_off(pages)
