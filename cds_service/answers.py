"""One call's answer, and answers given before: an order screen asks the same again at the next click.

An answer is kept sealed, under a key that is worked out from the request it answers: whoever has that request
may open it, and whoever looks into our memory may not. It is kept for minutes, never written anywhere, and
carries other identifiers each time it is given.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256
from time import monotonic
from typing import Final

import msgspec
import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cds_service.consult import Desk, NewId, consult
from cds_service.consultation import Consultation, Grounds
from cds_service.hooks import HookRequest
from cds_service.recording import order_record
from cds_service.store.records import OrderRecord

KEPT_BYTES: Final = 4_000_000  # of a process, over all its tenants
NONCE: Final = 12


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call is answered with, and what log and store tell of it. `body`: the CDS Hooks response.

    `prefetch`: how each wanted set of resources arrived. `again`: given before.
    """

    body: msgspec.Raw = field(repr=False)
    cards: int
    orders: tuple[OrderRecord, ...]
    counts: Mapping[str, int]
    prefetch: Mapping[str, str]
    again: bool = False


@dataclass(frozen=True, slots=True)
class _Sealed:
    """An answer that only the same request opens.

    `ids`: every identifier in it, to be exchanged for new ones. `until`: seconds of the monotonic clock.
    """

    grounds: Grounds
    ids: tuple[str, ...]
    nonce: bytes
    text: bytes
    until: float


_ANSWER: Final = msgspec.json.Decoder(Answer)


class Answers:
    """The answers of a process, to all its tenants. `keep_s`: for how many seconds; 0 = not at all."""

    def __init__(
        self, new_id: NewId, keep_s: float, most: int = KEPT_BYTES, clock: Callable[[], float] = monotonic
    ) -> None:
        self._new_id = new_id
        self._keep_s = keep_s
        self._most = most
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._sealed: dict[bytes, _Sealed] = {}
        self._held = 0

    async def answer(self, asked: HookRequest, desk: Desk, now: datetime) -> Answer:
        """The answer at this moment. Raises what `consult` raises; that is never kept."""
        if not self._keep_s:
            return answer_of(await consult(asked, desk, now, self._new_id))
        self._drop_old()
        said = self._digest_of(asked, desk, now.date())
        return self._given_before(said, asked) or await self._consulted(said, asked, desk, now)

    async def _consulted(self, said: bytes, asked: HookRequest, desk: Desk, now: datetime) -> Answer:
        ids: list[str] = []

        def noted_id() -> str:
            ids.append(self._new_id())
            return ids[-1]

        consulted = await consult(asked, desk, now, noted_id)
        answer = answer_of(consulted)
        if consulted.grounds is not Grounds.FETCHED:  # a server may say something else the next time
            self._keep(said, asked, consulted.grounds, answer, tuple(ids))
        return answer

    def _digest_of(self, asked: HookRequest, desk: Desk, today: date) -> bytes:
        """Of all that an answer rests on but the prefetch: desk, day, order, and what a token would open."""
        fhir = asked.fhir
        reach = (fhir.base, fhir.scope, fhir.patient, fhir.token is not None) if fhir else None
        told = repr((asked.hook, today.toordinal(), reach)).encode("utf-8", "surrogatepass")
        return sha256(b"".join((self._secret, desk.seal, sha256(told).digest(), asked.context_sent))).digest()

    def _key(self, said: bytes, asked: HookRequest, grounds: Grounds) -> bytes:
        digest = sha256(self._secret + said)
        if grounds is Grounds.SENT:
            digest.update(asked.sent)
        return digest.digest()

    def _given_before(self, said: bytes, asked: HookRequest) -> Answer | None:
        found = self._sealed.get(_name(said))
        if found is None:
            return None
        try:
            text = AESGCM(self._key(said, asked, found.grounds)).decrypt(found.nonce, found.text, None)
        except InvalidTag:  # the same order, another chart
            return None
        for old in found.ids:
            text = text.replace(old.encode(), self._new_id().encode())
        return replace(_ANSWER.decode(text), again=True)

    def _keep(
        self, said: bytes, asked: HookRequest, grounds: Grounds, answer: Answer, ids: tuple[str, ...]
    ) -> None:
        name, nonce = _name(said), secrets.token_bytes(NONCE)
        text = AESGCM(self._key(said, asked, grounds)).encrypt(nonce, msgspec.json.encode(answer), None)
        self._drop(name)
        self._sealed[name] = _Sealed(grounds, ids, nonce, text, self._clock() + self._keep_s)
        self._held += len(text)
        while self._held > self._most:
            self._drop(next(iter(self._sealed)))

    def _drop_old(self) -> None:
        """They stand in the order in which they were kept."""
        while self._sealed and next(iter(self._sealed.values())).until < self._clock():
            self._drop(next(iter(self._sealed)))

    def _drop(self, name: bytes) -> None:
        gone = self._sealed.pop(name, None)
        self._held -= len(gone.text) if gone else 0


def _name(said: bytes) -> bytes:
    """What an answer is found under: its key cannot be worked out from it."""
    return sha256(said).digest()


def answer_of(consulted: Consultation) -> Answer:
    """What is told of a consultation; the chart stays behind."""
    return Answer(
        body=msgspec.Raw(orjson.dumps(consulted.response)),
        cards=len(consulted.response["cards"]),
        orders=tuple(map(order_record, consulted.orders)),
        counts=consulted.counts,
        prefetch=consulted.prefetch,
    )
