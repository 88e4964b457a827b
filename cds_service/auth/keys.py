"""Tenants' public keys: fetched from their JWKS address or read from a file, and kept.

Only the configured address is ever asked; what a token's header says about addresses is not looked at.
Whoever sends tokens with made-up key ids causes one query per `COOL_DOWN_S` and no more. Keys that are
known stay in use while the address does not answer.
"""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import httpx

from cds_service.auth.file_watch import FileWatch
from cds_service.auth.key_sets import PublicKeys, read_key_set
from cds_service.auth.tenants import KeySource

if TYPE_CHECKING:
    from cds_service.auth.signatures import PublicKey

COOL_DOWN_S: Final = 30.0  # between two queries for key ids that nobody knows, and after one that failed
RETRY_S: Final = 5.0  # after one that failed while no key is known at all: nobody is let in meanwhile
FRESH_S: Final = 300.0  # older keys are fetched again beside the request
STALE_S: Final = 3600.0  # older keys are fetched again before they are used, if that can be done
DEADLINE_S: Final = 3.0
MAX_BYTES: Final = 500_000


class Note(Protocol):
    """Writes an event to the log. `fields`: what may be logged (see `web.log`)."""

    def __call__(self, event: str, level: int = logging.INFO, **fields: object) -> None: ...


class _Unusable(Exception):
    """An answer or a file without usable keys. `str`: why, without any of its content."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known about one key id. `weak`: there is such a key, and it is too small to be used."""

    key: "PublicKey | None"
    weak: bool = False
    any_known: bool = True  # False: no key of this source was ever had


class Keyring:
    """All key sources in use, shared by the tenants that name the same one. Outlives a new tenants file."""

    def __init__(
        self, http: httpx.AsyncClient, note: Note, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._http = http
        self._note = note
        self._clock = clock
        self._sources: dict[KeySource, _Source] = {}

    async def find(self, source: KeySource, kid: str, algorithm: str) -> Found:
        """The source's key of that id for that algorithm."""
        return await self._at(source).find(kid, algorithm)

    async def known(self, source: KeySource) -> bool:
        """Whether the source's keys are known, trying to get them if they are not."""
        return await self._at(source).known()

    def _at(self, source: KeySource) -> "_Source":
        if source not in self._sources:
            address = _Address(source, self._http, self._note, self._clock)
            self._sources[source] = _File(source, source.file, self._note) if source.file else address
        return self._sources[source]

    def close(self) -> None:
        """Give up queries that are under way."""
        for source in self._sources.values():
            source.close()


class _Source(ABC):
    """The keys of one source, and how they are had again."""

    def __init__(self, source: KeySource, note: Note) -> None:
        self._source = source
        self._note = note
        self._keys: PublicKeys | None = None

    async def find(self, kid: str, algorithm: str) -> Found:
        """See `Keyring.find`."""
        await self._look()
        key = self._keys.find(kid, algorithm) if self._keys else None
        if key is None and self._keys and kid not in self._keys.by_id and await self._look_again():
            key = self._keys.find(kid, algorithm)
        weak = self._keys is not None and kid in self._keys.weak
        return Found(key, weak=weak and key is None, any_known=self._keys is not None)

    async def known(self) -> bool:
        """See `Keyring.known`."""
        await self._look()
        return self._keys is not None

    @abstractmethod
    async def _look(self) -> None:
        """Get the keys if they are not known or too old."""

    @abstractmethod
    async def _look_again(self) -> bool:
        """Get the keys because an id is not among them. False: not now."""

    @abstractmethod
    def close(self) -> None:
        """Give up what is under way."""

    def _replace(self, keys: PublicKeys) -> None:
        ids = sorted(keys.by_id)
        if self._keys is None or ids != sorted(self._keys.by_id):
            self._note("keys read", kid=ids, server=self._source.where)
        self._keys = keys

    def _failed(self, why: str) -> None:
        kept = "the keys known so far stay in use" if self._keys else "no key is known"
        self._note("keys not had", logging.WARNING, reason=why, state=kept, server=self._source.where)


class _File(_Source):
    """Keys in a file: read again as soon as it changes."""

    def __init__(self, source: KeySource, path: Path, note: Note) -> None:
        super().__init__(source, note)
        self._path = path
        self._watch = FileWatch([path])
        self._looked = False

    async def _look(self) -> None:
        if self._looked and not self._watch.changed():
            return
        self._looked = True
        self._watch.mark()
        try:
            self._replace(read_key_set(self._path.read_bytes()))
        except OSError as error:
            self._failed(type(error).__name__)
        except ValueError as error:
            self._failed(str(error))

    async def _look_again(self) -> bool:
        return False

    def close(self) -> None:
        """A file is read at once."""


class _Address(_Source):
    """Keys at an address. All who need them at one moment wait for one query."""

    def __init__(
        self, source: KeySource, http: httpx.AsyncClient, note: Note, clock: Callable[[], float]
    ) -> None:
        super().__init__(source, note)
        self._http = http
        self._clock = clock
        self._under_way: asyncio.Task[None] | None = None
        self._had_at: float | None = None
        self._failed_at: float | None = None
        self._searched_at: float | None = None  # when an unknown id last caused a query

    def close(self) -> None:
        if self._under_way is not None:
            self._under_way.cancel()

    async def _look(self) -> None:
        age = None if self._had_at is None else self._clock() - self._had_at
        if age is not None and age <= FRESH_S:
            return
        if self._resting():
            return
        query = self._query()
        if age is None or age > STALE_S:
            await asyncio.shield(query)

    async def _look_again(self) -> bool:
        if self._under_way is None:
            searched = self._searched_at
            if self._resting() or (searched is not None and self._clock() - searched < COOL_DOWN_S):
                return False
            self._searched_at = self._clock()
        await asyncio.shield(self._query())
        return True

    def _resting(self) -> bool:
        """Whether the last query failed, and not long ago."""
        rest_s = COOL_DOWN_S if self._keys else RETRY_S
        return self._failed_at is not None and self._clock() - self._failed_at < rest_s

    def _query(self) -> "asyncio.Task[None]":
        if self._under_way is None:
            self._under_way = asyncio.get_running_loop().create_task(self._fetch())
            self._under_way.add_done_callback(self._landed)
        return self._under_way

    def _landed(self, _: "asyncio.Task[None]") -> None:
        self._under_way = None

    async def _fetch(self) -> None:
        """Never raises: who waits looks at the keys."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                self._replace(read_key_set(await self._body()))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, TimeoutError, OSError) as error:
            self._failed_at = self._clock()
            self._failed(type(error).__name__)
        except (_Unusable, ValueError) as error:
            self._failed_at = self._clock()
            self._failed(str(error))
        else:
            self._had_at, self._failed_at = self._clock(), None

    async def _body(self) -> bytes:
        headers = {"Accept": "application/jwk-set+json, application/json", "Accept-Encoding": "identity"}
        async with self._http.stream(
            "GET", self._source.url, headers=headers, follow_redirects=False
        ) as answer:
            if answer.status_code != httpx.codes.OK:
                raise _Unusable(f"answers with status {answer.status_code}")
            if answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
                raise _Unusable("answers with a content encoding")
            body = bytearray()
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise _Unusable(f"answers with more than {MAX_BYTES} bytes")
        return bytes(body)
