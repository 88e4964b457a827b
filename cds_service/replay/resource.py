"""One line of an export as a resource: what it is and whose, or why it cannot be read. Nothing raises."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from cds_service.fhir.access.prefetch import OBSERVATION_CODES
from cds_service.fhir.datatypes.elements import loinc_of, mapping, mappings, word
from cds_service.fhir.datatypes.references import OWNER_MEMBERS, Target, parse
from cds_service.fhir.orders import ORDER_TYPES
from cds_service.replay.inputs import READ_TYPES

NOT_JSON = "not JSON"
NOT_AN_OBJECT = "not a JSON object"
NO_TYPE = "no resourceType"
TOO_DEEP = "nested too deep"
MAX_DEPTH = 64  # as for requests: what is copied into an answer must not exhaust a stack
_WANTED_LOINC = frozenset(OBSERVATION_CODES)


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource that the replay reads. `patient`: bare id, "" = it names none.

    `server`: of an absolute reference to the patient.
    """

    kind: str
    id: str
    patient: str
    server: str = ""


def read_line(content: bytes) -> Mapping[str, Any] | str:
    """The object in a line, or why there is none."""
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return NOT_JSON
    if not isinstance(found, dict):
        return NOT_AN_OBJECT
    if content.count(b"[") + content.count(b"{") > MAX_DEPTH and _depth(found) > MAX_DEPTH:
        return TOO_DEEP
    return found if word(found.get("resourceType")) else NO_TYPE


def mended(content: bytes) -> bytes:
    """The line as the service would read it: half a surrogate pair costs that character alone."""
    try:
        return json.dumps(json.loads(content), ensure_ascii=False).encode("utf-8", "replace")
    except (ValueError, RecursionError):
        return content


def _depth(value: object) -> int:
    """How deep objects and arrays are nested."""
    level, depth = [value], 0
    while level:
        nested = (v for v in level if isinstance(v, dict | list))
        level = [inner for v in nested for inner in (v.values() if isinstance(v, dict) else v)]
        depth += 1
    return depth


def resource_of(raw: Mapping[str, Any]) -> Resource | None:
    """What a line holds; None for a type or an Observation that the service never asks for."""
    kind = word(raw.get("resourceType"))
    if kind not in READ_TYPES:
        return None
    if kind == "Observation" and not loinc_of(raw.get("code"), _WANTED_LOINC):
        return None
    found = word(raw.get("id"))
    if kind == "Patient":
        return Resource(kind, found, found)
    whose = _patient(raw)
    return Resource(kind, found, whose.id, whose.base) if whose else Resource(kind, found, "")


def entries_of(raw: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], bytes]]:
    """What a Bundle in a line holds, each with its text; nothing for any other resource."""
    if raw.get("resourceType") != "Bundle":
        return []
    found = (mapping(entry.get("resource")) for entry in mappings(raw.get("entry")))
    return [(one, orjson.dumps(one)) for one in found if word(one.get("resourceType"))]


def fhir_version(raw: Mapping[str, Any]) -> str:
    """The release that an order's shape belongs to; R4 where nothing speaks against it."""
    if raw.get("resourceType") == ORDER_TYPES[1]:
        return "STU3"
    code = mapping(raw.get("code"))
    return "R5" if "concept" in code or "reference" in code or "reason" in raw else "R4"


def _patient(raw: Mapping[str, Any]) -> Target | None:
    """Whose it is: the first reference to a Patient, or to an entry by URN."""
    for member in OWNER_MEMBERS:
        for reference in mappings(raw.get(member)):
            target = parse(reference)
            if target is not None and target.kind in ("Patient", ""):
                return target
    return None
