"""Where a request's token may travel: to the configured FHIR servers and no further."""

from collections.abc import Collection

import httpx

from cds_service.addresses import is_loopback, origin, parsed


def may_query(base: str, servers: Collection[str], *, loopback: bool) -> bool:
    """Whether the FHIR server at `base` is one of `servers`, or on this machine where that is allowed.

    Plain http is for loopback only.
    """
    url = parsed(base)
    if url is None or url.query or (url.scheme == "http" and not is_loopback(url.host)):
        return False
    if loopback and is_loopback(url.host):
        return True
    return any(_same(url, parsed(server)) for server in servers)


def within(link: str, base: str) -> httpx.URL | None:
    """The absolute address of a `next` link (which may be relative) if it stays under `base`, else None."""
    root = parsed(base)
    if root is None:
        return None
    try:
        joined = str(httpx.URL(f"{base.rstrip('/')}/").join(link))
    except (httpx.InvalidURL, ValueError):
        return None
    url = parsed(joined)
    if url is None or origin(url) != origin(root):
        return None
    return url if (_path(url) + b"/").startswith(_path(root) + b"/") else None


def _same(one: httpx.URL, other: httpx.URL | None) -> bool:
    return other is not None and origin(one) == origin(other) and _path(one) == _path(other)


def _path(url: httpx.URL) -> bytes:
    """As it goes over the wire: an escaped slash is not the end of a segment."""
    return url.raw_path.partition(b"?")[0].rstrip(b"/")
