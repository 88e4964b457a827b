"""The token check, attack by attack: real keys, a real key address, and one word per refusal."""

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from cds_service.auth.keys import Keyring
from cds_service.auth.roster import Roster
from cds_service.auth.tenants import KeySource, StoreDown, Tenant
from cds_service.auth.tokens import LIFETIME_S, LONGEST, SKEW_S, TokenCheck, Why
from cds_service.errors import StoreUnreachable, TokenRefused
from tests.callers import ISSUER, Caller, KeyAddress, encoded, key_address

AUDIENCE = "https://cds.example/cds-services/liver-lesion-order-select"
NOW = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp())
EHR = Caller("ES384")
WITH_RSA = Caller("RS384", kid="rsa")


def note(event: str, level: int = logging.INFO, **fields: object) -> None:
    """Nobody reads a log here."""


@dataclass
class Shown:
    """A memory of used tokens for one test. `down`: nobody can be asked."""

    seen: set[tuple[str, str, str]] = field(default_factory=set)
    kept_until: list[datetime] = field(default_factory=list)
    down: bool = False

    async def first_use(self, tenant: str, issuer: str, jti: str, expires: datetime) -> bool:
        if self.down:
            raise StoreUnreachable
        known = (tenant, issuer, jti) in self.seen
        self.seen.add((tenant, issuer, jti))
        self.kept_until.append(expires)
        return not known


@pytest.fixture(scope="module")
def address() -> Iterator[KeyAddress]:
    with key_address(EHR.key_set(WITH_RSA)) as address:
        yield address


@pytest.fixture
def tenant(address: KeyAddress) -> Tenant:
    return Tenant(
        id="north",
        profile="spec",
        issuer=ISSUER,
        claim="north",
        keys=KeySource(url=address.url),
        algorithms=("ES384", "RS384"),
    )


Check = Callable[..., str]


@pytest.fixture
def check(tenant: Tenant) -> Check:
    """What becomes of a token: the id of its tenant, or why it was refused."""

    def verify(
        token: str, *tenants: Tenant, replays: Shown | None = None, now: float = NOW, audience: str = AUDIENCE
    ) -> str:
        async def run() -> str:
            async with httpx.AsyncClient(trust_env=False) as http:
                tokens = TokenCheck(Keyring(http, note), replays or Shown())
                roster = Roster(tenants or (tenant,))
                when = datetime.fromtimestamp(now, UTC)
                found = await tokens.verify(token, roster, lambda t: t.audiences or (audience,), when)
                return found.tenant.id

        try:
            return asyncio.run(run())
        except TokenRefused as refused:
            return refused.reason

    return verify


def token(caller: Caller = EHR, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token that holds, unless told otherwise."""
    return caller.token(claims.pop("aud", AUDIENCE), header, **{"iat": NOW, "exp": NOW + 300, **claims})


class TestWhatHolds:
    @pytest.mark.parametrize("caller", [EHR, WITH_RSA])
    def test_a_token_of_each_recommended_algorithm(self, check: Check, caller: Caller) -> None:
        assert check(token(caller)) == "north"

    @pytest.mark.parametrize("algorithm", ["ES256", "ES512", "RS256", "RS512", "PS256", "PS384", "PS512"])
    def test_the_others_where_the_tenant_lists_them(
        self, check: Check, tenant: Tenant, algorithm: str
    ) -> None:
        caller = Caller(algorithm, kid=algorithm)
        assert check(token(caller)) == Why.ALGORITHM
        with key_address(caller.key_set()) as address:
            listed = replace(tenant, algorithms=(algorithm,), keys=KeySource(url=address.url))
            assert check(token(caller), listed) == "north"

    @pytest.mark.parametrize(
        "claims",
        [
            {"aud": ["https://other.example", AUDIENCE]},
            {"tenant": "north"},
            {"tenant": None},
            {"sub": "client-id", "nbf": NOW - 300, "exp": NOW + 900},  # as Epic sends them
            {"nbf": NOW},
            {"iat": NOW + 0.5, "exp": NOW + 299.5},
            {"https://vendor.example/claim": {"nested": [1, None]}},
            {"jti": "+/=\u00e4 \u6f22"},
            {"iat": NOW, "exp": NOW + LIFETIME_S},
            {"iat": NOW - 300, "exp": NOW - SKEW_S + 1},
            {"iat": NOW + SKEW_S, "exp": NOW + 300},
        ],
        ids=str,
    )
    def test_what_clients_add_and_how_far_clocks_differ(self, check: Check, claims: dict[str, Any]) -> None:
        assert check(token(**claims)) == "north"

    @pytest.mark.parametrize(
        "kid", ["a+b/c==", "ak+hFJ5zFYLWNVZ5A9tgaw==", "1", " spaced ", "\u00e4", "x" * 3000]
    )
    def test_a_key_id_is_compared_as_it_stands(self, check: Check, tenant: Tenant, kid: str) -> None:
        caller = Caller(kid=kid)
        with key_address(caller.key_set()) as address:
            own = replace(tenant, keys=KeySource(url=address.url))
            assert check(token(caller), own) == "north"
            assert check(token(caller, {"kid": kid.strip("= ").replace("+", "-") + "?"}), own) == Why.KEY

    @pytest.mark.parametrize(
        "header",
        [
            {"x-vendor": 1},
            {"cty": "JWT"},
            {"x5t": "abc"},
            {"jku": "https://ehr.north.example/jwks.json"},
            {"jku": 5},
        ],
        ids=str,
    )
    def test_other_members_of_the_header_change_nothing(self, check: Check, header: dict[str, Any]) -> None:
        assert check(token(header=header)) == "north"


def forged_with_hmac(caller: Caller, key: bytes, algorithm: str = "HS384") -> str:
    header = caller.header(alg=algorithm)
    claims = caller.claims(AUDIENCE, iat=NOW, exp=NOW + 300)
    to_sign = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
    return f"{to_sign}.{encoded(hmac.new(key, to_sign.encode(), hashlib.sha384).digest())}"


class TestAttacks:
    @pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", ""])
    def test_unsigned(self, check: Check, name: str) -> None:
        signed = token(header={"alg": name})
        assert check(signed) == Why.ALGORITHM
        unsigned = signed.rpartition(".")[0]
        assert check(unsigned + ".") == Why.MALFORMED
        assert check(unsigned + ".AA") == Why.ALGORITHM

    @pytest.mark.parametrize("form", ["pem", "der", "jwk", "empty"])
    def test_a_public_key_used_as_a_shared_secret(self, check: Check, form: str) -> None:
        keys = {
            "pem": WITH_RSA.key.as_pem(private=False),
            "der": WITH_RSA.key.as_der(private=False),
            "jwk": json.dumps(WITH_RSA.public()).encode(),
            "empty": b"",
        }
        assert check(forged_with_hmac(WITH_RSA, keys[form])) == Why.ALGORITHM
        relabelled = forged_with_hmac(WITH_RSA, keys[form], "RS384")
        assert check(relabelled) == Why.SIGNATURE

    def test_shared_secrets_in_a_key_set_are_no_keys(self, check: Check, tenant: Tenant) -> None:
        secret = {"kty": "oct", "kid": "key-1", "k": encoded(b"s" * 48), "alg": "HS384"}
        with key_address({"keys": [secret, WITH_RSA.public()]}) as address:
            own = replace(tenant, keys=KeySource(url=address.url), algorithms=("HS384", "RS384"))
            assert check(forged_with_hmac(EHR, b"s" * 48), own) == Why.KEY

    @pytest.mark.parametrize("member", ["alg", "kid", "typ"])
    def test_a_header_without_what_is_needed(self, check: Check, member: str) -> None:
        wanted = {"alg": Why.ALGORITHM, "kid": Why.NO_KEY_ID, "typ": Why.TYPE}
        assert check(token(header={member: None})) == wanted[member]
        assert check(token(header={member: 5})) == wanted[member]
        assert check(token(header={member: ["JWT"]})) == wanted[member]

    @pytest.mark.parametrize("typ", ["jwt", "at+jwt", "JOSE", "dpop+jwt", "JWT "])
    def test_a_token_of_another_type(self, check: Check, typ: str) -> None:
        assert check(token(header={"typ": typ})) == Why.TYPE

    @pytest.mark.parametrize("crit", [["exp"], ["b64"], [], "exp", ["unknown"], None])
    def test_critical_extensions(self, check: Check, crit: Any) -> None:
        header = EHR.header() | {"crit": crit, "exp": 1, "b64": True}
        claims = json.dumps(EHR.claims(AUDIENCE, iat=NOW, exp=NOW + 300)).encode()
        assert check(EHR.signed(header, claims)) == Why.CRITICAL

    def test_an_algorithm_of_another_kind_of_key(self, check: Check, tenant: Tenant) -> None:
        both = ("ES256", "ES384", "RS256", "RS384", "PS384")
        own = replace(tenant, algorithms=both)
        assert check(token(EHR, {"kid": "rsa"}), own) == Why.KEY
        assert check(token(WITH_RSA, {"kid": "key-1"}), own) == Why.KEY
        assert check(token(EHR, {"alg": "ES256"}), own) == Why.KEY  # another curve
        assert check(token(WITH_RSA, {"alg": "PS384"}), own) == Why.KEY  # the key is for RS384 alone

    def test_somebody_elses_signature(self, check: Check) -> None:
        assert check(token(Caller("ES384", number=1))) == Why.SIGNATURE
        assert check(token(Caller("RS384", number=1, kid="rsa"))) == Why.SIGNATURE

    def test_a_changed_token(self, check: Check) -> None:
        header, payload, signature = token().split(".")
        other = encoded(json.dumps(EHR.claims(AUDIENCE, iat=NOW, exp=NOW + 300)).encode())
        assert check(f"{header}.{other}.{signature}") == Why.SIGNATURE
        assert check(f"{header}.{payload}.{signature[:-4]}") == Why.SIGNATURE
        assert check(f"{header}.{payload}.{encoded(bytes(96))}") == Why.SIGNATURE
        assert check(f"{header}.{payload}.{encoded(b'x')}") == Why.SIGNATURE

    def test_keys_that_the_token_brings_along_are_not_used(self, check: Check, address: KeyAddress) -> None:
        own = Caller("ES384", number=1, kid="mine")
        with key_address(own.key_set()) as evil:
            before = address.asked()
            assert check(token(own, {"jku": evil.url, "x5u": evil.url, "jwk": own.public()})) == Why.KEY
            assert evil.calls == []
        assert address.asked() > before

    @pytest.mark.parametrize("bits", [512, 1024, 2040])
    def test_an_rsa_key_that_is_too_small(self, check: Check, tenant: Tenant, bits: int) -> None:
        number = (1 << (bits - 1)) + 1
        weak = {"kty": "RSA", "kid": "weak", "e": "AQAB", "n": encoded(number.to_bytes(bits // 8))}
        with key_address({"keys": [weak, EHR.public()]}) as address:
            own = replace(tenant, keys=KeySource(url=address.url))
            assert check(token(Caller("RS384", kid="weak")), own) == Why.WEAK_KEY

    @pytest.mark.parametrize(
        "members",
        [
            {"use": "enc"},
            {"key_ops": ["sign"]},
            {"key_ops": "verify"},
            {"alg": "ES256"},
            {"x": "AA"},
            {"crv": "P-256"},
        ],
        ids=str,
    )
    def test_a_key_that_is_not_for_this(self, check: Check, tenant: Tenant, members: dict[str, Any]) -> None:
        with key_address({"keys": [EHR.public(**members), WITH_RSA.public()]}) as address:
            assert check(token(), replace(tenant, keys=KeySource(url=address.url))) == Why.KEY

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "x",
            "a.b",
            "a.b.c",
            "a.b.c.d.e",
            "..",
            "%%%.%%%.%%%",
            f"{encoded(b'[]')}.{encoded(b'{}')}.AA",
            f"{encoded(b'{')}.{encoded(b'{}')}.AA",
            f"{encoded(b'null')}.{encoded(b'null')}.AA",
            f"{encoded(chr(0xFF).encode('latin-1'))}.{encoded(b'{}')}.AA",
            "A" * (LONGEST + 1),
            f"{encoded(b'{' * 5000)}.{encoded(b'{}')}.AA",
            f"{encoded(b'[' * 5000)}.{encoded(b'[' * 5000)}.AA",
            "\u0430.\u0430.\u0430",
        ],
        ids=lambda text: text[:12],
    )
    def test_what_is_no_token_at_all(self, check: Check, text: str) -> None:
        assert check(text) == Why.MALFORMED

    def test_a_member_twice(self, check: Check) -> None:
        """Two readers could see two different tokens."""
        claims = json.dumps(EHR.claims(AUDIENCE, iat=NOW, exp=NOW + 300)).encode()
        twice = b'{"iss":"https://evil.example",' + claims.removeprefix(b"{")
        assert check(EHR.signed(EHR.header(), twice)) == Why.MALFORMED
        header = b'{"alg":"none",' + json.dumps(EHR.header()).encode().removeprefix(b"{")
        assert check(EHR.signed_text(header, claims)) == Why.MALFORMED


class TestClaims:
    @pytest.mark.parametrize("claim", ["iss", "aud", "exp", "iat", "jti"])
    @pytest.mark.parametrize("value", [None, "", [], {}, True, [1], "soon", -1, 1e300], ids=str)
    def test_each_is_needed_in_its_own_type(self, check: Check, claim: str, value: Any) -> None:
        fits_another_claim = {"iss": "soon", "jti": "soon", "aud": "soon"}.get(
            claim
        ) == value and value is not None
        if fits_another_claim:
            expected = {"iss": Why.ISSUER, "jti": "north", "aud": Why.AUDIENCE}[claim]
            assert check(token(**{claim: value})) == expected
        else:
            assert check(token(**{claim: value})) == Why.CLAIM

    @pytest.mark.parametrize("text", [b"NaN", b"Infinity", b"1e999", b"-Infinity"])
    def test_numbers_that_are_none(self, check: Check, text: bytes) -> None:
        claims = json.dumps(EHR.claims(AUDIENCE, iat=NOW, exp=NOW + 300)).encode()
        odd = claims.replace(str(NOW + 300).encode(), text)
        assert check(EHR.signed(EHR.header(), odd)) in (Why.MALFORMED, Why.CLAIM)

    @pytest.mark.parametrize(
        ("claims", "why"),
        [
            ({"exp": NOW - SKEW_S}, Why.EXPIRED),
            ({"iat": NOW - 4000, "exp": NOW - 400}, Why.EXPIRED),
            ({"iat": NOW + SKEW_S + 1}, Why.EARLY),
            ({"nbf": NOW + SKEW_S + 1}, Why.EARLY),
            ({"exp": NOW + LIFETIME_S + 1}, Why.LIFETIME),
            ({"exp": NOW + 30 * 365 * 86400}, Why.LIFETIME),
            ({"iat": NOW + 10, "exp": NOW + 10}, Why.LIFETIME),
            ({"iat": NOW + 20, "exp": NOW + 10}, Why.LIFETIME),
            ({"nbf": "now"}, Why.CLAIM),
            ({"tenant": "south"}, Why.TENANT),
            ({"tenant": 5}, Why.CLAIM),
            ({"tenant": ""}, Why.CLAIM),
            ({"tenant": "North"}, Why.TENANT),
        ],
        ids=str,
    )
    def test_when_and_for_whom(self, check: Check, claims: dict[str, Any], why: Why) -> None:
        assert check(token(**claims)) == why

    @pytest.mark.parametrize(
        "issuer",
        [
            ISSUER + "/",
            ISSUER.upper(),
            ISSUER.removesuffix("r"),
            ISSUER + ".evil.test",
            " " + ISSUER,
            "https://evil.test",
        ],
    )
    def test_the_issuer_is_compared_as_it_stands(self, check: Check, issuer: str) -> None:
        assert check(token(iss=issuer)) == Why.ISSUER

    @pytest.mark.parametrize(
        "audience",
        [
            AUDIENCE + "/",
            AUDIENCE.upper(),
            AUDIENCE.replace("https", "http"),
            "https://cds.example/cds-services/liver-lesion-order-sign",
            "https://cds.example",
            "*",
            ["https://cds.example", AUDIENCE + "?"],
        ],
        ids=str,
    )
    def test_the_audience_is_compared_as_it_stands(self, check: Check, audience: Any) -> None:
        assert check(token(aud=audience)) == Why.AUDIENCE

    def test_listed_audiences_take_the_place_of_the_url(self, check: Check, tenant: Tenant) -> None:
        listed = replace(tenant, audiences=("sand_man", "https://typed.example/by-hand"))
        assert check(token(aud="sand_man"), listed) == "north"
        assert check(token(aud=AUDIENCE), listed) == Why.AUDIENCE


class TestTenantsOfOneIssuer:
    def test_the_tenant_claim_tells_them_apart(self, check: Check, tenant: Tenant) -> None:
        shared = [replace(tenant, id=name, claim=name, claim_required=True) for name in ("north", "south")]
        assert check(token(tenant="south"), *shared) == "south"
        assert check(token(tenant="north"), *shared) == "north"
        assert check(token(tenant="east"), *shared) == Why.TENANT
        assert check(token(), *shared) == Why.TENANT

    def test_the_keys_of_one_do_not_open_the_other(self, check: Check, tenant: Tenant) -> None:
        with key_address(WITH_RSA.key_set()) as others:
            south = replace(
                tenant, id="south", issuer="https://south.example", keys=KeySource(url=others.url)
            )
            assert check(token(iss="https://south.example"), tenant, south) == Why.KEY
            assert check(token(WITH_RSA, iss="https://south.example"), tenant, south) == "south"


class TestReplays:
    def test_a_token_holds_once(self, check: Check) -> None:
        shown, again = Shown(), token()
        assert check(again, replays=shown) == "north"
        assert check(again, replays=shown) == Why.REPLAYED
        assert check(token(), replays=shown) == "north"
        assert shown.kept_until[0] == datetime.fromtimestamp(NOW + 300 + SKEW_S, UTC)

    def test_what_is_remembered_is_a_digest(self, check: Check) -> None:
        """Whatever an EHR writes as `jti` (a NUL, a name, a kilobyte) fits every database."""
        shown = Shown()
        assert check(token(jti="Mustermann\u0000" + "x" * 3000), replays=shown) == "north"
        ((_, _, remembered),) = shown.seen
        assert len(remembered) == 64
        assert remembered.isalnum()

    def test_only_tokens_that_hold_are_remembered(self, check: Check) -> None:
        shown = Shown()
        for bad in (token(exp=NOW - 100), token(aud="x"), token(Caller(number=1)), token(tenant="south")):
            check(bad, replays=shown)
        assert shown.seen == set()

    def test_a_tenant_may_accept_them(self, check: Check, tenant: Tenant) -> None:
        lax, shown, again = replace(tenant, reject_replays=False), Shown(down=True), token()
        assert [check(again, lax, replays=shown) for _ in range(3)] == ["north"] * 3

    def test_when_nobody_can_tell(self, check: Check, tenant: Tenant) -> None:
        down = Shown(down=True)
        assert check(token(), replays=down) == Why.REPLAY_STORE
        assert check(token(), replace(tenant, replay_store_down=StoreDown.ACCEPT), replays=down) == "north"
