"""Whose the prefetch is: a resource of another patient, of any type, is a sign of mixed-up patients."""

from collections.abc import Iterator
from typing import Any

from cds_service.fhir.access.opened import Opened, opened
from cds_service.fhir.datatypes.elements import JsonObject, mapping, mappings, word
from cds_service.fhir.datatypes.references import OWNER_MEMBERS, Owner, Whose
from cds_service.fhir.datatypes.sent import Cut, Resource

LAYERS = 3  # a Bundle in a Bundle, as some proxies send


def foreign_resource(prefetch: object, owner: Owner) -> str:
    """The type of the first resource that names another patient; "" when none does.

    `prefetch`: as `read_prefetch` takes it.
    """
    owners, known = Cut(*OWNER_MEMBERS), dict[tuple[bytes, ...], Whose]()
    for value in mapping(prefetch).values():
        for found in _resources(opened(value), LAYERS):
            written = owners.of(found) if isinstance(found, Resource) else ()
            if written not in known or not written:
                known[written] = owner.whose(found)
            if known[written] is Whose.ANOTHER:
                return word(found.get("resourceType")) or "resource"
    return ""


def _resources(value: Any, layers: int) -> Iterator[Resource | JsonObject]:
    if isinstance(value, Resource):
        yield value
    elif isinstance(value, Opened):
        for held, _ in value.entries:
            yield from _resources(held, layers - 1)
    else:
        yield from _in_objects(value, layers)


def _in_objects(value: Any, layers: int) -> Iterator[JsonObject]:
    for one in mappings(value):
        if one.get("resourceType") == "Bundle" and layers:
            for entry in mappings(one.get("entry")):
                yield from _in_objects(entry.get("resource"), layers - 1)
        else:
            yield one
