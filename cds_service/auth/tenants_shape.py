"""The shape of the tenants file: what each entry may say. Every check says what to write instead."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from cards.profiles import PROFILES
from cds_service.addresses import secure_url, web_origin
from cds_service.auth.key_sets import ALGORITHMS, read_key_set
from cds_service.auth.rates import rate_limit
from cds_service.auth.tenants import OPEN
from cds_service.errors import SettingsFaulty
from cds_service.guideline.content.schema import Content, Name, Words
from cds_service.guideline.terms.local_codes import local_codes

SHORTEST_SECRET = 32  # bytes
# Keys of the validation context: where relative paths start, and what local codes may stand for.
FOLDER = "folder"
LIBRARY = "library"


def _one_of(choices: Sequence[str]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return check


def _own_id(value: str) -> str:
    if value == OPEN:
        raise ValueError(
            f"{OPEN} is the name of the only tenant of a service without tenants, choose another"
        )
    return value


def _keys_url(value: str) -> str:
    return secure_url(value, query=True)


def _rate(value: str) -> str:
    rate_limit(value)
    return value


def _bytes_at(value: str, info: ValidationInfo) -> tuple[Path, bytes]:
    path = Path((info.context or {}).get(FOLDER, ""), value)
    try:
        return path, path.read_bytes()
    except OSError as error:
        start = "relative paths start from the folder of the tenants file"
        raise ValueError(f"{path} cannot be read ({type(error).__name__}); {start}") from None


def _codes_file(value: str, info: ValidationInfo) -> str:
    path, _ = _bytes_at(value, info)
    try:
        local_codes(path, (info.context or {})[LIBRARY])
    except SettingsFaulty as error:
        raise ValueError("; ".join(str(error).splitlines())) from None
    return value


def _keys_file(value: str, info: ValidationInfo) -> str:
    path, text = _bytes_at(value, info)
    try:
        read_key_set(text)
    except ValueError as error:
        raise ValueError(f"{path} {error}; write a JSON Web Key Set there") from None
    return value


def _secret_file(value: str, info: ValidationInfo) -> str:
    path, secret = _bytes_at(value, info)
    if len(secret.strip()) < SHORTEST_SECRET:
        raise ValueError(f"{path} is too short, write {SHORTEST_SECRET} or more random bytes there")
    return value


Url: TypeAlias = Annotated[Words, AfterValidator(secure_url)]
Origin: TypeAlias = Annotated[Words, AfterValidator(web_origin)]
Algorithm: TypeAlias = Annotated[Words, AfterValidator(_one_of(ALGORITHMS))]


class Jwks(Content):
    """Where the public keys are: an address or a file."""

    url: Annotated[Words, AfterValidator(_keys_url)] | None = None
    file: Annotated[Words, AfterValidator(_keys_file)] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.url is None) == (self.file is None):
            raise ValueError("needs either `url` or `file`, and not both")
        return self


class SecretFile(Content):
    """A secret that stands in a file of its own, so that the tenants file holds none."""

    file: Annotated[Words, AfterValidator(_secret_file)]


class TenantEntry(Content):
    """One EHR installation, as the tenants file describes it. What may be left out has its default here."""

    id: Annotated[Name, AfterValidator(_own_id)]
    issuer: Words
    tenant: Words | None = None
    audiences: tuple[Words, ...] = ()
    jwks: Jwks
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("ES384", "RS384")
    fhir_servers: tuple[Url, ...] = ()
    profile: Annotated[Words, AfterValidator(_one_of(sorted(PROFILES)))] = "spec"
    mode: Literal["off", "silent", "visible"] = "visible"
    annotate_orders: bool = True
    annotate_in_extension: bool | None = None  # None: as the profile wants it
    protocol: bool = False
    reject_replays: bool = True
    replay_store_down: Literal["refuse", "accept"] = "refuse"
    codes: Annotated[Words, AfterValidator(_codes_file)] | None = None
    cors_origins: tuple[Origin, ...] = ()
    rate_limit: Annotated[Words, AfterValidator(_rate)] = "50/second"
    pseudonym_key: SecretFile | None = None
