"""What a page's own form sends: read within limits, and from our own pages only."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, urlsplit

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

FORM: Final = "application/x-www-form-urlencoded"
MOST_FIELDS: Final = 200
OWN: Final = ("same-origin", "none")  # Sec-Fetch-Site: a page of ours, or a person at the address bar


async def read_form(request: Request, max_bytes: int) -> Mapping[str, list[str]]:
    """The fields. Raises 403 for a form of somebody else's page, 413, 415, 400."""
    if not _from_our_page(request):
        raise HTTPException(403, "This form is answered for our own pages only.")
    if request.headers.get("Content-Type", "").split(";")[0].strip().lower() != FORM:
        raise HTTPException(415, f"Send the form as {FORM}.")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > max_bytes:
                raise HTTPException(413, f"The form is longer than {max_bytes} bytes.")
    except ClientDisconnect:
        raise HTTPException(400, "The form ended too early.") from None
    return fields_of(body.decode("utf-8", "replace"))


def fields_of(query: str) -> Mapping[str, list[str]]:
    """The fields of a form or of a query string. Raises 400 for more of them than any page of ours sends."""
    try:
        return parse_qs(query, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise HTTPException(400, "The form has too many fields.") from None


def _from_our_page(request: Request) -> bool:
    """Whoever is no browser sends neither header, and needs no protection from other people's pages."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:  # a browser of today says it outright
        return site in OWN
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("Host")
