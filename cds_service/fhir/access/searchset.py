"""One page of an answer to a FHIR search or read: resources, what it searched, and what is missing.

Tolerant: a Bundle without `type`, entries without `fullUrl`, a Bundle in a Bundle, a bare list and a
resource wrapped as `{"resource": ...}` are all read; what is none of these has `failed`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from cds_service.fhir.access.opened import Opened, open_bundle
from cds_service.fhir.access.searches import NO_SEARCH, Search, read_search
from cds_service.fhir.datatypes.sent import Resource, resource

Json: TypeAlias = Mapping[str, Any]

MAX_BUNDLES_DEEP = 4

# OperationOutcome issues after which "not found" is no evidence of absence.
PASSING_CODES = frozenset(
    ("timeout", "transient", "throttled", "exception", "too-costly", "incomplete", "lock-error")
)
HOLDING_BACK_CODES = PASSING_CODES | frozenset(
    ("suppressed", "forbidden", "security", "login", "expired", "unknown", "session", "too-long", "no-store")
)
HOLDING_BACK_WORDS = re.compile(
    r"not authori[sz]ed|unauthori[sz]ed|suppress|incomplete|truncat|withheld|not been included|"
    r"not be returned|restricted|partial",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Page:
    """What one answer holds.

    `included`: resources that came along with the matches. `failed`: an error, or nothing readable,
    instead of an answer; `retriable`: the same query may go better when we make it.
    """

    resources: tuple[Resource, ...] = field(default=(), repr=False)
    included: tuple[Resource, ...] = field(default=(), repr=False)
    search: Search = NO_SEARCH  # what its self link says was searched
    next_url: str | None = field(default=None, repr=False)
    held_back: bool = False  # the server says, or an unreadable entry shows, that something is missing
    failed: bool = False
    retriable: bool = False
    short_of_total: bool = False  # `total` counts more than came, and there is no further page
    total: int = 0  # how many matches the server says there are, over all pages; 0 = it does not say


def answers(value: object, depth: int = 0) -> Iterator[object]:
    """The single answers in a value: a Bundle of Bundles (a batch's response) holds several."""
    nested = _nested(value)
    if not isinstance(value, dict) or not nested or depth >= MAX_BUNDLES_DEEP:
        yield value
        return
    others = [entry for entry in _listed(value.get("entry")) if not _is(_resource(entry), "Bundle")]
    if others:
        yield {**value, "entry": others}
    for each in nested:
        yield from answers(each, depth + 1)


def _nested(value: object) -> list[Json]:
    if not isinstance(value, dict) or not _is(value, "Bundle"):
        return []
    resources = map(_resource, _listed(value.get("entry")))
    return [each for each in resources if isinstance(each, dict) and _is(each, "Bundle")]


def read_page(value: object) -> Page:
    """One answer, of whatever shape. Never raises."""
    if isinstance(value, list):
        return _joined([_single(each) for each in value])
    if isinstance(value, dict) and "resourceType" not in value:
        value = value.get("resource")  # CDS Hooks 1.0 drafts wrapped each answer; some clients still do
    if isinstance(value, dict) and _is(value, "Bundle"):
        value = open_bundle(value)
    return _bundle(value) if isinstance(value, Opened) else _single(value)


def _single(value: object) -> Page:
    kind = value.get("resourceType") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(kind, str) or kind == "Bundle":
        return _JUNK
    if kind == "OperationOutcome":
        return Page(failed=True, retriable=_passing(value), held_back=True)
    return Page((resource(value),))


_NOTHING = Page()
_JUNK = Page(failed=True, retriable=True, held_back=True)


def _bundle(bundle: Opened) -> Page:
    """All entries as one answer: what each holds, and what the others and the Bundle say of the search."""
    resources: list[Resource] = []
    included: list[Resource] = []
    others: list[Page] = []
    for held, mode in bundle.entries:
        if isinstance(held, Resource):
            (included if mode == "include" else resources).append(held)
        else:
            others.append(_remark(held))
    said, marks = _joined(others) if others else _NOTHING, bundle.marks
    next_url = _link(marks, "next")
    only_page = next_url is None and not _link(marks, "previous") and not _link(marks, "prev")
    return Page(
        resources=tuple(resources),
        included=tuple(included),
        search=read_search(_link(marks, "self")),
        next_url=next_url,
        held_back=said.held_back,
        failed=said.failed and not resources,
        retriable=said.retriable and not resources,
        short_of_total=only_page and _total(marks) > len(resources),
        total=_total(marks),
    )


def _total(bundle: Json) -> int:
    total = bundle.get("total")
    return total if isinstance(total, int) and not isinstance(total, bool) else 0


def _remark(resource: object) -> Page:
    """An OperationOutcome in an entry is a remark on the search, and only an error fails that."""
    if isinstance(resource, dict) and _is(resource, "OperationOutcome"):
        serious = any(issue.get("severity") in ("error", "fatal") for issue in _issues(resource))
        held_back = serious or any(map(_holds_back, _issues(resource)))
        return Page(held_back=held_back, failed=serious, retriable=serious and _passing(resource))
    return _JUNK


def _joined(pages: list[Page]) -> Page:
    """Several answers as one: failed only if nothing at all was read."""
    resources = tuple(resource for page in pages for resource in page.resources)
    return Page(
        resources=resources,
        included=tuple(resource for page in pages for resource in page.included),
        held_back=any(page.held_back for page in pages),
        failed=not resources and any(page.failed for page in pages),
        retriable=not resources and any(page.retriable for page in pages),
    )


def _is(resource: object, kind: str) -> bool:
    return isinstance(resource, dict) and resource.get("resourceType") == kind


def _resource(entry: object) -> object:
    return entry.get("resource") if isinstance(entry, dict) else None


def _link(bundle: Json, relation: str) -> str | None:
    for link in _listed(bundle.get("link")):
        if isinstance(link, dict) and link.get("relation") == relation:
            url = link.get("url")
            return url if isinstance(url, str) and url else None
    return None


def _issues(outcome: Json) -> Iterator[Json]:
    return (issue for issue in _listed(outcome.get("issue")) if isinstance(issue, dict))


def _holds_back(issue: Json) -> bool:
    if _code(issue) in HOLDING_BACK_CODES:
        return True
    details = issue.get("details")
    words = (details.get("text") if isinstance(details, dict) else None, issue.get("diagnostics"))
    return any(isinstance(each, str) and HOLDING_BACK_WORDS.search(each) for each in words)


def _passing(outcome: Json) -> bool:
    """Whether the fault may pass: the client's try ran out of time or luck."""
    return any(_code(issue) in PASSING_CODES for issue in _issues(outcome))


def _code(issue: Json) -> str:
    """What a server sends there may be anything, also what cannot be looked up in a set."""
    code = issue.get("code")
    return code if isinstance(code, str) else ""


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
