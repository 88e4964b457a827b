"""What was made of words before, without keeping the words: a chart's problem list is read at every click."""

import secrets
from collections.abc import Callable
from hashlib import blake2b
from threading import Lock
from typing import Generic, TypeVar

Made = TypeVar("Made")

MOST = 500  # entries of one kind; what came first goes first


class Remembered(Generic[Made]):
    """Results by a keyed digest of what they were made from.

    The key is drawn anew for each process, so a digest tells nobody which words it was of. What is
    remembered must not quote them either.
    """

    def __init__(self, most: int = MOST) -> None:
        self._made: dict[bytes, Made] = {}
        self._most = most
        self._secret = secrets.token_bytes(32)
        self._adding = Lock()

    def get(self, words: str, make: Callable[[], Made]) -> Made:
        """What was made of these words; `make` is called for words not met lately."""
        digest = blake2b(words.encode("utf-8", "surrogatepass"), digest_size=16, key=self._secret).digest()
        found = self._made.get(digest)
        if found is None:
            found = make()
            with self._adding:
                while len(self._made) >= self._most:
                    del self._made[next(iter(self._made))]
                self._made[digest] = found
        return found
