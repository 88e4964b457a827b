"""Where a request's token may travel: to the configured FHIR servers and no further.

Addresses are compared as parsed (scheme, host, port, whole path segments), never as text: a prefix
test would take `https://ehr.example.evil.test` for `https://ehr.example`.
"""

import ipaddress
from collections.abc import Collection

import httpx


def parsed(address: str) -> httpx.URL | None:
    """The address if it is a plain http(s) one: no user info, no fragment, no dot segments."""
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, ValueError):
        return None
    path = url.path.split("/")  # decoded, so that %2e%2e counts as well
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.fragment:
        return None
    return None if "." in path or ".." in path or "\\" in url.path else url


def is_loopback(host: str) -> bool:
    """True for this machine by name or number."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


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


def _same(one: httpx.URL, other: httpx.URL | None) -> bool:
    return other is not None and _origin(one) == _origin(other) and _path(one) == _path(other)


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}[url.scheme]


def _path(url: httpx.URL) -> str:
    return url.path.rstrip("/")


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
    if url is None or _origin(url) != _origin(root):
        return None
    return url if f"{_path(url)}/".startswith(f"{_path(root)}/") else None
