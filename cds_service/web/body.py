"""Reading a request's body: JSON only, never more of it than is allowed, and not for longer than a while."""

import asyncio
from dataclasses import dataclass
from email.message import Message

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

JSON = "application/json"
USUAL = frozenset((JSON, f"{JSON};charset=UTF-8", f"{JSON}; charset=utf-8"))  # as nearly all clients write it
CHARSETS = ("utf-8", "utf8", "us-ascii")


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How much a body may hold, and how many seconds it may take to arrive."""

    max_bytes: int = 10_000_000
    deadline_s: float = 10.0


async def read_body(request: Request, limits: BodyLimits) -> bytes:
    """The body. Raises 415 for another media type, 413 as soon as it is too long, 408 when it is not there
    in time, 400 when it breaks off.

    Asking for JSON also keeps foreign web pages out: a browser sends that only after a CORS preflight.
    """
    _check_kind(request.headers)
    announced = request.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > limits.max_bytes:
        raise _too_long(limits.max_bytes)
    try:
        async with asyncio.timeout(limits.deadline_s):
            return await _all_of(request, limits.max_bytes)
    except TimeoutError:
        raise HTTPException(408, "The body did not arrive in time.") from None
    except ClientDisconnect:
        raise HTTPException(400, "The body ended too early.") from None  # nobody is left to read this


async def _all_of(request: Request, max_bytes: int) -> bytes:
    pieces, length = [], 0
    async for piece in request.stream():
        length += len(piece)
        if length > max_bytes:
            raise _too_long(max_bytes)
        if piece:  # a body in one piece, which the last, empty one follows, is not copied
            pieces.append(piece)
    return b"".join(pieces)


def _too_long(max_bytes: int) -> HTTPException:
    return HTTPException(413, f"The body is longer than {max_bytes} bytes.")


def _check_kind(headers: Headers) -> None:
    """JSON in UTF-8, uncompressed: a few kilobytes of a compressed body can be gigabytes."""
    stated = ", ".join(headers.getlist("Content-Type"))
    if stated not in USUAL:
        _check_media_type(stated)
    encodings = {
        part.strip().lower() for each in headers.getlist("Content-Encoding") for part in each.split(",")
    }
    if encodings - {"identity", ""}:
        raise HTTPException(415, "Send the body without a Content-Encoding.")


def _check_media_type(stated: str) -> None:
    message = Message()
    message["Content-Type"] = stated
    kind = message.get_content_type() if stated else ""
    if kind != JSON and not (kind.startswith("application/") and kind.endswith("+json")):
        raise HTTPException(415, "Send the request as Content-Type: application/json.")
    if str(message.get_param("charset", "utf-8")).lower() not in CHARSETS:
        raise HTTPException(415, "Send the body in UTF-8.")
