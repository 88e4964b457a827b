"""Whose the prefetch is: a resource of another patient, of any type, is a sign of mixed-up patients."""

from collections.abc import Iterator
from typing import Any

from cds_service.fhir.access.opened import Opened, opened
from cds_service.fhir.datatypes.elements import JsonObject, mapping, mappings, word
from cds_service.fhir.datatypes.references import OWNER_MEMBERS, Owner, Whose
from cds_service.fhir.datatypes.sent import Cut, Resource

LAYERS = 3  # a Bundle in a Bundle, as some proxies send
_OWNERS = Cut(*OWNER_MEMBERS)


def foreign_resource(prefetch: object, owner: Owner) -> str:
    """The type of the first resource that names another patient; "" when none does.

    `prefetch`: as `read_prefetch` takes it.
    """
    ours: set[bytes] = set()  # owners that are not another patient, as they are written
    for value in mapping(prefetch).values():
        for found in _resources(opened(value)):
            written = _OWNERS.of(found) if isinstance(found, Resource) else None
            if written in ours:
                continue
            named = found if written is None else _OWNERS.read(written)
            if owner.whose(named) is Whose.ANOTHER:
                return word(found.get("resourceType")) or "resource"
            if written is not None:
                ours.add(written)
    return ""


def _resources(value: Any) -> Iterator[Resource | JsonObject]:
    if not isinstance(value, Opened):
        yield from _in_objects(value, LAYERS)
        return
    for held, _ in value.entries:
        if isinstance(held, Resource):
            yield held
        else:
            yield from _in_objects(held, LAYERS - 1)


def _in_objects(value: Any, layers: int) -> Iterator[JsonObject]:
    for one in mappings(value):
        if one.get("resourceType") == "Bundle" and layers:
            for entry in mappings(one.get("entry")):
                yield from _in_objects(entry.get("resource"), layers - 1)
        else:
            yield one
