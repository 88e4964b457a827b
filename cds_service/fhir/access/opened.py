"""An answer as it was sent, opened as far as its entries: what they hold is read when somebody asks.

A Bundle that is no list of objects, or holds Bundles, is handed on as plain JSON, for `searchset`.
"""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec
import orjson

from cds_service.fhir.datatypes.elements import JsonObject, mapping
from cds_service.fhir.datatypes.sent import Resource, resource
from cds_service.strict_json import BYTE_ORDER_MARK, check_nesting, is_plain, whole_object

_NO_RESOURCE = msgspec.Raw(b"null")


class _Entry(msgspec.Struct, frozen=True, gc=False):
    resource: msgspec.Raw = _NO_RESOURCE
    search: Any = None


class _Bundle(msgspec.Struct, frozen=True):
    resourceType: Any = None  # noqa: N815 - FHIR's name
    entry: list[_Entry] | None = None
    link: Any = None
    total: Any = None


_BUNDLE = msgspec.json.Decoder(_Bundle)


@dataclass(frozen=True, slots=True)
class Opened:
    """A Bundle. `entries`: each Resource, or what else stands in its place, with its search mode."""

    entries: list[tuple[object, object]] = field(repr=False)
    marks: JsonObject = field(repr=False)  # its `link` and `total`

    @property
    def nested(self) -> bool:
        """Whether it holds a Bundle."""
        others = (held for held, _ in self.entries if not isinstance(held, Resource))
        return any(mapping(each).get("resourceType") == "Bundle" for each in others)


Answer: TypeAlias = Opened | object  # an object is plain JSON


def opened(value: object) -> Answer:
    """A value as it was written (bytes), or as plain JSON, opened if it is a Bundle without Bundles in it.

    What has been opened, and what cannot be, is handed back as plain JSON.
    """
    if isinstance(value, bytes):
        return _written(value) or opened(orjson.loads(value))
    if isinstance(value, dict) and value.get("resourceType") == "Bundle" and _is_list(value.get("entry")):
        found = open_bundle(value)
        return value if found.nested else found
    return value


def open_all(prefetch: object) -> object:
    """A prefetch with each of its values opened."""
    if not isinstance(prefetch, dict):
        return prefetch
    return {name: opened(value) for name, value in prefetch.items()}


def open_body(body: bytes) -> Answer:
    """What a server answered. Raises RequestUnreadable when that is no JSON object."""
    body = body.removeprefix(BYTE_ORDER_MARK)
    check_nesting(body)
    return (_written(body) if is_plain(body) else None) or opened(whole_object(body)[0])


def _written(text: bytes) -> Opened | None:
    try:
        found = _BUNDLE.decode(text)
        if found.resourceType != "Bundle":
            return None
        entries = [(_held(each.resource), mapping(each.search).get("mode")) for each in found.entry or ()]
    except msgspec.MsgspecError:
        return None
    bundle = Opened(entries, {"link": found.link, "total": found.total})
    return None if bundle.nested else bundle


def _held(text: msgspec.Raw) -> object:
    """A resource to be read later; an OperationOutcome, a Bundle or what is no resource as plain JSON."""
    try:
        found = Resource(text)
    except msgspec.ValidationError:
        return orjson.loads(bytes(text))
    return found if _is_content(found.head.resourceType) else found.whole


def open_bundle(bundle: JsonObject) -> Opened:
    """A Bundle that is at hand as an object."""
    listed = bundle.get("entry")
    entries = [mapping(each) for each in listed] if isinstance(listed, list) else []
    return Opened(
        [(_object_held(each.get("resource")), mapping(each.get("search")).get("mode")) for each in entries],
        bundle,
    )


def _object_held(value: object) -> object:
    found = isinstance(value, dict) and _is_content(value.get("resourceType"))
    return resource(mapping(value)) if found else value


def _is_list(entries: object) -> bool:
    return entries is None or isinstance(entries, list)


def _is_content(kind: object) -> bool:
    """Whether resources of this type say something of a patient, rather than of a search."""
    return isinstance(kind, str) and kind not in ("Bundle", "OperationOutcome")
