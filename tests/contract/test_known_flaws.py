"""Published flaws of packages that we use or might come to use: no version with one is locked or allowed."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from starlette.testclient import TestClient

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-build.lock", "requirements-dev.lock")

# Package -> the first version without the flaw, and what the flaw was.
MENDED_IN = {
    "aiohttp": ("3.13.3", "CVE-2025-69228, CVE-2025-69229: unbounded memory"),
    "authlib": ("1.6.5", "CVE-2025-59420: unknown `crit` accepted; CVE-2025-61920: huge JOSE headers"),
    "h11": ("0.16.0", "CVE-2025-43859: lenient chunked bodies, request smuggling"),
    "jinja2": ("3.1.6", "CVE-2025-27516: a way out of the sandbox"),
    "pyjwt": ("2.12.0", "CVE-2026-32597: unknown `crit` accepted"),
    "starlette": ("0.49.1", "CVE-2025-62727: quadratic time for a Range header"),
    "urllib3": ("2.7.0", "CVE-2025-66471, CVE-2026-21441, CVE-2026-44432: decompression without bounds"),
}
# What reads requests and what others wrote: a bound that a solver may not go below, lock or no lock.
BOUNDED_BY_US = ("jinja2", "starlette")


def declared() -> dict[str, Requirement]:
    """Our own runtime requirements by name."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    stated = [Requirement(text) for text in document["project"]["dependencies"]]
    return {requirement.name: requirement for requirement in stated}


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_holds_a_version_with_a_known_flaw(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))
    assert pinned
    old = [
        name
        for name, (first, _) in MENDED_IN.items()
        if name in pinned and Version(pinned[name]) < Version(first)
    ]
    assert old == []


@pytest.mark.parametrize("name", sorted(MENDED_IN))
def test_no_requirement_of_ours_allows_a_version_with_a_known_flaw(name: str) -> None:
    first = Version(MENDED_IN[name][0])
    if name not in declared():
        assert name not in BOUNDED_BY_US
        return
    lowest = min(
        Version(bound.version) for bound in declared()[name].specifier if bound.operator in (">=", "==")
    )
    assert lowest >= first
    assert Version(version(name)) >= first


def test_a_range_of_bytes_is_nothing_that_we_serve(client: TestClient) -> None:
    """The flaw in Starlette was in files served by ranges; what we serve comes whole."""
    ranges = "bytes=" + ",".join("0-0" for _ in range(2000))
    for path in ("/docs/swagger-ui.css", "/docs", "/guidelines/style.css", "/cds-services"):
        whole = client.get(path)
        assert client.get(path, headers={"Range": ranges}).content == whole.content
        assert "Accept-Ranges" not in whole.headers
