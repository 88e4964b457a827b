"""Request ids: the same on every log line of a request, on its answer, and on the caller's side.

A caller's `X-Request-ID` is taken over only if a machine made it (UUID, ULID or hexadecimal digits): what
anybody may type there could be a patient's number, and it would stand in the log.
"""

import re
from typing import Final

from cds_service.identifiers import random_id

HEADER: Final = "X-Request-ID"
_UUID: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ULID: Final = "[0-7][0-9a-hjkmnp-tv-z]{25}"
_HEX: Final = "(?=[0-9]*[a-f])[0-9a-f]{16,64}"
_MADE_BY_A_MACHINE: Final = re.compile(f"{_UUID}|{_ULID}|{_HEX}", re.IGNORECASE)


def request_id(sent: str) -> str:
    """The caller's id if it can be taken over, else a new one. `sent`: the header, "" = none."""
    return sent if _MADE_BY_A_MACHINE.fullmatch(sent) else random_id().replace("-", "")
