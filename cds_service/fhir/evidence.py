"""Which resources of a chart may be used as evidence, and how far.

A resource of another patient makes the whole chart unusable. One that is withdrawn (entered in error,
refuted, cancelled) is left out. One that cannot be relied on (not known whose, a modifier extension,
status unknown) stays as a *doubtful* entry: it never proves anything, but it leaves a fact open.
"""

from collections.abc import Mapping

from cds_service.fhir.access.prefetch import ResourceSet
from cds_service.fhir.datatypes.elements import JsonObject, mappings, status_words, word
from cds_service.fhir.datatypes.references import OWNER_MEMBERS, Owner, Whose
from cds_service.fhir.datatypes.sent import Cut, Resource
from cds_service.fhir.datatypes.sent import resource as sent
from cds_service.fhir.datatypes.versions import newest_versions
from cds_service.fhir.records import Entry, Group, Records

_NOT_DONE = frozenset(("preparation", "not-done", "on-hold", "stopped", "aborted", "suspended"))
_ERROR = frozenset(("entered-in-error", "nullified"))
# Statuses under which a resource says nothing (or, `status` unknown, nothing to rely on), by type.
WITHDRAWN: Mapping[str, frozenset[str]] = {
    "Condition": _ERROR | {"refuted"},
    "AllergyIntolerance": _ERROR | {"refuted"},
    "Observation": _ERROR | {"registered", "cancelled"},
    "DiagnosticReport": _ERROR | {"registered", "cancelled", "unknown"},
    "ImagingStudy": _ERROR | {"registered", "cancelled", "unknown"},
    "Procedure": _ERROR | _NOT_DONE | {"unknown"},
    "Device": _ERROR | {"inactive"},
}
UNDERSTOOD: Mapping[str, frozenset[str]] = {
    "Observation": frozenset(("final", "amended", "corrected", "appended", "preliminary")),
    "DiagnosticReport": frozenset(("final", "amended", "corrected", "appended", "preliminary", "partial")),
    "ImagingStudy": frozenset(("available", "started")),
    "Procedure": frozenset(("completed", "in-progress")),
    "Device": frozenset(("active", "unknown")),
}

_STANDING = Cut(
    *OWNER_MEMBERS,
    *("status", "verificationStatus", "notDone", "modifierExtension", "implicitRules"),
)
# Members that decide what a resource of each type can say: a reader of `Records.alike` is given no others.
SAYING: Mapping[str, tuple[str, ...]] = {
    "Condition": ("code", "bodySite"),
    "AllergyIntolerance": ("code", "reaction"),
    "Observation": (
        *("code", "bodySite", "component"),
        *("valueCodeableConcept", "valueString", "valueBoolean"),
    ),
    "DiagnosticReport": ("category", "code", "bodySite"),
    "ImagingStudy": ("procedureCode", "series", "modality", "description"),
    "Procedure": ("code", "bodySite", "deviceName"),
    "Device": ("type", "deviceName", "safety"),
}
_SAYING = {kind: Cut(*members) for kind, members in SAYING.items()}
_BY_VERIFICATION = frozenset(("Condition", "AllergyIntolerance"))
NOT_OURS = "it is not stated whose it is"
MODIFIED = "it carries a modifier that we do not know"
ODD_STATUS = "its status is not known"


def sort_out(sets: Mapping[str, ResourceSet], owner: Owner) -> Records:
    """One pass over everything that came: whose it is, whether it counts, and under which name."""
    records = Records(owner, sets, groups={kind: {} for kind in SAYING})
    place = 0
    for resource in newest_versions(one for found in sets.values() for one in found.resources):
        if resource.kind == "Patient":
            _file_patient(records, resource)
        elif resource.kind in SAYING:
            place = _file(records, resource, place)
    return records


def _file(records: Records, resource: Resource, place: int) -> int:
    """File it, and what it contains. Gives the place of the next one."""
    alike = _alike(records, resource)
    if alike.whose is Whose.ANOTHER:
        records.foreign = records.foreign or resource.kind
    elif alike.doubt is not None:
        doubt = alike.doubt if alike.whose is Whose.OURS else NOT_OURS
        entry = Entry(resource.kind, resource.name, resource, place, doubt)
        records.add(entry, alike)
        return _file_contained(records, entry, alike.whose) if resource.has("contained") else place + 1
    return place


def _alike(records: Records, resource: Resource) -> Group:
    """The entries that are written like this resource."""
    kind = resource.kind
    groups, standing, saying = records.groups[kind], _STANDING.of(resource), _SAYING[kind].of(resource)
    if (standing, saying) not in groups:
        whose, doubt = _stands(records, kind, standing)
        groups[standing, saying] = Group(_SAYING[kind].read(saying), whose, doubt)
    return groups[standing, saying]


def _stands(records: Records, kind: str, written: bytes) -> tuple[Whose, str | None]:
    """Whose a resource is and whether it counts: a chart has few ways of writing that."""
    if (kind, written) not in records.standings:
        said = _STANDING.read(written)
        records.standings[kind, written] = records.owner.whose(said), _standing(kind, said)
    return records.standings[kind, written]


def _file_patient(records: Records, resource: Resource) -> None:
    if resource.id == records.owner.patient_id:
        records.patient = records.patient or resource.whole
    elif resource.id:
        records.foreign = records.foreign or "Patient"


def _file_contained(records: Records, parent: Entry, whose: Whose) -> int:
    """Observations inside another resource: theirs is the patient of the outer one unless they name one."""
    place = parent.place + 1
    for inner in mappings(parent.raw.get("contained")):
        if records.owner.whose(inner) is Whose.ANOTHER:
            records.foreign = records.foreign or word(inner.get("resourceType"))
        elif inner.get("resourceType") == "Observation":
            within = sent(inner)
            alike = _alike(records, within)
            if alike.doubt is not None:
                doubt = parent.doubt or (alike.doubt if whose is Whose.OURS else NOT_OURS)
                name = f"{parent.name}#{within.id}"
                records.add(Entry("Observation", name, within, place, doubt), alike)
                place += 1
    return place


def _standing(kind: str, resource: JsonObject) -> str | None:
    """Why a resource cannot be relied on, whoever's it is; "" = it can, None = it says nothing."""
    if is_withdrawn(kind, resource):
        return None
    if resource.get("modifierExtension") or resource.get("implicitRules"):
        return MODIFIED
    status = status_words(resource.get("status"))  # an absent one is let pass: nothing speaks against it
    known = kind in _BY_VERIFICATION or not status or not status.isdisjoint(UNDERSTOOD[kind])
    return "" if known else ODD_STATUS


def is_withdrawn(kind: str, resource: JsonObject) -> bool:
    """Entered in error, refuted, cancelled, not (yet) done: says nothing about the patient."""
    if resource.get("notDone") is True:  # STU3 Procedure
        return True
    named = status_words(resource.get("status")) | status_words(resource.get("verificationStatus"))
    return not named.isdisjoint(WITHDRAWN[kind])
