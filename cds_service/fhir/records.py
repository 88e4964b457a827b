"""A patient's usable resources: found by type, by name, by what they link to and by what is written alike."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
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
)
from cds_service.fhir.datatypes.references import Owner, Target, Whose, parse, targets
from cds_service.fhir.datatypes.sent import Resource
from cds_service.guideline.chart import Evidence, Searched

T = TypeVar("T")

# What a reader may break with on a resource that is stranger than anything it was written for.
BREAKS = (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError)


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One resource of this chart. `doubt`: why it cannot be relied on; "" = it can."""

    kind: str
    name: str  # "Condition/x"; "DiagnosticReport/y#z" for a contained resource
    sent: Resource
    place: int  # among all entries of the chart
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
class Group:
    """Entries that are written alike in the members that decide what they say: `said`.

    `doubt`: why none of them can be relied on; None = they say nothing, and there are none.
    """

    said: JsonObject
    whose: Whose
    doubt: str | None
    entries: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class Records:
    """This patient's usable resources. `foreign`: the type of a resource of another patient; "" = none."""

    owner: Owner
    sets: Mapping[str, ResourceSet]
    by_kind: dict[str, list[Entry]] = field(default_factory=dict)
    groups: dict[str, dict[tuple[bytes, bytes], Group]] = field(default_factory=dict)  # by type
    standings: dict[tuple[str, bytes], tuple[Whose, str | None]] = field(default_factory=dict)
    patient: JsonObject = field(default_factory=dict)
    foreign: str = ""
    unread: set[str] = field(default_factory=set)  # resources that could not be read, by name
    _index: Mapping[str, Entry] | None = None
    _measured: dict[str, list[Entry]] | None = None  # Observations by LOINC code
    _results: dict[int, set[str]] = field(default_factory=dict)

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
        found: list[tuple[Entry, T]] = []
        for group in self.groups.get(kind, {}).values():
            try:
                made = read(group.said)
            except BREAKS:
                self.unread.update(entry.name for entry in group.entries)
                continue
            if made is not None:
                found += [(entry, made) for entry in group.entries]
        found.sort(key=lambda one: one[0].place)
        return found

    def measuring(self, codes: Collection[str]) -> list[Entry]:
        """The Observations with one of these LOINC codes, their own or a component's, in their order."""
        if self._measured is None:
            self._measured = {}
            for entry, named in self.alike("Observation", _loinc_codes):
                for code in named:
                    self._measured.setdefault(code, []).append(entry)
        found = {entry.place: entry for code in codes for entry in self._measured.get(code, ())}
        return [found[place] for place in sorted(found)]

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
            first_last = sorted(self.of(*self.by_kind), key=lambda entry: entry.place, reverse=True)
            by_urn = {f"urn:{each.name.rpartition('/')[2].lower()}": each for each in first_last}
            self._index = by_urn | {each.name: each for each in first_last}
        return self._index

    def linked(self, entry: Entry, *members: str) -> set[str]:
        """Names of what these members point at: entries of this chart by name, others as `Type/id`."""
        found = set()
        raw = entry.raw
        given = [raw[member] for member in members if raw.get(member)]
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

    def add(self, entry: Entry, group: Group) -> None:
        """File an entry under its type and name, with those that are written alike."""
        self.by_kind.setdefault(entry.kind, []).append(entry)
        group.entries.append(entry)

    def searched(self, *keys: str) -> Searched:
        """How far the search went over all of these sets: as far as the poorest of them."""
        reach = [_reach(self.sets.get(key)) for key in keys]
        worst = (Searched.NOT_HAD, Searched.NOT_SEARCHED, Searched.CUT_SHORT)
        return next((found for found in worst if found in reach), Searched.COMPLETE)


def _loinc_codes(observation: JsonObject) -> set[str]:
    parts = (observation, *mappings(observation.get("component")))
    return {coding.code for part in parts for coding in codings(part.get("code")) if is_loinc(coding)}


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
