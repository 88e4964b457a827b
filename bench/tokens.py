"""Signed tokens as an EHR sends them: each with its own `jti`, of a tenant whose replays are refused."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

ALGORITHMS: Final = ("ES384", "RS384")
ISSUER: Final = "https://ehr.bench.example/fhir"
LIFETIME_S: Final = 3000  # longer than a run
TENANTS: Final = f"""\
tenants:
  - id: bench
    issuer: {ISSUER}
    jwks: {{file: keys.json}}
    fhir_servers: ["{ISSUER}"]
    rate_limit: 1000000/second
    profile: sandbox
"""


@dataclass(frozen=True)
class Ehr:
    """An EHR with a key for each algorithm, and a tenants file that knows it."""

    tenants: Path
    keys: Mapping[str, ECKey | RSAKey]

    def tokens(self, algorithm: str, audience: str, count: int) -> Iterator[str]:
        """Tokens that open once each."""
        key = self.keys[algorithm]
        header: dict[str, Any] = {"alg": algorithm, "typ": "JWT", "kid": algorithm}
        now = int(time.time())
        said = {"iss": ISSUER, "aud": audience, "iat": now, "exp": now + LIFETIME_S}
        for _ in range(count):
            claims = json.dumps({**said, "jti": str(uuid4())}).encode()
            yield jws.serialize_compact(header, claims, key, algorithms=[algorithm])


def new_ehr(folder: Path) -> Ehr:
    """Draw keys, and write the public ones and the tenants file into a folder."""
    keys: dict[str, ECKey | RSAKey] = {
        "ES384": ECKey.generate_key("P-384", {"kid": "ES384", "use": "sig"}),
        "RS384": RSAKey.generate_key(2048, {"kid": "RS384", "use": "sig"}),
    }
    public = {"keys": [key.as_dict(private=False) for key in keys.values()]}
    (folder / "keys.json").write_text(json.dumps(public), encoding="utf-8")
    tenants = folder / "tenants.yaml"
    tenants.write_text(TENANTS, encoding="utf-8")
    return Ehr(tenants, keys)
