"""Paths and methods as clients write them: a trailing slash in the base URL they were given makes `//`."""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

AS_CALLED = "liver_cds.path"  # in the ASGI scope: the path before it was tidied


def called_paths(scope: Scope) -> set[str]:
    """The path of a request, and the same as the client wrote it."""
    return {scope["path"], scope.get(AS_CALLED, scope["path"])}


class TidyPaths:
    """Reads `/cds-services//id` and `/cds-services/` as if written without the surplus slashes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on under its tidy path."""
        if scope["type"] == "http" and ("//" in scope["path"] or scope["path"].endswith("/")):
            path = re.sub("/{2,}", "/", scope["path"]).rstrip("/") or "/"
            if path != scope["path"]:
                scope = {**scope, "path": path, "raw_path": path.encode(), AS_CALLED: scope["path"]}
        await self._app(scope, receive, send)


class HeadAsGet:
    """Answers HEAD wherever GET is answered: the same status and headers, and no body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a HEAD on as a GET, and drop what its answer holds."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, send_without_body)
