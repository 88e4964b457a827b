"""Configuration: `LIVER_CDS_*` environment variables, read here once and checked at once.

Messages are for whoever starts the service: the variable, what is wrong with it, what to write.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cards.profiles import PROFILES
from cds_service.errors import SettingsFaulty
from cds_service.fhir.access.servers import is_loopback

PREFIX = "LIVER_CDS_"
SHORTEST_PASSWORD = 12
ON = ("1", "true", "yes", "on")
OFF = ("0", "false", "no", "off")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything configurable. Defaults are those of an open service on loopback, for trying out."""

    host: str = "127.0.0.1"
    port: int = 8000  # 0: any free one
    public_url: str = "http://127.0.0.1:8000"  # how others reach us: card links start with it; no slash
    guidelines: Path | None = None  # None: the content that ships with the package
    require_reviewed: bool = False
    max_body_bytes: int = 10_000_000
    fhir_timeout_s: float = 2.0  # for all queries of one request together
    imaging_window_days: int = 365
    egfr_max_age_days: int = 365  # an older eGFR is shown as old and cautions against nothing
    qcdsm: str = "liver-lesion-cds"  # the mechanism consulted, as written on rated orders
    log_format: str = "json"
    operator_password: str = field(default="", repr=False)  # "" = nobody sees what clinicians do
    open_profile: str = "sandbox"
    open_codes: Path | None = None
    open_protocol: bool = False  # suggested orders say how the study is to be done
    open_origins: tuple[str, ...] = ()
    open_fhir_servers: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()  # LIVER_CDS_ variables that nothing reads: a typing slip, or none of ours

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Settings from environment variables; an empty one counts as unset. Raises SettingsFaulty."""
        given = {
            name.removeprefix(PREFIX): value.strip()
            for name, value in environ.items()
            if name.startswith(PREFIX) and value.strip()
        }
        _refuse_tenants(given)
        read = {name.lower(): _read(name, value) for name, value in given.items() if name in READERS}
        unknown = sorted(f"{PREFIX}{name}" for name in given if name not in READERS)
        settings = cls(**read, unknown=tuple(unknown))
        return settings if "PUBLIC_URL" in given else replace(settings, public_url=settings.own_url())

    def own_url(self) -> str:
        """Our address as a program on this machine would write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def _refuse_tenants(given: Mapping[str, str]) -> None:
    """Serving a tenants file without checking tokens would answer anybody."""
    if "TENANTS" in given:
        raise SettingsFaulty(
            f"{PREFIX}TENANTS: token verification is not in this version; refusing to serve a tenants file"
            " without it. Unset the variable to run the open service on loopback."
        )


def _read(name: str, value: str) -> Any:
    try:
        return READERS[name](value)
    except ValueError as error:
        raise SettingsFaulty(f"{PREFIX}{name}: {error}") from None


def _loopback(value: str) -> str:
    if not is_loopback(value):
        raise ValueError(
            "without tenants the service asks nobody for a token, so it listens on loopback only."
            " Write 127.0.0.1, ::1 or localhost."
        )
    return value


def _port(value: str) -> int:
    if "://" in value:  # set by a container platform for a service of this name
        raise ValueError(
            f"{value} is an address. Kubernetes sets this variable for a Service named liver-cds:"
            " set `enableServiceLinks: false` on the pod, or rename the Service."
        )
    if not value.isdecimal() or int(value) > 65535:
        raise ValueError("write a port number, 0 to 65535.")
    return int(value)


def _positive_whole(value: str) -> int:
    if not value.isdecimal() or int(value) == 0:
        raise ValueError("write a whole number above 0.")
    return int(value)


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 60:
        raise ValueError("write seconds, above 0 and at most 60, such as 2.5.")
    return seconds


def _switch(value: str) -> bool:
    word = value.lower()
    if word not in (*ON, *OFF):
        raise ValueError("write 1 or 0.")
    return word in ON


def _password(value: str) -> str:
    if len(value) < SHORTEST_PASSWORD:
        raise ValueError(f"write a password of {SHORTEST_PASSWORD} characters or more.")
    return value


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in choices:
            raise ValueError(f"write one of: {', '.join(choices)}.")
        return value

    return read


def _each(read: Callable[[str], str]) -> Callable[[str], tuple[str, ...]]:
    return lambda value: tuple(read(part.strip()) for part in value.split(",") if part.strip())


def _file(value: str) -> Path:
    if not Path(value).is_file():
        raise ValueError(f"there is no file {value}.")
    return Path(value)


def _directory(value: str) -> Path:
    if not Path(value).is_dir():
        raise ValueError(f"there is no directory {value}.")
    return Path(value)


def _public_url(value: str) -> str:
    return _secure_url(value).rstrip("/")


def _secure_url(value: str) -> str:
    """An absolute https address; plain http for this machine only."""
    parts = urlsplit(value)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.query or parts.fragment:
        raise ValueError(f"{value} is not an absolute address such as https://ehr.example/fhir.")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(f"{value} is plain http, which is for this machine only: write https.")
    return value


def _origin(value: str) -> str:
    """What a browser sends as Origin: scheme, host, port and nothing after."""
    _secure_url(value)
    if urlsplit(value).path or value != value.lower():
        raise ValueError(f"{value} is not an origin: write it like https://sandbox.example, without a path.")
    return value


# Variable -> how its text is read; the field of Settings has the same name in lower case.
READERS: Mapping[str, Callable[[str], Any]] = {
    "HOST": _loopback,
    "PORT": _port,
    "PUBLIC_URL": _public_url,
    "GUIDELINES": _directory,
    "REQUIRE_REVIEWED": _switch,
    "MAX_BODY_BYTES": _positive_whole,
    "FHIR_TIMEOUT_S": _seconds,
    "IMAGING_WINDOW_DAYS": _positive_whole,
    "EGFR_MAX_AGE_DAYS": _positive_whole,
    "QCDSM": str,
    "LOG_FORMAT": _one_of("json", "text"),
    "OPERATOR_PASSWORD": _password,
    "OPEN_PROFILE": _one_of(*sorted(PROFILES)),
    "OPEN_CODES": _file,
    "OPEN_PROTOCOL": _switch,
    "OPEN_ORIGINS": _each(_origin),
    "OPEN_FHIR_SERVERS": _each(_secure_url),
}
