"""One consultation against a FHIR server, with a look at what was asked of it."""

import asyncio
from dataclasses import dataclass, replace
from uuid import uuid4

import httpx
import orjson

from cds_service.consult import Desk, consult
from cds_service.consultation import Consultation
from cds_service.fhir.access.client import new_client
from cds_service.hooks import parse_request
from cds_service.vignettes.bundle import request
from cds_service.vignettes.case import Case
from tests.fhir_server import FhirServer
from tests.vignettes.conftest import NOW

DEADLINE_S = 60.0  # the servers of the tests are slower than real ones, and no test measures time


@dataclass(frozen=True)
class Asked:
    """What came of it, and each query: `Condition?patient=...`."""

    consultation: Consultation
    queries: tuple[str, ...]

    def of(self, kind: str) -> int:
        """How many queries were for this type of resource."""
        return sum(query.startswith(kind) for query in self.queries)


def ask(
    case: Case, desk: Desk, server: FhirServer, scope: str | None = None, pages: int | None = None
) -> Asked:
    """The case's request without prefetch.

    `scope`: what the request says its token is good for. `pages`: the most that may be read of one kind.
    """
    asked = request(case, NOW.date(), fhir_server=server.base, token=server.token)
    if scope is not None:
        asked["fhirAuthorization"]["scope"] = scope
    queries: list[str] = []

    async def note(sent: httpx.Request) -> None:
        queries.append(str(sent.url).removeprefix(f"{server.base}/"))

    async def run() -> Consultation:
        async with new_client(DEADLINE_S) as http:
            http.event_hooks["request"].append(note)
            limits = replace(desk.limits, deadline_s=DEADLINE_S, pages=pages or desk.limits.pages)
            there = replace(desk, http=http, limits=limits)
            return await consult(parse_request(orjson.dumps(asked)), there, NOW, lambda: str(uuid4()))

    return Asked(asyncio.run(run()), tuple(queries))
