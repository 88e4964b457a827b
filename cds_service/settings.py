"""Configuration: `LIVER_CDS_*` environment variables, read here once and checked at once.

Messages are for whoever starts the service: the variable, what is wrong with it, what to write.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cards.profiles import PROFILES
from cds_service.addresses import is_loopback, secure_url, web_origin
from cds_service.errors import SettingsFaulty
from cds_service.store.opening import read_url

PREFIX = "LIVER_CDS_"
IN_MEMORY = "sqlite://"  # of this process, gone with it
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
    body_timeout_s: float = 10.0  # how long a request's body may take to arrive
    fhir_timeout_s: float = 2.0  # for all queries of one request together
    imaging_window_days: int = 365
    remember_s: float = 300.0  # how long an answer is at hand for the same request; 0: not at all
    egfr_max_age_days: int = 365  # an older eGFR is shown as old and cautions against nothing
    qcdsm: str = "liver-lesion-cds"  # the mechanism consulted, as written on rated orders
    log_format: str = "json"
    database_url: str = IN_MEMORY  # may hold a password
    retention_days: int = 365  # of consultations, cards and feedback
    comment_retention_days: int = 90  # of the free text that comes with feedback
    tenants: Path | None = None  # None: the service is open, and listens on loopback only
    discovery_token: bool = False  # discovery asks for a token as well
    workbench: bool = False  # with tenants too, the pages that people read are served; they need no token
    operator_password: str = field(default="", repr=False)  # "" = nobody sees what clinicians do
    open_profile: str = "sandbox"
    open_codes: Path | None = None
    open_protocol: bool = False  # suggested orders say how the study is to be done
    open_origins: tuple[str, ...] = ()
    open_fhir_servers: tuple[str, ...] = ()
    drain_s: float = 5.0  # how long a process told to stop serves on, so that callers move elsewhere
    traced: bool = False  # a collector for traces is configured, by the OTEL_ variables
    worker_files: Path | None = None  # where several workers count together; set by who starts them
    unknown: tuple[str, ...] = ()  # LIVER_CDS_ variables that nothing reads: a typing slip, or none of ours

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Settings from environment variables; an empty one counts as unset. Raises SettingsFaulty."""
        given = {
            name.removeprefix(PREFIX): value.strip()
            for name, value in environ.items()
            if name.startswith(PREFIX) and value.strip()
        }
        read = {name.lower(): _read(name, value) for name, value in given.items() if name in READERS}
        unknown = sorted(f"{PREFIX}{name}" for name in given if not _is_read(name, given))
        settings = cls(**read, unknown=tuple(unknown), **_of_others(environ))
        _check_together(settings, given)
        if "DATABASE_URL" not in given:
            settings = replace(settings, database_url=_own_database(environ))
        return settings if "PUBLIC_URL" in given else replace(settings, public_url=settings.own_url())

    def own_url(self) -> str:
        """Our address as a program on this machine would write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def _is_read(name: str, given: Mapping[str, str]) -> bool:
    """With tenants, what the open service would be like is nobody's business."""
    return name in READERS and not (name.startswith("OPEN_") and "TENANTS" in given)


def _check_together(settings: Settings, given: Mapping[str, str]) -> None:
    """What depends on whether there are tenants. Raises SettingsFaulty."""
    if settings.tenants is None:
        if not is_loopback(settings.host):
            raise _faulty("HOST", OPEN_ON_LOOPBACK)
        if settings.discovery_token:
            raise _faulty("DISCOVERY_TOKEN", "required goes with a tenants file (LIVER_CDS_TENANTS) only.")
    elif "PUBLIC_URL" not in given and not is_loopback(settings.host):
        raise _faulty("PUBLIC_URL", NEEDS_PUBLIC_URL)


OPEN_ON_LOOPBACK = (
    "without tenants (LIVER_CDS_TENANTS) the service asks nobody for a token, so it listens on loopback only."
    " Write 127.0.0.1, ::1 or localhost."
)
NEEDS_PUBLIC_URL = (
    "is missing. Tokens are made for the address at which EHRs call the service: write that one, such as"
    " https://cds.example."
)


def _faulty(name: str, words: str) -> SettingsFaulty:
    return SettingsFaulty(f"{PREFIX}{name}: {words}")


def _own_database(environ: Mapping[str, str]) -> str:
    """A file where programs of this user keep what has to outlive them (XDG Base Directory)."""
    home = Path(environ.get("HOME") or "/")
    state = Path(environ.get("XDG_STATE_HOME") or home / ".local" / "state")
    return f"sqlite:///{(state / 'liver-cds' / 'store.sqlite3').absolute()}"


def _of_others(environ: Mapping[str, str]) -> dict[str, Any]:
    """What variables of others say: OpenTelemetry's (its SDK reads the rest itself), prometheus_client's."""
    collectors = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    switched_off = (
        environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
        or environ.get("OTEL_TRACES_EXPORTER") == "none"
    )
    files = environ.get("PROMETHEUS_MULTIPROC_DIR")
    return {
        "traced": not switched_off and any(environ.get(name) for name in collectors),
        "worker_files": Path(files) if files else None,
    }


def _read(name: str, value: str) -> Any:
    try:
        return READERS[name](value)
    except ValueError as error:
        raise SettingsFaulty(f"{PREFIX}{name}: {error}") from None


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


def _seconds(value: str, most: int = 60) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= most:
        raise ValueError(f"write seconds, above 0 and at most {most}, such as 2.5.")
    return seconds


def _seconds_or_none(value: str, most: int = 60) -> float:
    return 0.0 if value == "0" else _seconds(value, most)


def _switch(value: str) -> bool:
    word = value.lower()
    if word not in (*ON, *OFF):
        raise ValueError("write 1 or 0.")
    return word in ON


def _required(value: str) -> bool:
    if value not in ("required", "optional"):
        raise ValueError("write required or optional.")
    return value == "required"


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


def _database_url(value: str) -> str:
    read_url(value)
    return value


def _file(value: str) -> Path:
    if not Path(value).is_file():
        raise ValueError(f"there is no file {value}.")
    return Path(value)


def _directory(value: str) -> Path:
    if not Path(value).is_dir():
        raise ValueError(f"there is no directory {value}.")
    return Path(value)


def _public_url(value: str) -> str:
    return secure_url(value).rstrip("/")


# Variable -> how its text is read; the field of Settings has the same name in lower case.
READERS: Mapping[str, Callable[[str], Any]] = {
    "HOST": str,
    "PORT": _port,
    "PUBLIC_URL": _public_url,
    "GUIDELINES": _directory,
    "REQUIRE_REVIEWED": _switch,
    "MAX_BODY_BYTES": _positive_whole,
    "BODY_TIMEOUT_S": _seconds,
    "FHIR_TIMEOUT_S": _seconds,
    "IMAGING_WINDOW_DAYS": _positive_whole,
    "EGFR_MAX_AGE_DAYS": _positive_whole,
    "REMEMBER_S": lambda value: _seconds_or_none(value, 3600),
    "QCDSM": str,
    "DATABASE_URL": _database_url,
    "RETENTION_DAYS": _positive_whole,
    "COMMENT_RETENTION_DAYS": _positive_whole,
    "LOG_FORMAT": _one_of("json", "text"),
    "DRAIN_S": _seconds_or_none,
    "TENANTS": _file,
    "DISCOVERY_TOKEN": _required,
    "WORKBENCH": _switch,
    "OPERATOR_PASSWORD": _password,
    "OPEN_PROFILE": _one_of(*sorted(PROFILES)),
    "OPEN_CODES": _file,
    "OPEN_PROTOCOL": _switch,
    "OPEN_ORIGINS": _each(web_origin),
    "OPEN_FHIR_SERVERS": _each(secure_url),
}
