"""Which resources of a chart may be used as evidence, and how far.

A resource of another patient makes the whole chart unusable. One that is withdrawn (entered in error,
refuted, cancelled) is left out. One that cannot be relied on (not known whose, a modifier extension,
status unknown) stays as a *doubtful* entry: it never proves anything, but it leaves a fact open.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TypeVar

import msgspec

from cds_service.fhir.access.prefetch import ResourceSet, State
from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.dates import When
from cds_service.fhir.datatypes.elements import (
    Concept,
    JsonObject,
    codings,
    concept,
    is_loinc,
    mappings,
    quoted,
    status_words,
    word,
)
from cds_service.fhir.datatypes.references import OWNER_MEMBERS, Owner, Target, Whose, parse, targets
from cds_service.fhir.datatypes.sent import Cut, Resource
from cds_service.fhir.datatypes.sent import resource as sent
from cds_service.fhir.datatypes.versions import newest_versions
from cds_service.guideline.chart import Evidence, Searched

T = TypeVar("T")

# What a reader may break with on a resource that is stranger than anything it was written for.
BREAKS = (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError)

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
# Members that decide whether a resource counts, and what it can say by its type.
_VALUES = ("valueCodeableConcept", "valueString", "valueBoolean")
_STANDING = ("status", "verificationStatus", "notDone", "modifierExtension", "implicitRules")
SAYING: Mapping[str, tuple[str, ...]] = {
    "Condition": ("code", "bodySite"),
    "AllergyIntolerance": ("code", "reaction"),
    "Observation": ("code", "bodySite", "component", *_VALUES),
    "DiagnosticReport": ("category", "code", "bodySite"),
    "ImagingStudy": ("procedureCode", "series", "modality", "description"),
    "Procedure": ("code", "bodySite", "deviceName"),
    "Device": ("type", "deviceName", "safety"),
}
_CUT = {kind: Cut(*OWNER_MEMBERS, *_STANDING, *members) for kind, members in SAYING.items()}
_BY_VERIFICATION = frozenset(("Condition", "AllergyIntolerance"))
NOT_OURS = "it is not stated whose it is"
MODIFIED = "it carries a modifier that we do not know"
ODD_STATUS = "its status is not known"


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One resource of this chart. `doubt`: why it cannot be relied on; "" = it can."""

    kind: str
    name: str  # "Condition/x"; "DiagnosticReport/y#z" for a contained resource
    sent: Resource
    doubt: str = ""

    @property
    def raw(self) -> JsonObject:
        """All of it, read."""
        return self.sent.whole

    @property
    def code(self) -> Concept:
        """What it calls itself."""
        return concept(self.raw.get("code"))

    @property
    def reliable(self) -> bool:
        """Whether it may prove something."""
        return not self.doubt

    def evidence(self, text: str, when: When | None) -> Evidence:
        """This resource as evidence, in its own words; a date without a day goes with the words."""
        stated = f" ({when.stated})" if when and when.stated else ""
        return Evidence(self.name, quoted(text) + stated, dates.day_of(when))


@dataclass(slots=True)
class _Group:
    """Entries that are written alike, with their places in the chart. `said`: the members that are."""

    said: JsonObject
    doubt: str | None  # None = they say nothing
    whose: Whose
    entries: list[tuple[int, Entry]] = field(default_factory=list)


@dataclass(slots=True)
class Records:
    """This patient's usable resources. `foreign`: the type of a resource of another patient; "" = none."""

    owner: Owner
    sets: Mapping[str, ResourceSet]
    by_kind: dict[str, list[Entry]] = field(default_factory=dict)
    patient: JsonObject = field(default_factory=dict)
    foreign: str = ""
    unread: set[str] = field(default_factory=set)  # resources that could not be read, by name
    _added: list[Entry] = field(default_factory=list)
    _index: Mapping[str, Entry] | None = None
    _results: dict[int, set[str]] = field(default_factory=dict)
    _groups: dict[str, dict[tuple[bytes, ...], _Group]] = field(default_factory=dict)  # by type

    def of(self, *kinds: str) -> list[Entry]:
        """Entries of these types, in the order they came."""
        return [entry for kind in kinds for entry in self.by_kind.get(kind, ())]

    def read_each(self, kinds: Iterable[str], read: Callable[[Entry], Iterable[T]]) -> Iterator[T]:
        """What `read` makes of each entry. An entry that breaks it is left out and counted."""
        return self.read_these(self.of(*kinds), read)

    def alike(self, kind: str, read: Callable[[JsonObject], T | None]) -> list[tuple[Entry, T]]:
        """What `read` makes of each entry of a type, where it makes anything.

        It is given the members that SAYING names and no others, once for all entries that have them alike. An
        entry that breaks it is left out and counted.
        """
        found: list[tuple[int, Entry, T]] = []
        for group in self._groups.get(kind, {}).values():
            try:
                made = read(group.said)
            except BREAKS:
                self.unread.update(entry.name for _, entry in group.entries)
                continue
            if made is not None:
                found += [(place, entry, made) for place, entry in group.entries]
        found.sort(key=itemgetter(0))
        return [(entry, made) for _, entry, made in found]

    def measuring(self, codes: Collection[str]) -> list[Entry]:
        """The Observations with one of these LOINC codes, their own or a component's, in their order."""
        wanted = frozenset(codes)
        found = self.alike(
            "Observation", lambda said: None if wanted.isdisjoint(_loinc_codes(said)) else True
        )
        return [entry for entry, _ in found]

    def read_these(self, entries: Iterable[Entry], read: Callable[[Entry], Iterable[T]]) -> Iterator[T]:
        """As `read_each`, of entries chosen already."""
        for entry in entries:
            try:
                found = list(read(entry))
            except BREAKS:
                self.unread.add(entry.name)
                continue
            yield from found

    def find(self, target: Target, parent: Entry | None = None) -> Entry | None:
        """The entry a reference points at, if it is in this chart and usable."""
        if target.kind == "#":
            return self._named().get(f"{parent.name}#{target.id}") if parent else None
        if target.kind == "":
            return self._named().get(f"urn:{target.id}")
        return self._named().get(f"{target.kind}/{target.id}") if self.owner.same_server(target) else None

    def _named(self) -> Mapping[str, Entry]:
        """By name, and by the URN that an id may stand for."""
        if self._index is None:
            by_urn = {f"urn:{each.name.rpartition('/')[2].lower()}": each for each in reversed(self._added)}
            self._index = by_urn | {each.name: each for each in reversed(self._added)}
        return self._index

    def linked(self, entry: Entry, *members: str) -> set[str]:
        """Names of what these members point at: entries of this chart by name, others as `Type/id`."""
        found = set()
        given = (value for member in members if (value := entry.raw.get(member)))
        for target in (target for value in given for target in targets(value)):
            there = self.find(target, entry)
            found.add(there.name if there else f"{target.kind}/{target.id}")
        return found

    def listed_by(self, report: Entry) -> set[str]:
        """Names of the results that a report lists."""
        if not report.sent.has("result"):
            return set()
        if id(report) not in self._results:
            self._results[id(report)] = self.linked(report, "result")
        return self._results[id(report)]

    def group(self, resource: Resource) -> _Group:
        """The entries that are written like this resource."""
        kind = resource.kind
        groups, written = self._groups.setdefault(kind, {}), _CUT[kind].of(resource)
        if written not in groups:
            said = _CUT[kind].read(written)
            groups[written] = _Group(said, _standing(kind, said), self.owner.whose(said))
        return groups[written]

    def add(self, entry: Entry, group: _Group) -> None:
        """File an entry under its type and name."""
        self.by_kind.setdefault(entry.kind, []).append(entry)
        group.entries.append((len(self._added), entry))
        self._added.append(entry)

    def searched(self, *keys: str) -> Searched:
        """How far the search went over all of these sets: as far as the poorest of them."""
        reach = [_reach(self.sets.get(key)) for key in keys]
        worst = (Searched.NOT_HAD, Searched.NOT_SEARCHED, Searched.CUT_SHORT)
        return next((found for found in worst if found in reach), Searched.COMPLETE)


def _loinc_codes(observation: JsonObject) -> set[str]:
    parts = (observation, *mappings(observation.get("component")))
    return {coding.code for part in parts for coding in codings(part.get("code")) if is_loinc(coding)}


def sort_out(sets: Mapping[str, ResourceSet], owner: Owner) -> Records:
    """One pass over everything that came: whose it is, whether it counts, and under which name."""
    records = Records(owner, sets)
    for resource in newest_versions(one for found in sets.values() for one in found.resources):
        if resource.kind == "Patient":
            _file_patient(records, resource)
        elif resource.kind in WITHDRAWN:
            _file(records, resource)
    return records


def _file(records: Records, resource: Resource) -> None:
    alike = records.group(resource)
    if alike.whose is Whose.ANOTHER:
        records.foreign = records.foreign or resource.kind
    elif alike.doubt is not None:
        doubt = alike.doubt if alike.whose is Whose.OURS else NOT_OURS
        entry = Entry(resource.kind, resource.name, resource, doubt)
        records.add(entry, alike)
        if resource.has("contained"):
            _file_contained(records, entry, alike.whose)


def _file_patient(records: Records, resource: Resource) -> None:
    if resource.id == records.owner.patient_id:
        records.patient = records.patient or resource.whole
    elif resource.id:
        records.foreign = records.foreign or "Patient"


def _file_contained(records: Records, parent: Entry, whose: Whose) -> None:
    """Observations inside another resource: theirs is the patient of the outer one unless they name one."""
    for inner in mappings(parent.raw.get("contained")):
        if records.owner.whose(inner) is Whose.ANOTHER:
            records.foreign = records.foreign or word(inner.get("resourceType"))
        elif inner.get("resourceType") == "Observation":
            within = sent(inner)
            alike = records.group(within)
            if alike.doubt is not None:
                doubt = parent.doubt or (alike.doubt if whose is Whose.OURS else NOT_OURS)
                records.add(Entry("Observation", f"{parent.name}#{within.id}", within, doubt), alike)


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


def _reach(found: ResourceSet | None) -> Searched:
    if found is None or found.state is State.NOT_SENT:
        return Searched.NOT_SEARCHED
    if found.state is State.FAILED:
        return Searched.NOT_HAD
    return Searched.CUT_SHORT if found.cut_short else Searched.COMPLETE


def reference_name(reference: object) -> str:
    """`Type/id` of a reference, "" when it has none."""
    target = parse(reference)
    return f"{target.kind}/{target.id}" if target and target.kind not in ("", "#") else ""
