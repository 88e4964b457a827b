"""CDS Clients for tests: real keys, signed tokens, and a JWKS address on loopback that counts its calls."""

import asyncio
import json
import threading
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

ISSUER = "https://ehr.north.example/fhir"
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


def encoded(part: bytes) -> str:
    """Base64url without padding, as in a token."""
    return urlsafe_b64encode(part).rstrip(b"=").decode()


@cache
def key_of(algorithm: str, number: int = 0) -> RSAKey | ECKey:
    """A private key for the algorithm; `number`: another one. Made once for all tests of a process."""
    if algorithm in CURVES:
        return ECKey.generate_key(CURVES[algorithm], parameters={"kid": f"ec-{number}"})
    return RSAKey.generate_key(2048, parameters={"kid": f"rsa-{number}"})


@dataclass(frozen=True)
class Caller:
    """An EHR with one key. `kid` as it stands in tokens and in its key set."""

    algorithm: str = "ES384"
    number: int = 0
    kid: str = "key-1"
    issuer: str = ISSUER

    @property
    def key(self) -> RSAKey | ECKey:
        """Its private key."""
        return key_of(self.algorithm, self.number)

    def public(self, **members: Any) -> dict[str, Any]:
        """Its entry in a key set."""
        own = {"kid": self.kid, "use": "sig", "alg": self.algorithm}
        found = {**self.key.as_dict(private=False), **own, **members}
        return {name: value for name, value in found.items() if value is not None}

    def key_set(self, *others: "Caller") -> dict[str, Any]:
        """A JWKS with its public key, and those of others."""
        return {"keys": [caller.public() for caller in (self, *others)]}

    def header(self, **members: Any) -> dict[str, Any]:
        """A token's header; None leaves a member out."""
        own = {"alg": self.algorithm, "typ": "JWT", "kid": self.kid}
        return {name: value for name, value in {**own, **members}.items() if value is not None}

    def claims(self, audience: Any, **members: Any) -> dict[str, Any]:
        """A token's claims; None leaves one out."""
        now = int(time.time())
        own = {"iss": self.issuer, "aud": audience, "iat": now, "exp": now + 300, "jti": str(uuid.uuid4())}
        return {name: value for name, value in {**own, **members}.items() if value is not None}

    def token(self, audience: Any, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """A signed token. `header`: members that replace or add."""
        return self.signed(
            self.header(**(header or {})), json.dumps(self.claims(audience, **claims)).encode()
        )

    def signed(self, header: Mapping[str, Any], payload: bytes) -> str:
        """Any header and payload, signed with this caller's key and algorithm whatever the header says."""
        return self.signed_text(json.dumps(header).encode(), payload)

    def signed_text(self, header: bytes, payload: bytes) -> str:
        """The same with a header that is given as text."""
        to_sign = f"{encoded(header)}.{encoded(payload)}"
        signature = JWSRegistry.algorithms[self.algorithm].sign(to_sign.encode(), self.key)
        return f"{to_sign}.{encoded(signature)}"

    def bearer(self, audience: Any, **claims: Any) -> dict[str, str]:
        """Headers with a fresh token."""
        return {"Authorization": f"Bearer {self.token(audience, **claims)}"}


@dataclass
class KeyAddress:
    """A web server on loopback. `answers`: what it says at each path; `calls`: which paths were asked for."""

    base: str
    answers: dict[str, tuple[int, bytes, dict[str, str]]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)  # cleared: answers wait

    async def until_asked(self, times: int = 1) -> None:
        """Until so many calls have come in."""
        while len(self.calls) < times:  # noqa: ASYNC110 - they come in on other threads
            await asyncio.sleep(0.005)

    @property
    def url(self) -> str:
        """Where the key set is."""
        return f"{self.base}/jwks.json"

    def publish(self, key_set: Any, status: int = 200, **headers: str) -> None:
        """From now on this is the key set: JSON, or bytes as they are."""
        body = key_set if isinstance(key_set, bytes) else json.dumps(key_set).encode()
        self.answers["/jwks.json"] = (status, body, headers)

    def asked(self, path: str = "/jwks.json") -> int:
        """How often a path was asked for."""
        return self.calls.count(path)


@contextmanager
def key_address(key_set: Any = None) -> Iterator[KeyAddress]:
    """A running key address."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address.calls.append(self.path)
            address.hold.wait(10)
            status, body, headers = address.answers.get(self.path, (404, b"", {}))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:  # whoever asked has hung up: too long, or too late
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Not to standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    address = KeyAddress(f"http://127.0.0.1:{server.server_address[1]}")
    address.hold.set()
    if key_set is not None:
        address.publish(key_set)
    try:
        yield address
    finally:
        address.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()
