"""What a visitor of the workbench gets to see. Loaded at the first visit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from cds_service.consult import Desk
from cds_service.identifiers import random_id
from cds_service.web.site import Site
from cds_service.web.topic_map import IMAGING, SIZE
from cds_service.web.workbench.answered import Answered, answer, answer_given, take
from cds_service.web.workbench.asked import Asked, read_fields
from cds_service.web.workbench.bench import Bench, open_bench
from cds_service.web.workbench.page import context_of
from cds_service.web.workbench.scenes import orders_of

READ_FROM_REPORTS: Final = (SIZE, IMAGING)

Fields = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Workbench:
    """The bench with the desk that answers. `tokens`: see `routes.router`."""

    site: Site
    desk: Desk
    bench: Bench
    orders: tuple[str, ...]
    tokens: bool

    async def show(self, request: Request, fields: Fields) -> Response:
        """A ready patient, or the one that an address describes."""
        # What may hold a real patient never comes by address.
        told = {name: given for name, given in fields.items() if name not in ("report", "request", "drafts")}
        return await self._page(request, read_fields(self.bench, told, self.orders))

    async def ask(self, request: Request, fields: Fields) -> Response:
        """What a form says, with what its button does."""
        bench = self.bench
        if "load" in fields:
            patient = fields.get("patient", [bench.first.id])[-1]
            known = bench.patients.get(patient, bench.first)
            return RedirectResponse(f"/?patient={known.id}", 303)
        asked = read_fields(bench, fields, self.orders)
        if "clear" in fields:
            asked = replace(asked, pasted="", drafts=None, taken=())
        elif "take" in fields:
            asked = take(await self._answered(asked), fields["take"][-1])
        elif "try" in fields:
            chosen = fields["try"][-1]
            asked = turned(asked, bench, chosen) or answer_given(
                await self._answered(asked), self.desk.topic, chosen
            )
        return await self._page(request, asked)

    async def _page(self, request: Request, asked: Asked) -> Response:
        context = context_of(await self._answered(asked), self.bench, self.desk, tokens=self.tokens)
        return self.site.page(request, "workbench.html", context, private=True)

    async def _answered(self, asked: Asked) -> Answered:
        now = datetime.now(UTC)
        return await answer(asked, self.bench, self.desk, now, random_id, offline=self.tokens)


def open_workbench(site: Site, desk: Desk, *, tokens: bool) -> Workbench:
    """With the ready patients read."""
    bench = open_bench()
    return Workbench(site, desk, bench, tuple(orders_of(bench, desk.library)), tokens)


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
