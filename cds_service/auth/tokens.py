"""Checking a caller's token (a signed JWT): who calls, and is the token meant for us, now and only once.

Every refusal has one word for the log and a counter. The caller learns none of it.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from importlib import import_module
from typing import Any, Final

from joserfc.util import urlsafe_b64decode

from cds_service.auth.keys import Keyring
from cds_service.auth.replays import Replays
from cds_service.auth.roster import Roster
from cds_service.auth.tenants import StoreDown, Tenant
from cds_service.errors import RequestUnreadable, StoreUnreachable, TokenRefused
from cds_service.strict_json import small_object

LONGEST: Final = 16_384  # characters; a token with a chain of certificates has some thousands
LIFETIME_S: Final = 3600  # from `iat` to `exp`
SKEW_S: Final = 60  # how far two clocks may be apart
LAST_MOMENT: Final = 1e11  # seconds since 1970 that can still be a date: the year 5138

_COMPACT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)


class Why(StrEnum):
    """Why a token was refused."""

    MISSING = "token-missing"
    MALFORMED = "token-malformed"
    TYPE = "type-not-jwt"
    CRITICAL = "critical-header"
    ALGORITHM = "algorithm-not-allowed"
    NO_KEY_ID = "key-id-missing"
    CLAIM = "claim-missing-or-malformed"
    ISSUER = "issuer-unknown"
    TENANT = "tenant-claim-wrong"
    KEYS = "keys-not-known"
    KEY = "key-unknown"
    WEAK_KEY = "key-too-small"
    SIGNATURE = "signature-wrong"
    AUDIENCE = "audience-wrong"
    EXPIRED = "expired"
    EARLY = "not-yet-valid"
    LIFETIME = "lifetime-too-long"
    REPLAYED = "replayed"
    REPLAY_STORE = "replay-store-unreachable"


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A token that holds. `replay_unchecked`: nobody could tell whether it was used before."""

    tenant: Tenant
    replay_unchecked: bool = False


@dataclass(frozen=True, slots=True)
class _Claims:
    """What every token must say, in the types it must have. Times in seconds since 1970."""

    issuer: str
    audiences: tuple[str, ...]
    expires: float
    issued: float
    not_before: float
    token_id: str
    tenant: str | None

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> "_Claims":
        """Raises TokenRefused for a claim that is missing or of another type."""
        audience = payload.get("aud")
        issued = _moment(payload, "iat")
        return cls(
            issuer=_text(payload, "iss"),
            audiences=tuple(_texts(audience if isinstance(audience, list) else [audience])),
            expires=_moment(payload, "exp"),
            issued=issued,
            not_before=issued if payload.get("nbf") is None else _moment(payload, "nbf"),
            token_id=_text(payload, "jti"),
            tenant=None if payload.get("tenant") is None else _text(payload, "tenant"),
        )


class TokenCheck:
    """Checks tokens against the tenants of the moment, with keys and a memory of used tokens."""

    def __init__(self, keys: Keyring, replays: Replays) -> None:
        self._keys = keys
        self._replays = replays

    def make_ready(self) -> None:
        """Load what checks signatures, which the first token would wait for."""
        import_module("cds_service.auth.signatures")

    async def verify(
        self, token: str, tenants: Roster, audiences: Callable[[Tenant], Collection[str]], now: datetime
    ) -> VerifiedToken:
        """Whose token this is. `audiences`: whom a tenant's token may be meant for. Raises TokenRefused."""
        header, claims = _read(token)
        tenant = _tenant_of(claims, tenants)
        try:
            await self._check_signature(token, header, tenant)
            _check_claims(claims, audiences(tenant), now.timestamp())
            return await self._check_first_use(claims, tenant)
        except TokenRefused as refused:
            refused.tenant = tenant.id
            raise

    async def _check_signature(self, token: str, header: Mapping[str, Any], tenant: Tenant) -> None:
        algorithm, kid = header["alg"], header["kid"]
        if algorithm not in tenant.algorithms or tenant.keys is None:
            raise TokenRefused(Why.ALGORITHM)
        found = await self._keys.find(tenant.keys, kid, algorithm)
        if found.key is None:
            known = Why.WEAK_KEY if found.weak else Why.KEY
            raise TokenRefused(known if found.any_known else Why.KEYS)
        from cds_service.auth.signatures import is_signed

        if not is_signed(token, found.key, algorithm):
            raise TokenRefused(Why.SIGNATURE)

    async def _check_first_use(self, claims: _Claims, tenant: Tenant) -> VerifiedToken:
        """Last of all, so that only tokens which hold are remembered."""
        if not tenant.reject_replays:
            return VerifiedToken(tenant)
        token_id = sha256(claims.token_id.encode()).hexdigest()
        forget = datetime.fromtimestamp(claims.expires, UTC) + timedelta(seconds=SKEW_S)
        try:
            first = await self._replays.first_use(tenant.id, claims.issuer, token_id, forget)
        except StoreUnreachable:
            if tenant.replay_store_down is StoreDown.REFUSE:
                raise TokenRefused(Why.REPLAY_STORE) from None
            return VerifiedToken(tenant, replay_unchecked=True)
        if not first:
            raise TokenRefused(Why.REPLAYED)
        return VerifiedToken(tenant)


def _read(token: str) -> tuple[Mapping[str, Any], _Claims]:
    """Header and claims, in shape and not yet trusted. Raises TokenRefused."""
    if len(token) > LONGEST or not _COMPACT.fullmatch(token):
        raise TokenRefused(Why.MALFORMED)
    header, payload = (_part(text) for text in token.split(".")[:2])
    if header.get("typ") != "JWT":
        raise TokenRefused(Why.TYPE)
    if "crit" in header:  # an extension that must be understood; none of them is
        raise TokenRefused(Why.CRITICAL)
    if not isinstance(header.get("alg"), str):
        raise TokenRefused(Why.ALGORITHM)
    if not isinstance(header.get("kid"), str):
        raise TokenRefused(Why.NO_KEY_ID)
    return header, _Claims.read(payload)


def _part(text: str) -> dict[str, Any]:
    try:
        return small_object(urlsafe_b64decode(text.encode()))
    except (RequestUnreadable, ValueError):
        raise TokenRefused(Why.MALFORMED) from None


def _text(claims: Mapping[str, Any], name: str) -> str:
    return _texts([claims.get(name)])[0]


def _texts(values: list[Any]) -> list[str]:
    if not values or not all(isinstance(value, str) and value for value in values):
        raise TokenRefused(Why.CLAIM)
    return values


def _moment(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LAST_MOMENT:
        raise TokenRefused(Why.CLAIM)
    return float(value)


def _tenant_of(claims: _Claims, tenants: Roster) -> Tenant:
    candidates = tenants.of_issuer(claims.issuer)
    if not candidates:
        raise TokenRefused(Why.ISSUER)
    if claims.tenant is None:
        meant = [tenant for tenant in candidates if not tenant.claim_required]
    else:
        meant = [tenant for tenant in candidates if tenant.claim == claims.tenant]
    if not meant:
        raise TokenRefused(Why.TENANT)
    return meant[0]


def _check_claims(claims: _Claims, audiences: Collection[str], now: float) -> None:
    if not set(claims.audiences) & set(audiences):
        raise TokenRefused(Why.AUDIENCE)
    if claims.expires + SKEW_S <= now:
        raise TokenRefused(Why.EXPIRED)
    if max(claims.issued, claims.not_before) - SKEW_S > now:
        raise TokenRefused(Why.EARLY)
    if not 0 < claims.expires - claims.issued <= LIFETIME_S:
        raise TokenRefused(Why.LIFETIME)
