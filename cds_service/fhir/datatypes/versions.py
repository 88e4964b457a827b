"""Names and versions of resources: one may be sent twice, and the newer one counts."""

from collections.abc import Iterable

from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.elements import JsonObject, mapping, word
from cds_service.fhir.datatypes.sent import Resource


def newest_versions(resources: Iterable[Resource]) -> list[Resource]:
    """Each resource once: of several versions under one id the one updated last, else the one sent last."""
    kept: dict[object, Resource] = {}
    for position, resource in enumerate(resources):
        key: object = resource.name if resource.id else position
        other = kept.get(key)
        if other is None or _version(resource.whole) >= _version(other.whole):
            kept[key] = resource
    return list(kept.values())


def _version(resource: JsonObject) -> tuple[str, int]:
    """Sorts versions: by last update (dates written alike compare as text), then by version number."""
    meta = mapping(resource.get("meta"))
    number = word(meta.get("versionId"))
    updated = dates.parse(meta.get("lastUpdated"))
    moment = updated and (updated.moment or updated.first)
    return (
        moment.isoformat() if moment else "",
        int(number) if number.isdecimal() and len(number) < 19 else 0,
    )
