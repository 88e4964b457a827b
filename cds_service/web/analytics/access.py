"""Who may see the numbers: whoever knows the operator's password, over TLS or on this machine."""

import base64
import binascii
import hmac
from dataclasses import dataclass, field
from typing import Final

from fastapi import Request
from starlette.exceptions import HTTPException

ASK: Final = {"WWW-Authenticate": 'Basic realm="Liver Lesion CDS: operator", charset="UTF-8"'}
LOOPBACK: Final = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Operator:
    """`behind_tls`: the service is reached by https, whatever stands between that and this process."""

    password: str = field(repr=False)
    behind_tls: bool = False

    def admit(self, request: Request) -> None:
        """Raises 403 where the password could be overheard, 401 without it. Any user name will do."""
        if not self._unheard(request):
            raise HTTPException(403, "The numbers are shown over TLS, or on the machine of the service.")
        if not hmac.compare_digest(_password(request).encode(), self.password.encode()):
            raise HTTPException(401, "The operator's password is asked for.", ASK)

    def _unheard(self, request: Request) -> bool:
        on_this_machine = request.client is not None and request.client.host in LOOPBACK
        return self.behind_tls or on_this_machine or request.url.scheme == "https"


def _password(request: Request) -> str:
    """What HTTP Basic holds after the user name; "" when there is nothing of the kind."""
    kind, _, written = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        pair = base64.b64decode(written.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return pair.partition(":")[2]
