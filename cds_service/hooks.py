"""What a CDS Client sends: the envelope of a hook request, read leniently.

Required are `hook`, `hookInstance`, `context` and in it `userId` and `patientId`; anything else may be
missing, and unknown members are nobody's business. Messages name a member, never a value.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import msgspec
import orjson

from cds_service.errors import RequestUnreadable
from cds_service.skimming import is_plain

Json: TypeAlias = dict[str, Any]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# An escaped half of a surrogate pair without its other half.
HALF_PAIR = re.compile(
    rb"(?<!\\)(?:\\u[dD][89aAbB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89aAbB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
MAX_DEPTH = 64  # FHIR JSON stays below 20; what we copy into an answer must not exhaust a stack
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class FhirAccess:
    """Where the client's FHIR server is and with what it may be asked, for this request only.

    `token` is None when the server is to be asked without one. `patient`: whom the token is for.
    """

    base: str
    token: str | None = field(default=None, repr=False)
    scope: str | None = None
    subject: str | None = None
    patient: str | None = None


@dataclass(frozen=True)
class HookRequest:
    """One call. `context` is the client's own object; `sent` is the prefetch as it came, b"" = none."""

    hook: str
    hook_instance: str
    user_id: str = field(repr=False)
    patient_id: str = field(repr=False)  # bare: without a leading "Patient/"
    context: Json = field(repr=False)
    sent: bytes = field(default=b"", repr=False)
    fhir: FhirAccess | None = field(default=None, repr=False)
    extension: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def prefetch(self) -> object:
        """Whatever stood there, read when it is first asked for: most orders never ask."""
        return _parsed(self.sent) if self.sent else None


def parse_request(body: bytes, hooks: Collection[str] = ()) -> HookRequest:
    """The request in `body` (UTF-8 JSON). `hooks`: those that the called service answers; () = any.

    Raises RequestUnreadable with the member's path.
    """
    document, sent = _document(body)
    hook = _text(document, "hook")
    if hooks and hook not in hooks:
        raise RequestUnreadable(f"This service answers {_listed(hooks)} only.", "hook")
    instance = _text(document, "hookInstance")
    context = document.get("context")
    if not isinstance(context, dict):
        raise RequestUnreadable("`context` must be an object.", "context")
    _check_orders(context)
    patient_id = _text(context, "patientId", "context.").removeprefix("Patient/")
    if not patient_id:
        raise RequestUnreadable("`context.patientId` must be a Patient's id.", "context.patientId")
    extension = document.get("extension")
    return HookRequest(
        hook=hook,
        hook_instance=instance,
        user_id=_text(context, "userId", "context."),
        patient_id=patient_id,
        context=context,
        sent=sent,
        fhir=_fhir_access(document, patient_id),
        extension=extension if isinstance(extension, dict) else {},
    )


def _document(body: bytes) -> tuple[Json, bytes]:
    """The members that we read, and the prefetch as it came."""
    body = body.removeprefix(BYTE_ORDER_MARK)
    members = _members(body)
    wanted = [name for name in _READ if name in members]
    document = {name: _parsed(members[name]) for name in wanted}
    if "context" in document:
        document["context"] = _with_exact_decimals(document["context"], bytes(members["context"]))
    return document, bytes(members.get("prefetch", b""))


_READ = ("hook", "hookInstance", "context", "fhirServer", "fhirAuthorization", "extension")


def _members(body: bytes) -> Mapping[str, bytes | msgspec.Raw]:
    """The members of the document, each as it came. The whole is JSON, and not nested too deep.

    Skipping over members costs a fifth of reading them. Where anything is out of the ordinary the document
    is read after all, which tells what is wrong with it.
    """
    if is_plain(body, MAX_DEPTH):
        try:
            return _MEMBERS.decode(body)
        except msgspec.MsgspecError:
            pass
    document = _parsed(body)
    if not isinstance(document, dict):
        raise RequestUnreadable("The body must be a JSON object.")
    _check_depth(document)
    return _MEMBERS.decode(HALF_PAIR.sub(rb"\\ufffd", body))


def _parsed(text: bytes | msgspec.Raw) -> Any:
    try:
        return _loaded(bytes(text))
    except orjson.JSONDecodeError:
        # Not chained: the parser's message quotes the document.
        raise RequestUnreadable("The body is not JSON (RFC 8259, UTF-8).") from None


def _loaded(body: bytes) -> Any:
    """Half a surrogate pair in some text costs that character, not the request."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        whole = HALF_PAIR.sub(rb"\\ufffd", body)
        if whole == body:
            raise
        return orjson.loads(whole)


def _with_exact_decimals(context: Any, text: bytes) -> Any:
    """The orders with decimals as they were written: FHIR's 1.00 is more exact than 1.0, and it goes back."""
    if isinstance(context, dict) and _holds_decimal(context.get("draftOrders")):
        whole = HALF_PAIR.sub(rb"\\ufffd", text)
        exact = json.loads(whole, parse_float=lambda written: orjson.Fragment(written.encode()))
        context["draftOrders"] = exact["draftOrders"]
    return context


def _holds_decimal(value: object) -> bool:
    if isinstance(value, dict):
        return any(_holds_decimal(member) for member in value.values())
    if isinstance(value, list):
        return any(_holds_decimal(item) for item in value)
    return isinstance(value, float)


def _check_depth(document: Json) -> None:
    """Level by level, since recursion is what too deep a document would break."""
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise RequestUnreadable(f"The body is nested more than {MAX_DEPTH} levels deep.")


def _text(members: Mapping[str, Any], name: str, path: str = "") -> str:
    value = members.get(name)
    if not isinstance(value, str) or not value.strip():
        raise RequestUnreadable(f"`{path}{name}` must be a non-empty string.", f"{path}{name}")
    return value


def _check_orders(context: Json) -> None:
    """Missing orders are a stripped call, answered without cards; orders of a wrong type are a fault."""
    if not isinstance(context.get("draftOrders"), dict | None):
        raise RequestUnreadable("`context.draftOrders` must be a Bundle.", "context.draftOrders")
    if not isinstance(context.get("selections"), list | None):
        raise RequestUnreadable("`context.selections` must be an array.", "context.selections")


def _fhir_access(document: Json, patient_id: str) -> FhirAccess | None:
    """None without a server, and when the token is for another patient than the request."""
    base = document.get("fhirServer")
    if not isinstance(base, str) or not base.strip():
        return None
    given = document.get("fhirAuthorization")
    grant: Json = given if isinstance(given, dict) else {}
    patient = _optional_text(grant, "patient")
    if patient is not None and patient.removeprefix("Patient/") != patient_id:
        return None
    token = _bearer(grant)
    if token is None and grant.get("access_token") is not None:
        return None  # a token that cannot be used: asking without it would be another request
    return FhirAccess(
        base=base.strip().rstrip("/"),
        token=token,
        scope=_optional_text(grant, "scope"),
        subject=_optional_text(grant, "subject"),
        patient=patient,
    )


def _bearer(grant: Json) -> str | None:
    """The token if it can stand in a header; any other kind of token than Bearer is not ours to use."""
    token, kind = grant.get("access_token"), grant.get("token_type", "Bearer")
    if not isinstance(token, str) or not isinstance(kind, str) or kind.lower() != "bearer":
        return None
    return token if token.strip() and token.isascii() and token.isprintable() else None


def _optional_text(members: Json, name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) and value else None


def _listed(hooks: Collection[str]) -> str:
    return " and ".join(f"`{hook}`" for hook in sorted(hooks))
