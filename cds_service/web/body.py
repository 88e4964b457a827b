"""Reading a request's body: JSON only, and never more of it than is allowed."""

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The body. Raises 415 for another media type and 413 as soon as it is too long.

    Asking for JSON also keeps foreign web pages out: a browser sends that only after a CORS preflight.
    """
    media_type = request.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise HTTPException(415, "Send the request as Content-Type: application/json.")
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise HTTPException(415, "Send the body without a Content-Encoding.")
    too_long = HTTPException(413, f"The body is longer than {max_bytes} bytes.")
    announced = request.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise too_long
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > max_bytes:
                raise too_long
    except ClientDisconnect:
        raise HTTPException(400, "The body ended too early.") from None  # nobody is left to read this
    return bytes(body)
