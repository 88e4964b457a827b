"""Keys: how often their address is asked, and what stays in use when it answers nothing useful."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from cds_service.auth.key_sets import read_key_set
from cds_service.auth.keys import COOL_DOWN_S, FRESH_S, MAX_BYTES, RETRY_S, STALE_S, Found, Keyring
from cds_service.auth.tenants import KeySource
from tests.callers import Caller, KeyAddress, key_address

T = TypeVar("T")
OLD, NEW = Caller(kid="old"), Caller(number=1, kid="new")


@dataclass
class Bench:
    """A keyring with a clock that stands still until it is moved, and what it noted."""

    now: float = 1000.0
    noted: list[tuple[str, int, dict[str, object]]] = field(default_factory=list)

    def note(self, event: str, level: int = logging.INFO, **fields: object) -> None:
        self.noted.append((event, level, fields))

    def run(self, use: Callable[[Keyring], Awaitable[T]]) -> T:
        async def go() -> T:
            async with httpx.AsyncClient(trust_env=False) as http:
                keys = Keyring(http, self.note, lambda: self.now)
                try:
                    return await use(keys)
                finally:
                    keys.close()

        return asyncio.run(go())

    def reasons(self) -> list[object]:
        return [fields["reason"] for event, _, fields in self.noted if event == "keys not had"]


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def address() -> Iterator[KeyAddress]:
    with key_address(OLD.key_set()) as address:
        yield address


async def has(keys: Keyring, address: KeyAddress, kid: str) -> bool:
    found: Found = await keys.find(KeySource(url=address.url), kid, "ES384")
    return found.key is not None


async def settled() -> None:
    """Until what was begun beside a request has ended."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)


class TestHowOftenTheAddressIsAsked:
    def test_once_for_all_who_come_at_once(self, bench: Bench, address: KeyAddress) -> None:
        async def use(keys: Keyring) -> list[bool]:
            address.hold.clear()
            asking = [asyncio.ensure_future(has(keys, address, "old")) for _ in range(50)]
            await address.until_asked()
            address.hold.set()
            return await asyncio.gather(*asking)

        assert bench.run(use) == [True] * 50
        assert address.asked() == 1

    def test_not_again_while_keys_are_fresh(self, bench: Bench, address: KeyAddress) -> None:
        async def use(keys: Keyring) -> None:
            for _ in range(10):
                assert await has(keys, address, "old")
                bench.now += FRESH_S / 10

        bench.run(use)
        assert address.asked() == 1

    def test_a_new_key_is_found_at_once(self, bench: Bench, address: KeyAddress) -> None:
        async def use(keys: Keyring) -> None:
            assert await has(keys, address, "old")
            address.publish(OLD.key_set(NEW))
            assert await has(keys, address, "new")
            assert await has(keys, address, "old")

        bench.run(use)
        assert address.asked() == 2

    def test_made_up_ids_cause_one_query_per_cool_down(self, bench: Bench, address: KeyAddress) -> None:
        async def use(keys: Keyring) -> None:
            assert await has(keys, address, "old")
            for number in range(100):
                assert not await has(keys, address, f"made-up-{number}")
            assert address.asked() == 2
            address.publish(OLD.key_set(NEW))
            bench.now += COOL_DOWN_S - 1
            assert not await has(keys, address, "new")
            assert address.asked() == 2
            bench.now += 2
            assert await has(keys, address, "new")
            assert address.asked() == 3

        bench.run(use)

    def test_a_flood_of_made_up_ids_at_once(self, bench: Bench, address: KeyAddress) -> None:
        async def use(keys: Keyring) -> None:
            assert await has(keys, address, "old")
            found = await asyncio.gather(*(has(keys, address, f"made-up-{n}") for n in range(100)))
            assert not any(found)

        bench.run(use)
        assert address.asked() == 2

    def test_a_known_id_with_another_algorithm_causes_none(self, bench: Bench, address: KeyAddress) -> None:
        async def use(keys: Keyring) -> None:
            source = KeySource(url=address.url)
            for algorithm in ("ES384", "ES256", "RS384"):
                found = await keys.find(source, "old", algorithm)
                assert (found.key is not None) is (algorithm == "ES384")

        bench.run(use)
        assert address.asked() == 1

    def test_older_keys_are_fetched_again_beside_the_request(self, bench: Bench, address: KeyAddress) -> None:
        async def use(keys: Keyring) -> None:
            assert await has(keys, address, "old")
            address.publish(NEW.key_set())
            bench.now += FRESH_S + 1
            assert await has(keys, address, "old")  # not kept waiting
            await settled()
            assert address.asked() == 2
            assert not await has(keys, address, "old")  # withdrawn by its owner

        bench.run(use)

    def test_much_older_keys_are_fetched_before_they_are_used(
        self, bench: Bench, address: KeyAddress
    ) -> None:
        async def use(keys: Keyring) -> None:
            assert await has(keys, address, "old")
            address.publish(NEW.key_set())
            bench.now += STALE_S + 1
            assert not await has(keys, address, "old")

        bench.run(use)

    def test_tenants_with_one_address_share_its_keys(self, bench: Bench, address: KeyAddress) -> None:
        async def use(keys: Keyring) -> None:
            for _ in range(2):
                assert await keys.known(KeySource(url=address.url))

        bench.run(use)
        assert address.asked() == 1


class TestWhenTheAddressFails:
    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            ((500, {}, {}), "status 500"),
            ((404, {}, {}), "status 404"),
            ((302, {}, {"Location": "/other"}), "status 302"),
            ((200, b"<html>", {}), "not a JSON object"),
            ((200, b"[]", {}), "not a JSON object"),
            ((200, b'{"keys":[],"keys":[]}', {}), "not a JSON object"),
            ((200, {"keys": "none"}, {}), "no list"),
            ((200, {"keys": []}, {}), "no RSA or EC public key"),
            ((200, {"keys": [5, {}, {"kid": 5, "kty": "EC"}]}, {}), "no RSA or EC public key"),
            ((200, OLD.key_set(), {"Content_Encoding": "gzip"}), "content encoding"),
            ((200, b" " * (MAX_BYTES + 1), {}), "more than"),
        ],
        ids=lambda value: value if isinstance(value, str) else value[0],
    )
    def test_known_keys_stay_in_use(
        self, bench: Bench, address: KeyAddress, answer: tuple[int, Any, dict[str, str]], reason: str
    ) -> None:
        async def use(keys: Keyring) -> None:
            assert await has(keys, address, "old")
            status, body, headers = answer
            address.publish(body, status, **headers)
            address.answers["/other"] = (200, json.dumps(NEW.key_set()).encode(), {})
            assert not await has(keys, address, "new")
            bench.now += 10 * STALE_S
            assert await has(keys, address, "old")
            assert address.asked("/other") == 0

        bench.run(use)
        assert any(reason in str(each) for each in bench.reasons()), bench.reasons()

    def test_nobody_listens(self, bench: Bench) -> None:
        async def use(keys: Keyring) -> None:
            source = KeySource(url="http://127.0.0.1:9/jwks.json")
            found = await keys.find(source, "old", "ES384")
            assert (found.key, found.any_known) == (None, False)
            assert not await keys.known(source)

        bench.run(use)
        assert bench.reasons() == ["ConnectError"]
        assert bench.noted[-1][1] == logging.WARNING

    def test_it_is_left_alone_for_a_while(self, bench: Bench, address: KeyAddress) -> None:
        async def use(keys: Keyring) -> None:
            address.publish({}, 500)
            for _ in range(20):
                assert not await has(keys, address, "old")
            assert address.asked() == 1
            address.publish(OLD.key_set())
            bench.now += RETRY_S + 1
            assert await has(keys, address, "old")
            address.publish({}, 500)
            bench.now += FRESH_S + 1
            for _ in range(20):
                assert await has(keys, address, "old")
                await settled()
            assert address.asked() == 3
            bench.now += RETRY_S + 1
            assert await has(keys, address, "old")
            assert not await has(keys, address, "new")
            assert address.asked() == 3

        bench.run(use)

    def test_an_answer_that_never_ends_is_given_up(
        self, bench: Bench, address: KeyAddress, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cds_service.auth.keys.DEADLINE_S", 0.05)

        async def use(keys: Keyring) -> None:
            address.hold.clear()
            assert not await has(keys, address, "old")

        bench.run(use)
        assert bench.reasons() == ["TimeoutError"]

    def test_whoever_leaves_while_waiting_stops_nobody(self, bench: Bench, address: KeyAddress) -> None:
        async def use(keys: Keyring) -> None:
            address.hold.clear()
            gone = asyncio.ensure_future(has(keys, address, "old"))
            stays = asyncio.ensure_future(has(keys, address, "old"))
            await address.until_asked()
            gone.cancel()
            address.hold.set()
            assert await stays

        bench.run(use)
        assert address.asked() == 1

    def test_closing_ends_what_is_under_way(self, bench: Bench, address: KeyAddress) -> None:
        async def use(keys: Keyring) -> None:
            assert await has(keys, address, "old")
            bench.now += FRESH_S + 1
            address.hold.clear()
            assert await has(keys, address, "old")
            keys.close()
            await settled()

        bench.run(use)


def write(file: Path, text: str | None) -> None:
    """None: there is no file."""
    if text is None:
        file.unlink()
    else:
        file.write_text(text)


class TestFiles:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "keys.json"
        path.write_text(json.dumps(OLD.key_set()))
        return path

    def test_read_again_as_soon_as_it_changes(self, bench: Bench, file: Path) -> None:
        async def use(keys: Keyring) -> None:
            source = KeySource(file=file)
            assert (await keys.find(source, "old", "ES384")).key
            assert not (await keys.find(source, "new", "ES384")).key
            write(file.with_suffix(".new"), json.dumps(NEW.key_set()))
            file.with_suffix(".new").replace(file)
            assert (await keys.find(source, "new", "ES384")).key
            assert not (await keys.find(source, "old", "ES384")).key

        bench.run(use)

    @pytest.mark.parametrize("text", ["", "{", '{"keys": []}', None])
    def test_a_faulty_one_changes_nothing(self, bench: Bench, file: Path, text: str | None) -> None:
        async def use(keys: Keyring) -> None:
            source = KeySource(file=file)
            assert await keys.known(source)
            write(file, text)
            assert (await keys.find(source, "old", "ES384")).key
            assert (await keys.find(source, "old", "ES384")).key
            write(file, json.dumps(NEW.key_set()))
            assert (await keys.find(source, "new", "ES384")).key

        bench.run(use)
        assert len(bench.reasons()) == 1

    def test_a_private_key_in_it_is_not_loaded(self, bench: Bench, file: Path) -> None:
        file.write_text(json.dumps({"keys": [{**OLD.key.as_dict(private=True), "kid": "old"}]}))

        async def use(keys: Keyring) -> None:
            found = await keys.find(KeySource(file=file), "old", "ES384")
            assert found.key
            assert not found.key.is_private

        bench.run(use)


def test_two_keys_may_have_one_id() -> None:
    rsa = Caller("RS384", kid="old")
    keys = read_key_set(json.dumps(OLD.key_set(rsa)).encode())
    by_algorithm = {algorithm: keys.find("old", algorithm) for algorithm in ("ES384", "RS384", "ES256")}
    assert [key.key_type if key else None for key in by_algorithm.values()] == ["EC", "RSA", None]


def test_a_modulus_that_is_no_number_is_left_out() -> None:
    odd = {"kty": "RSA", "kid": "odd", "n": "\u00e4", "e": "AQAB"}
    keys = read_key_set(json.dumps({"keys": [odd, OLD.public()]}).encode())
    assert set(keys.by_id) == {"old"}
    assert not keys.weak
