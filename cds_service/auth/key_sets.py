"""A JSON Web Key Set as it was published: which of its keys may check a token's signature."""

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cds_service.errors import RequestUnreadable
from cds_service.strict_json import small_object

if TYPE_CHECKING:
    from cds_service.auth.signatures import PublicKey

SMALLEST_RSA = 2048  # bits
# Only what the public half of a key consists of: a private key in the file is never loaded.
_PUBLIC = frozenset(("kty", "n", "e", "crv", "x", "y", "kid", "alg", "use", "key_ops"))
ALGORITHMS = ("ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512")


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """Usable keys by `kid` (as a rule one each), and the `kid`s of RSA keys that are too small to use."""

    by_id: Mapping[str, tuple["PublicKey", ...]] = field(default_factory=dict)
    weak: frozenset[str] = frozenset()

    def find(self, kid: str, algorithm: str) -> "PublicKey | None":
        """The key of that id which the algorithm goes with."""
        keys = self.by_id.get(kid)
        if not keys:
            return None
        from cds_service.auth.signatures import goes_with

        return next((key for key in keys if goes_with(key, algorithm)), None)


def read_key_set(text: bytes) -> PublicKeys:
    """The keys in a JWKS document. Raises ValueError, saying what is wrong, when none of them is usable.

    Keys that are of another kind, for another use, without a `kid` or malformed are left out.
    """
    try:
        listed = small_object(text).get("keys")
    except RequestUnreadable:
        raise ValueError("is not a JSON object") from None
    if not isinstance(listed, list):
        raise ValueError("has no list `keys`")
    entries = [entry for entry in listed if isinstance(entry, dict) and _for_signatures(entry)]
    by_id: dict[str, tuple[PublicKey, ...]] = {}
    weak = frozenset(entry["kid"] for entry in entries if _is_weak(entry))
    for entry in entries:
        key = None if _is_weak(entry) else _public_key(entry)
        if key is not None:
            by_id[entry["kid"]] = (*by_id.get(entry["kid"], ()), key)
    if not by_id:
        small = f"; RSA keys need {SMALLEST_RSA} bits or more" if weak else ""
        raise ValueError(f"holds no RSA or EC public key with a `kid` that checks signatures{small}")
    return PublicKeys(by_id, weak)


def _for_signatures(entry: Mapping[str, Any]) -> bool:
    """Whether a key has an id and is not set aside for something else."""
    operations = entry.get("key_ops")
    return (
        isinstance(entry.get("kid"), str)
        and entry.get("use") in (None, "sig")
        and (operations is None or (isinstance(operations, list) and "verify" in operations))
    )


def _is_weak(entry: Mapping[str, Any]) -> bool:
    modulus = entry.get("n")
    if entry.get("kty") != "RSA" or not isinstance(modulus, str):
        return False
    try:
        number = int.from_bytes(urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4)))
    except (binascii.Error, ValueError):
        return False  # malformed, and left out for that
    return number.bit_length() < SMALLEST_RSA


def _public_key(entry: Mapping[str, Any]) -> "PublicKey | None":
    """None for a kind of key that is not ours or that is malformed."""
    from cds_service.auth.signatures import public_key

    return public_key({name: value for name, value in entry.items() if name in _PUBLIC})
