"""Whose the prefetch is: a resource of another patient, of any type, is a sign of mixed-up patients."""

from collections.abc import Iterator
from typing import Any

from cds_service.fhir.datatypes.elements import JsonObject, mapping, mappings, word
from cds_service.fhir.datatypes.references import Owner, Whose

LAYERS = 3  # a Bundle in a Bundle, as some proxies send


def foreign_resource(prefetch: object, owner: Owner) -> str:
    """The type of the first resource that names another patient; "" when none does."""
    for value in mapping(prefetch).values():
        for resource in _resources(value, LAYERS):
            if owner.whose(resource) is Whose.ANOTHER:
                return word(resource.get("resourceType")) or "resource"
    return ""


def _resources(value: Any, layers: int) -> Iterator[JsonObject]:
    for one in mappings(value):
        if one.get("resourceType") == "Bundle" and layers:
            for entry in mappings(one.get("entry")):
                yield from _resources(entry.get("resource"), layers - 1)
        else:
            yield one
