"""A resource as it was sent: an object that is read as far as somebody asks.

Most of a chart matters to nobody. The members that decide whether a resource does (whose it is, its status,
its codes) are cut out as they are written, so that what is written alike is read once.
"""

import json
from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any

import msgspec
import orjson

from cds_service.fhir.datatypes.elements import JsonObject, word
from cds_service.fhir.datatypes.references import OWNER_MEMBERS

_ABSENT = msgspec.Raw(b"")
_BETWEEN = b"\0"  # never part of JSON
_CUT_OUT = (
    *OWNER_MEMBERS,
    *("status", "verificationStatus", "notDone", "modifierExtension", "implicitRules", "contained"),
    *("code", "category", "bodySite", "component", "type", "deviceName", "safety", "reaction"),
    *("valueCodeableConcept", "valueString", "valueBoolean", "conclusionCode", "result"),
    *("effectiveDateTime", "procedureCode", "series", "modality", "description"),
)
_HEAD: msgspec.json.Decoder[Any] = msgspec.json.Decoder(
    msgspec.defstruct(
        "Head",
        [
            *((name, Any, None) for name in ("resourceType", "id")),
            *((name, msgspec.Raw, _ABSENT) for name in _CUT_OUT),
        ],
        frozen=True,
        gc=False,
    )
)


class Resource(Mapping[str, Any]):
    """`kind` and `name` ("Condition/x") as `word` reads them; `whole`: all of it."""

    __slots__ = ("_text", "_whole", "head", "id", "kind", "name")

    def __init__(self, text: bytes | msgspec.Raw, whole: JsonObject | None = None) -> None:
        """`text`: a JSON object; ValueError for anything else. `whole`: what it says, where that is known."""
        self._text = text
        self._whole = whole
        self.head = _HEAD.decode(text)
        kind, found = self.head.resourceType, self.head.id
        self.kind = kind.strip() if type(kind) is str else word(self.whole.get("resourceType"))
        # The two parsers differ over whole numbers beyond 64 bits; names are what `whole` says.
        self.id = found.strip() if type(found) is str else "" if found is None else word(self.whole["id"])
        self.name = f"{self.kind}/{self.id}" if self.id else self.kind

    @property
    def whole(self) -> JsonObject:
        """All of it, read."""
        if self._whole is None:
            self._whole = orjson.loads(bytes(self._text))
        return self._whole

    def has(self, member: str) -> bool:
        """Whether a member that is cut out was sent at all."""
        return getattr(self.head, member) is not _ABSENT

    def written(self, member: str) -> bytes:
        """A member that is cut out, as it is written; b"" = not sent."""
        return bytes(getattr(self.head, member))

    def __getitem__(self, member: str) -> Any:
        return self.whole[member]

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole)

    def __len__(self) -> int:
        return len(self.whole)


def resource(whole: JsonObject) -> Resource:
    """A resource that is at hand as an object."""
    try:
        return Resource(orjson.dumps(whole), whole)
    except TypeError:  # whole numbers beyond 64 bits, as Python reads them: here they are floats
        plain = json.loads(json.dumps(whole), parse_int=_whole_number, parse_constant=float)
        return Resource(orjson.dumps(plain), whole)


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) < len(str(2**63)) else float(digits)


class Cut:
    """Some members of a resource (two at least) as they are written, to tell what is written alike."""

    def __init__(self, *members: str) -> None:
        self._members = members
        self._of = attrgetter(*members)

    def of(self, found: Resource) -> bytes:
        """The members of one resource, one after the other; nothing for one that was not sent."""
        return _BETWEEN.join(self._of(found.head))

    def read(self, written: bytes) -> JsonObject:
        """An object of these members and no others."""
        there = zip(self._members, written.split(_BETWEEN), strict=True)
        return {name: orjson.loads(text) for name, text in there if text}
