"""What a CDS Client sends: the envelope of a hook request, read leniently.

Required are `hook`, `hookInstance`, `context` and in it `userId` and `patientId`; anything else may be
missing, and unknown members are nobody's business. Messages name a member, never a value.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from cds_service.errors import RequestUnreadable
from cds_service.strict_json import exact, legible, members, outline, value_of

Json: TypeAlias = dict[str, Any]

_READ = ("hook", "hookInstance", "context", "fhirServer", "fhirAuthorization", "extension")


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
    """One call. `context` is the client's own object; `sent` is the prefetch as it came, b"" = none.

    `context_sent`: the context as it came.
    `at_hand`: a prefetch that nobody sent, for whoever has the chart as objects already.
    """

    hook: str
    hook_instance: str
    user_id: str = field(repr=False)
    patient_id: str = field(repr=False)  # bare: without a leading "Patient/"
    context: Json = field(repr=False)
    context_sent: bytes = field(default=b"", repr=False)
    sent: bytes = field(default=b"", repr=False)
    at_hand: object = field(default=None, repr=False)
    fhir: FhirAccess | None = field(default=None, repr=False)
    extension: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def prefetch(self) -> object:
        """Its values as they are written, or what is at hand.

        It is cut apart when it is first asked for: most orders never ask.

        Raises RequestUnreadable when a key is sent twice, or for what no reader could take.
        """
        if not self.sent:
            return self.at_hand
        return members(legible(self.sent), "prefetch") if self.sent.startswith(b"{") else None


def parse_request(body: bytes, hooks: Collection[str] = ()) -> HookRequest:
    """The request in `body` (UTF-8 JSON). `hooks`: those that the called service answers; () = any.

    Raises RequestUnreadable with the member's path.
    """
    document, written = _document(body)
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
        context_sent=written["context"],
        sent=written.get("prefetch", b""),
        fhir=_fhir_access(document, patient_id),
        extension=extension if isinstance(extension, dict) else {},
    )


def _document(body: bytes) -> tuple[Json, dict[str, bytes]]:
    """The members that we read, with no repetition where one could matter; and all as they came."""
    written = outline(body, _READ)
    document: Json = {}
    for name in _READ:
        if name in written:
            value, read = value_of(written[name])
            document[name] = exact(read, name) if isinstance(value, dict) else value
    return document, written


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
