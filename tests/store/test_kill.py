"""What was answered with 200 is kept, even if the process dies in the next instant."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from uuid import uuid4

import httpx

from cds_service.store import tables
from tests.served import Served, served
from tests.store.serving import SELECT, feedback, overridden
from tests.store.stores import rows

POSTS = 1000
CALLERS = 4


class _Callers:
    """Clients that send `cards` in turn until all are sent or nobody answers any more."""

    def __init__(self, service: Served, cards: list[str], kill_after: int | None = None) -> None:
        self._service = service
        self._cards = iter(cards)
        self._kill_after = kill_after
        self._answers = count(1)
        self._turn = threading.Lock()
        self.answered: set[str] = set()

    def send(self) -> None:
        """All that is left."""
        with ThreadPoolExecutor(CALLERS) as callers:
            for caller in [callers.submit(self._send_in_turn) for _ in range(CALLERS)]:
                caller.result()

    def _send_in_turn(self) -> None:
        with self._service.client() as client:
            while card := self._next():
                try:
                    answer = client.post(f"{SELECT}/feedback", json=feedback(overridden(card)))
                except httpx.TransportError:
                    return  # the service is dead; whether it kept this one is not known
                assert answer.status_code == 200
                self.answered.add(card)
                if next(self._answers) == self._kill_after:
                    os.kill(self._service.process.pid, signal.SIGKILL)

    def _next(self) -> str | None:
        with self._turn:
            return next(self._cards, None)


def test_kill_9_amid_1000_feedback_posts_loses_none_that_got_a_200(url: str) -> None:
    cards = [str(uuid4()) for _ in range(POSTS)]
    with served(DATABASE_URL=url) as service:
        before = _Callers(service, cards, kill_after=POSTS // 2)
        before.send()
        assert service.process.wait() == -signal.SIGKILL
    assert POSTS // 2 <= len(before.answered) < POSTS
    assert before.answered <= _kept(url)

    rest = [card for card in cards if card not in before.answered]
    with served(DATABASE_URL=url) as service:  # what was in doubt is sent again, as an EHR would
        _Callers(service, rest).send()
    assert _kept(url) == set(cards)
    assert len(rows(url, tables.feedback)) == POSTS


def _kept(url: str) -> set[str]:
    return {row["card"] for row in rows(url, tables.feedback)}
