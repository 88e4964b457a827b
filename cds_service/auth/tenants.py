"""Tenants: one EHR installation each. Without a tenants file there is one, `open`, for trying out.

The open tenant's callers show no token, so whoever starts the service keeps it on loopback (see `settings`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from cds_service.auth.rates import RateLimit

OPEN = "open"

# The public Sandbox in a browser on this machine; ports as they come.
LOOPBACK_ORIGINS = r"http://(?:localhost|127\.0\.0\.1)(?::\d{1,5})?"


class Mode(StrEnum):
    """How a tenant is answered. OFF: nothing is evaluated. SILENT: evaluated and recorded, and not shown."""

    OFF = "off"
    SILENT = "silent"
    VISIBLE = "visible"


class StoreDown(StrEnum):
    """What becomes of a token when nobody can tell whether it was used before."""

    REFUSE = "refuse"
    ACCEPT = "accept"


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where a tenant's public keys are: exactly one of the two. `url` is https, or http on loopback."""

    url: str = ""
    file: Path | None = None

    @property
    def where(self) -> str:
        """For people: the address or the path."""
        return self.url or str(self.file)


@dataclass(frozen=True, slots=True)
class Tenant:
    """How one EHR installation is known and answered. See the tenants file in the README.

    `issuer` "" = no token is asked for (the open tenant). `claim`: what a token's `tenant` claim must say
    where it is there. `audiences`: exact; () = the URL that is called. `profile`: name of a card profile.
    `local_codes`: its file of local codes. `fhir_servers`: bases that may be queried; `loopback_servers`:
    any on this machine too. `cors_origins`: exact origins; `cors_pattern`: a pattern that a whole origin
    must match, "" = none. `rate_limit` None = no limit. `pseudonym_key` None = patients are recorded under
    no name at all.
    """

    id: str
    profile: str
    issuer: str = ""
    claim: str = ""
    claim_required: bool = False  # another tenant has the same issuer: only the claim tells them apart
    audiences: tuple[str, ...] = ()
    keys: KeySource | None = None
    algorithms: tuple[str, ...] = ()
    mode: Mode = Mode.VISIBLE
    annotate_orders: bool = True
    annotate_in_extension: bool = False
    write_protocol: bool = False
    reject_replays: bool = True
    replay_store_down: StoreDown = StoreDown.REFUSE
    local_codes: Path | None = None
    fhir_servers: tuple[str, ...] = ()
    loopback_servers: bool = False
    cors_origins: tuple[str, ...] = ()
    cors_pattern: str = ""
    rate_limit: RateLimit | None = None
    pseudonym_key: bytes | None = field(default=None, repr=False)


def open_tenant(
    *,
    profile: str = "sandbox",
    local_codes: Path | None = None,
    write_protocol: bool = False,
    fhir_servers: Sequence[str] = (),
    cors_origins: Sequence[str] = (),
) -> Tenant:
    """The only tenant of an open service. The Sandbox reads ratings from the extension alone."""
    return Tenant(
        id=OPEN,
        profile=profile,
        annotate_in_extension=profile == "sandbox",
        write_protocol=write_protocol,
        local_codes=local_codes,
        fhir_servers=tuple(fhir_servers),
        loopback_servers=True,
        cors_origins=tuple(cors_origins),
        cors_pattern=LOOPBACK_ORIGINS,
    )
