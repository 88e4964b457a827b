"""Plays the EHR while a service is tried out: makes a key pair, and signs tokens with it.

    python ehr.py keys PUBLIC.json PRIVATE.json     a key set for `jwks: {file: …}`, and the key that signs
    python ehr.py token PRIVATE.json ISSUER URL     a token for one call of that URL, good for five minutes

For trials only: a real EHR keeps its private key where nobody reads it.
"""

import json
import sys
import time
from pathlib import Path
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet


def make_keys(public: Path, private: Path) -> None:
    """A new ES384 key: its public half as a JSON Web Key Set, the whole for `sign`."""
    key = ECKey.generate_key("P-384", {"use": "sig", "alg": "ES384"}, auto_kid=True)
    public.write_text(json.dumps(KeySet([key]).as_dict(private=False), indent=2), encoding="utf-8")
    private.touch(mode=0o600)
    private.write_text(json.dumps(key.as_dict(private=True)), encoding="utf-8")


def sign(private: Path, issuer: str, url: str) -> str:
    """A token as CDS Hooks wants it, used up by one call."""
    key = ECKey.import_key(json.loads(private.read_text(encoding="utf-8")))
    now = int(time.time())
    header = {"alg": "ES384", "typ": "JWT", "kid": key.kid}
    claims = {"iss": issuer, "aud": url, "iat": now, "exp": now + 300, "jti": str(uuid4())}
    return jwt.encode(header, claims, key, algorithms=["ES384"])


def main(arguments: list[str]) -> None:
    """Do what the arguments say, or say what they may be."""
    match arguments:
        case ["keys", public, private]:
            make_keys(Path(public), Path(private))
        case ["token", private, issuer, url]:
            sys.stdout.write(f"{sign(Path(private), issuer, url)}\n")
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
