"""Paths as clients write them: a trailing slash in the base URL they were given makes `//`."""

import re

from starlette.types import ASGIApp, Receive, Scope, Send


class TidyPaths:
    """Reads `/cds-services//id` and `/cds-services/` as if written without the surplus slashes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on under its tidy path."""
        if scope["type"] == "http":
            path = re.sub("/{2,}", "/", scope["path"]).rstrip("/") or "/"
            if path != scope["path"]:
                scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)
