"""For whoever watches the process: is it up, and has it what it needs to answer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson
from fastapi import APIRouter, Query, Response

from cds_service.web import openapi
from cds_service.web.stopping import Stopping

JSON: Final = "application/json"
CHECK_S: Final = 3.0  # a check that takes longer has failed


@dataclass(frozen=True, slots=True)
class Standing:
    """How one thing stands. `words`: for the page; no addresses and nothing secret, since anybody may ask."""

    fit: bool
    words: str


Check: TypeAlias = Callable[[], Awaitable[Standing]]


def router(
    about: Callable[[], Mapping[str, str]], checks: Mapping[str, Check], stopping: Stopping
) -> APIRouter:
    """`/livez`: the process answers. `/readyz`: `checks` all pass. `about`: which content is served."""
    routes = APIRouter(tags=["health"])

    @routes.get("/livez", summary="The process is up", responses=openapi.page(JSON))
    async def livez() -> dict[str, str]:
        return {"status": "up"}

    @routes.get(
        "/readyz", summary="It has what it needs", responses=openapi.page(JSON, others={503: "Not ready"})
    )
    async def readyz(exclude: list[str] = Query(default=())) -> Response:  # noqa: B008
        """`exclude`: checks that shall not count, such as `store` for a load balancer: see operating.md."""
        wanted = {name: check for name, check in checks.items() if name not in exclude}
        found = dict(zip(wanted, await asyncio.gather(*map(_in_time, wanted.values())), strict=True))
        found["process"] = Standing(not stopping.begun, "stopping" if stopping.begun else "serving")
        fit = all(standing.fit for standing in found.values())
        told = {name: standing.words for name, standing in found.items()}
        body: dict[str, Any] = {"status": "ready" if fit else "not ready", **about(), "checks": told}
        headers = {"Cache-Control": "no-store"}
        return Response(orjson.dumps(body), 200 if fit else 503, headers, media_type="application/json")

    return routes


async def _in_time(check: Check) -> Standing:
    try:
        async with asyncio.timeout(CHECK_S):
            return await check()
    except TimeoutError:
        return Standing(False, "no answer in time")
