"""What checks signatures. Loaded where there are tenants: a service without them saves the 4 MB it takes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from cds_service.auth.tokens import LONGEST

PublicKey: TypeAlias = RSAKey | ECKey

CURVES: Mapping[str, str] = MappingProxyType({"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"})


def public_key(entry: Mapping[str, Any]) -> PublicKey | None:
    """The key of a JWKS entry. None for a kind that is not ours or that is malformed."""
    public = dict(entry)
    try:
        match entry.get("kty"):
            case "RSA":
                return RSAKey.import_key(public)
            case "EC":
                return ECKey.import_key(public)
            case _:
                return None
    except (JoseError, ValueError, TypeError, KeyError, OverflowError):
        return None


def goes_with(key: PublicKey, algorithm: str) -> bool:
    """Whether the key is one for that algorithm."""
    if key.alg not in (None, algorithm):
        return False
    if isinstance(key, ECKey):
        return CURVES.get(algorithm) == key.curve_name
    return algorithm[:2] in ("RS", "PS")


def is_signed(token: str, key: PublicKey, algorithm: str) -> bool:
    """Whether the token's signature is of that key and that algorithm, and of no other."""
    try:
        jws.deserialize_compact(token, key, registry=_Registry(algorithm))
    except (JoseError, ValueError):
        return False
    return True


class _Registry(jws.JWSRegistry):
    """One algorithm and no other."""

    max_header_length = LONGEST  # key ids and addresses may be long

    def __init__(self, algorithm: str) -> None:
        super().__init__(algorithms=[algorithm])

    def check_header(self, header: dict[str, Any]) -> None:
        """Done before (`tokens`): what is needed is there, nothing is critical, the rest is not looked at."""
