"""Tenants: one EHR installation each. Without a tenants file there is one, `open`, for trying out.

Its callers show no token, so whoever starts the service keeps it on loopback (see `settings`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

OPEN = "open"

# The public Sandbox in a browser on this machine; ports as they come.
LOOPBACK_ORIGINS = r"http://(?:localhost|127\.0\.0\.1)(?::\d{1,5})?"


@dataclass(frozen=True, slots=True)
class Tenant:
    """How one EHR installation is answered.

    `profile`: name of a card profile. `local_codes`: its file of local codes. `fhir_servers`: bases that
    may be queried; `loopback_servers`: any on this machine too. `cors_origins`: exact origins;
    `cors_pattern`: a pattern that a whole origin must match, "" = none.
    """

    id: str
    profile: str
    annotate_orders: bool = True
    annotate_in_extension: bool = False
    local_codes: Path | None = None
    fhir_servers: tuple[str, ...] = ()
    loopback_servers: bool = False
    cors_origins: tuple[str, ...] = ()
    cors_pattern: str = ""


def open_tenant(
    *,
    profile: str = "sandbox",
    local_codes: Path | None = None,
    fhir_servers: Sequence[str] = (),
    cors_origins: Sequence[str] = (),
) -> Tenant:
    """The only tenant of an open service. The Sandbox reads ratings from the extension alone."""
    return Tenant(
        id=OPEN,
        profile=profile,
        annotate_orders=True,
        annotate_in_extension=profile == "sandbox",
        local_codes=local_codes,
        fhir_servers=tuple(fhir_servers),
        loopback_servers=True,
        cors_origins=tuple(cors_origins),
        cors_pattern=LOOPBACK_ORIGINS,
    )
