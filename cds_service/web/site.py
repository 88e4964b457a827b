"""What every page of ours has in common: templates, what a browser may do with it, and the files it loads."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from cards.caution_wording import capitalised

if TYPE_CHECKING:
    from jinja2 import Environment

# Nothing inline, nothing from elsewhere: what chart text might smuggle into a page can neither run nor load.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept, Accept-Encoding",
}
# For pages that take input or show what clinicians do: in no frame, on no disk.
PRIVATE: Final[Mapping[str, str]] = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
MEDIA_TYPES: Final[Mapping[str, str]] = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
}
FOR_GOOD: Final = "public, max-age=31536000, immutable"
FOR_AN_HOUR: Final = "public, max-age=3600"
# name, address, words in the navigation
PAGES: Final = (
    ("workbench", "/", "Try a case"),
    ("guideline", "/guidelines/liver-lesion", "The guideline"),
    ("analytics", "/analytics", "What clinicians do"),
)
WORTH_PACKING: Final = 1400  # bytes: what fits one packet gains nothing


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file that pages load. `mark`: the beginning of its content's hash, part of its address."""

    body: bytes
    packed: bytes
    media_type: str
    mark: str


class Site:
    """Templates and static files, read at the first visit. What is not shown is not linked to either."""

    def __init__(self, *, workbench: bool = True, analytics: bool = True) -> None:
        self._shown = {"workbench": workbench, "guideline": workbench, "analytics": analytics}

    @cached_property
    def static(self) -> Mapping[str, StaticFile]:
        """By name: what pages load."""
        folder = files("cds_service").joinpath("workbench/static")
        return _marked({file.name: file.read_bytes() for file in folder.iterdir()})

    @cached_property
    def pages(self) -> "Environment":
        """The templates."""
        from jinja2 import Environment, PackageLoader, StrictUndefined

        pages = Environment(
            loader=PackageLoader("cds_service", "workbench/templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        pages.filters["capitalised"] = capitalised
        pages.globals["static"] = lambda name: _address(name, self.static[name])
        pages.globals["workbench"] = self._shown["workbench"]
        pages.globals["pages"] = tuple(page for page in PAGES if self._shown[page[0]])
        return pages

    def page(
        self,
        request: Request,
        name: str,
        context: Mapping[str, Any],
        *,
        private: bool = False,
        status: int = 200,
    ) -> Response:
        """A page as a browser gets it."""
        body = self.pages.get_template(name).render(context).encode()
        headers = {**HEADERS, **(PRIVATE if private else {})}
        if len(body) > WORTH_PACKING and _unpacks(request):
            body = gzip.compress(body, 5)
            headers["Content-Encoding"] = "gzip"
        return Response(body, status, headers, media_type="text/html")


def router(site: Site) -> APIRouter:
    """`/static/…`: style, script, font and icon."""
    routes = APIRouter()

    @routes.get("/static/{name}", include_in_schema=False)
    async def show_file(request: Request, name: str) -> Response:
        found = site.static.get(name)
        if found is None:
            raise HTTPException(404)
        current = request.query_params.get("v") == found.mark
        headers = {
            "Cache-Control": FOR_GOOD if current else FOR_AN_HOUR,
            "X-Content-Type-Options": "nosniff",
            "Vary": "Accept-Encoding",
        }
        packed = found.packed if _unpacks(request) else b""
        if packed:
            headers["Content-Encoding"] = "gzip"
        return Response(packed or found.body, headers=headers, media_type=found.media_type)

    return routes


def _marked(bodies: Mapping[str, bytes]) -> dict[str, StaticFile]:
    """The files; a style sheet names what it loads by the same address as a page does."""
    static = {name: _static(name, body) for name, body in bodies.items() if not name.endswith(".css")}
    for name, body in bodies.items():
        if name.endswith(".css"):
            for loaded, file in static.items():
                body = body.replace(f'url("{loaded}")'.encode(), f'url("{_address(loaded, file)}")'.encode())
            static[name] = _static(name, body)
    return static


def _address(name: str, file: StaticFile) -> str:
    return f"/static/{name}?v={file.mark}"


def _static(name: str, body: bytes) -> StaticFile:
    kind = name.rpartition(".")[2]
    packed = b"" if kind == "woff2" else gzip.compress(body, 9, mtime=0)
    return StaticFile(body, packed, MEDIA_TYPES[kind], hashlib.sha256(body).hexdigest()[:12])


def _unpacks(request: Request) -> bool:
    return "gzip" in request.headers.get("Accept-Encoding", "")
