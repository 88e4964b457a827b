"""What any service must pay: the body parsed, and a constant card of 2 kB answered. Nothing is decided.

(a) is bare ASGI; (b) is FastAPI taking the body as bytes.
"""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import orjson
from fastapi import FastAPI, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

CARD: Final = {
    "uuid": "6f1d2c9e-4b7a-4f0e-9a51-0c2f7d3b8e01",
    "summary": "A constant card",
    "indicator": "info",
    "detail": "x" * 1_800,
    "source": {"label": "Floor", "url": "https://floor.example"},
}


def bare() -> ASGIApp:
    """Floor (a)."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        orjson.loads(body)
        answer = orjson.dumps({"cards": [CARD]})
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    return app


async def _lifespan(receive: Receive, send: Send) -> None:
    await receive()
    _freeze()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


def framework() -> FastAPI:
    """Floor (b)."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        _freeze()
        yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/{path:path}")
    async def answer(request: Request) -> Response:
        orjson.loads(await request.body())
        return Response(orjson.dumps({"cards": [CARD]}), media_type="application/json")

    return app


def _freeze() -> None:
    gc.collect()
    gc.freeze()
