"""For whoever watches the process: is it up, and has it what it needs to answer."""

from fastapi import APIRouter

from cds_service.consult import Desk


def router(desk: Desk) -> APIRouter:
    """`/livez`: the process answers. `/readyz`: the guideline content it serves is loaded, and which."""
    routes = APIRouter(tags=["health"])

    @routes.head("/livez", include_in_schema=False)
    @routes.get("/livez", summary="The process is up")
    async def livez() -> dict[str, str]:
        return {"status": "up"}

    @routes.head("/readyz", include_in_schema=False)
    @routes.get("/readyz", summary="The content is loaded")
    async def readyz() -> dict[str, str]:
        # No app is built on content that did not load: see `app.build_desk`.
        return {"status": "ready", "topic": desk.topic.id, "revision": desk.library.revision}

    return routes
