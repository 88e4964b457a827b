"""New identifiers: UUIDs, in text (RFC 9562).

Randomness is fetched for many at once: asking the system for it costs more than all the rest, and lets other
threads in at every call.
"""

import os
import time
from typing import Final

AT_ONCE: Final = 64
_DIGITS: Final = 32
_VARIANT: Final = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}

_unused: Final[list[str]] = []  # random digits, each used once
os.register_at_fork(after_in_child=_unused.clear)


def random_id() -> str:
    """A UUID of version 4: tells nothing."""
    digits = _random()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"


def timed_id() -> str:
    """A UUID of version 7: tells when it was made. Rows in this order are added at the end of an index."""
    digits, at = _random(), f"{time.time_ns() // 1_000_000:012x}"
    return f"{at[:8]}-{at[8:]}-7{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"


def _random() -> str:
    while True:
        try:
            return _unused.pop()
        except IndexError:
            drawn = os.urandom(AT_ONCE * _DIGITS // 2).hex()
            _unused.extend(drawn[at : at + _DIGITS] for at in range(0, len(drawn), _DIGITS))
