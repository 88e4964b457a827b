"""Web addresses, compared as parsed (scheme, host, port, whole path segments) and never as text.

A prefix test would take `https://ehr.example.evil.test` for `https://ehr.example`.
"""

import ipaddress
from urllib.parse import urlsplit

import httpx

DEFAULT_PORTS = {"http": 80, "https": 443}


def parsed(address: str) -> httpx.URL | None:
    """The address if it is a plain http(s) one: no user info, no fragment, no dot segments."""
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, ValueError):
        return None
    path = url.path.split("/")  # decoded, so that %2e%2e counts as well
    if url.scheme not in DEFAULT_PORTS or not url.host or url.userinfo or url.fragment:
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


def origin(url: httpx.URL) -> tuple[str, str, int]:
    """Scheme, host and port."""
    return url.scheme, url.host, url.port or DEFAULT_PORTS[url.scheme]


def secure_url(value: str, *, query: bool = False) -> str:
    """An absolute https address; plain http for this machine only. `query`: it may have one.

    Raises ValueError with what to write.
    """
    parts = urlsplit(value)
    host = parts.hostname or ""
    if "@" in parts.netloc:  # not repeated: it may be a password
        raise ValueError("an address holds no user name or password here, remove them.")
    strange = parsed(value) is None or parts.fragment or (parts.query and not query)
    if parts.scheme not in DEFAULT_PORTS or not host or strange:
        raise ValueError(f"{value} is not an absolute address such as https://ehr.example/fhir.")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(f"{value} is plain http, which is for this machine only: write https.")
    return value


def web_origin(value: str) -> str:
    """What a browser sends as Origin: scheme, host, port and nothing after. Raises ValueError."""
    secure_url(value)
    if urlsplit(value).path or value != value.lower():
        raise ValueError(f"{value} is not an origin: write it like https://sandbox.example, without a path.")
    return value
