"""Prefetch: what we ask CDS Clients to send along, and reading what came.

Discovery lists one plain search or read per key; everything is filtered on our side, since clients
replace, rename and drop keys. Content is recognised by resource type; a value without content speaks
for our key of that name, else for what its self link searched, else for nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cds_service.fhir.access.opened import opened
from cds_service.fhir.access.searchset import Page, answers, read_page
from cds_service.fhir.datatypes.sent import Resource

KEYS = ("patient", "conditions", "observations", "reports", "allergies", "devices", "procedures", "imaging")

TYPES: Mapping[str, str] = {
    "patient": "Patient",
    "conditions": "Condition",
    "observations": "Observation",
    "reports": "DiagnosticReport",
    "allergies": "AllergyIntolerance",
    "devices": "Device",
    "procedures": "Procedure",
    "imaging": "ImagingStudy",
}
KEY_OF_TYPE: Mapping[str, str] = {kind: key for key, kind in TYPES.items()}

# LOINC codes of the numbers we read; which of them says what stands with their readers.
SIZE = ("21889-1", "33728-7", "33729-5")
EGFR = (
    *("98979-8", "98980-6", "62238-1", "88293-6", "88294-4", "94677-2", "33914-3", "77147-7", "76633-7"),
    *("48642-3", "48643-1", "50044-7", "70969-1", "50210-4", "50384-7", "69405-9"),
)
CREATININE = ("2160-0", "14682-9", "38483-4", "21232-4", "59826-8", "77140-2", "101475-2", "103616-9")
PLATELETS = ("777-3", "26515-7")
INR = ("6301-6", "34714-6")
PREGNANCY = ("82810-3",)
OBSERVATION_CODES = (*SIZE, *EGFR, *CREATININE, *PLATELETS, *INR, *PREGNANCY)

PATIENT_TOKEN = "{{context.patientId}}"  # noqa: S105 - a placeholder of the standard, no secret

TEMPLATES: Mapping[str, str] = {
    "patient": f"Patient/{PATIENT_TOKEN}",
    "conditions": f"Condition?patient={PATIENT_TOKEN}",
    "observations": (
        f"Observation?patient={PATIENT_TOKEN}&code="
        + ",".join(f"http://loinc.org|{code}" for code in OBSERVATION_CODES)
        + "&_count=100"
    ),
    "reports": f"DiagnosticReport?patient={PATIENT_TOKEN}&_count=100",
    "allergies": f"AllergyIntolerance?patient={PATIENT_TOKEN}",
    "devices": f"Device?patient={PATIENT_TOKEN}",
    "procedures": f"Procedure?patient={PATIENT_TOKEN}",
    "imaging": f"ImagingStudy?patient={PATIENT_TOKEN}",
}


class State(StrEnum):
    """What became of one wanted set of resources."""

    SENT = "sent"
    EMPTY = "empty"  # searched, nothing there
    FAILED = "failed"  # tried, and no answer to be used
    NOT_SENT = "not-sent"


@dataclass(frozen=True, slots=True)
class ResourceSet:
    """One wanted set of resources.

    `cut_short`: more exists, or may exist, than is here, so that "not found" is no evidence of absence.
    `held_back`: part of that is for a reason which following `next_url` does not cure.
    `ask_again`: a search of our own may give more (a narrower search was sent, a page was unreadable).
    `total`: how many there are over all pages, as the server says; 0 = it does not.
    """

    key: str
    state: State
    resources: tuple[Resource, ...] = field(default=(), repr=False)
    cut_short: bool = False
    next_url: str | None = field(default=None, repr=False)
    held_back: bool = False
    ask_again: bool = False
    total: int = 0


def read_prefetch(prefetch: object) -> Mapping[str, ResourceSet]:
    """All of KEYS, in order. `prefetch`: the request's member as it came, of whatever type.

    Its values may be plain JSON, or given as they were written, or opened.
    """
    sets = {key: ResourceSet(key, State.NOT_SENT) for key in KEYS}
    if not isinstance(prefetch, dict):
        return sets
    for name, value in prefetch.items():
        for found in _sets_in(str(name), opened(value)):
            sets[found.key] = merge(sets[found.key], found)
    return sets


def merge(one: ResourceSet, other: ResourceSet) -> ResourceSet:
    """Two answers for one key. Content counts more than "nothing there", and that more than failure."""
    if State.NOT_SENT in (one.state, other.state):
        return other if one.state is State.NOT_SENT else one
    marks = _marks_that_count(one, other)
    links = [each.next_url for each in marks if each.next_url]
    held_back = any(each.held_back for each in marks) or len(links) > 1
    return ResourceSet(
        key=one.key,
        state=next(state for state in State if state in (one.state, other.state)),
        resources=without_copies((*one.resources, *other.resources)),
        cut_short=held_back or bool(links),
        next_url=links[0] if links else None,
        held_back=held_back,
        ask_again=any(each.ask_again for each in marks),
        total=max(one.total, other.total),
    )


def _marks_that_count(one: ResourceSet, other: ResourceSet) -> tuple[ResourceSet, ...]:
    """A search for a part of something takes nothing away from a search for all of it."""
    whole = [each for each in (one, other) if not each.ask_again and each.state is not State.FAILED]
    return tuple(whole) if len(whole) == 1 and State.FAILED not in (one.state, other.state) else (one, other)


def without_copies(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """Each resource once. Two versions under one id both stay: which of them counts is for the reader."""
    kept: list[Resource] = []
    first: dict[tuple[str, str], Resource] = {}
    for resource in resources:
        identity = resource.head.id
        name = (resource.head.resourceType, identity)
        if isinstance(identity, str) and name in first:
            if resource == first[name]:
                continue
        elif isinstance(identity, str):
            first[name] = resource
        kept.append(resource)
    return tuple(kept)


def _sets_in(name: str, value: object) -> Iterator[ResourceSet]:
    """What one prefetch value tells: content by type, and if it holds none, for the key it speaks for."""
    own = name if name in KEYS else None
    if value is None or value == {} or value == []:
        if own:
            yield ResourceSet(own, State.EMPTY)
        return
    for answer in answers(value):
        page = read_page(answer)
        searched = KEY_OF_TYPE.get(page.search.kind)
        yield from _content(page, searched)
        subject = own if own and searched in (None, own) else searched
        if subject and all(each.head.resourceType != TYPES[subject] for each in page.resources):
            yield from _without_content(subject, page, trusted=subject == own)


def _by_type(resources: Iterable[Resource]) -> Mapping[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for each in resources:
        found.setdefault(each.head.resourceType, []).append(each)
    return found


def _content(page: Page, searched: str | None) -> Iterator[ResourceSet]:
    """Resources by type. The page's own marks (more pages, held back) concern the type it searched."""
    all_matches, all_included = _by_type(page.resources), _by_type(page.included)
    for kind in {**all_matches, **all_included}:
        key = KEY_OF_TYPE.get(kind)
        matches, included = tuple(all_matches.get(kind, ())), tuple(all_included.get(kind, ()))
        if key and matches and searched in (None, key):
            yield _searched(key, page, matches)
        elif key:
            # Came along with a search for something else: good as evidence, not as the whole of its kind.
            found = (*matches, *included)
            yield ResourceSet(key, State.SENT, found, cut_short=True, held_back=True, ask_again=True)


def _searched(key: str, page: Page, resources: tuple[Resource, ...]) -> ResourceSet:
    partial = page.search.narrowed or page.short_of_total or page.search.unresolved
    return ResourceSet(
        key,
        State.SENT,
        resources,
        cut_short=page.held_back or partial or page.next_url is not None,
        next_url=page.next_url,
        held_back=page.held_back or partial,
        ask_again=partial,
        total=page.total,
    )


def _without_content(subject: str, page: Page, trusted: bool) -> Iterator[ResourceSet]:
    """A value that holds nothing of the kind it speaks for: empty, failed, or as good as not sent.

    `trusted`: it came under our key; then a narrowed search that found nothing still counts as a search.
    """
    if page.failed:
        yield ResourceSet(subject, State.FAILED, held_back=True, ask_again=page.retriable)
    elif not _another_search(page) and (trusted or not page.search.narrowed):
        yield ResourceSet(
            subject,
            State.EMPTY,
            cut_short=page.held_back or page.search.narrowed or page.next_url is not None,
            next_url=page.next_url,
            held_back=page.held_back or page.search.narrowed,
            ask_again=page.search.narrowed,
            total=page.total,
        )


def _another_search(page: Page) -> bool:
    """Other kinds of resources, a bare count, or a token left standing: not the search that was asked for."""
    return bool(page.resources) or page.short_of_total or page.search.unresolved
