"""The standard's conditions on what we send, each by name; `violations` lists those that do not hold.

Names are the rows of CDS Hooks 2.0.1 / 3.0 as our conformance list numbers them: J (JSON), C (card),
O (source), G (suggestion), A (action), L (link), Y (system action), PA (Argonaut's rating extensions).
What stands inside an action's `resource` is the client's own, so J-02 and J-03 end there.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from cards.annotation import CONSULT_ID, QCDSM_CONSULTED, RATING, UNDETERMINED
from cards.edits import entries, local_reference
from cards.escaping import units
from cards.summary import LIMIT
from cards.vocabulary import ARGONAUT_RATING

Json: TypeAlias = Mapping[str, Any]

INDICATORS = frozenset({"info", "warning", "critical"})
SELECTION_BEHAVIORS = frozenset({"at-most-one", "any"})
ACTION_TYPES = frozenset({"create", "update", "delete"})
LINK_TYPES = frozenset({"absolute", "smart"})
ARGONAUT_CODES = frozenset({"appropriate", "not-appropriate", "no-criteria-apply"})
MAY_BE_EMPTY = frozenset({"cards", "services"})

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_LOCAL = re.compile(r"[A-Z][A-Za-z]+/\S+")


def violations(document: Json, drafts: Sequence[Json] | None = None) -> tuple[str, ...]:
    """What is wrong with a whole answer or with one card, a line each; () when nothing is.

    `drafts`: the request's draft orders. With them, updates and deletes must be of one of these (A-05).
    """
    found = [*_answer(document, drafts)] if "summary" not in document else [*_card(document, drafts)]
    return (*_empties(document), *found)


def _answer(answer: Json, drafts: Sequence[Json] | None) -> Iterator[str]:
    if not isinstance(answer.get("cards"), list):
        yield "C-01 cards: an array, always"
        return
    for card in answer["cards"]:
        yield from _card(card, drafts)
    yield from _repeated("C-08 uuid: unique in an answer", _uuids(answer["cards"]))
    for where in (answer, answer.get("extension", {})):
        actions = where.get("systemActions", [])
        for action in actions:
            yield from _action(action, drafts)
        targets = (
            action.get("resourceId") or local_reference(action.get("resource", {})) for action in actions
        )
        yield from _repeated("Y-06 systemActions: one per resource", targets)


def _card(card: Json, drafts: Sequence[Json] | None) -> Iterator[str]:
    suggestions = card.get("suggestions", [])
    yield from _summary(card.get("summary"))
    yield from _unless("<" not in card.get("detail", ""), "C-05 detail: no HTML")
    yield from _unless(card.get("indicator") in INDICATORS, "C-06 indicator: info, warning or critical")
    yield from _unless(
        card.get("indicator") != "critical", "C-13 indicator: appropriateness is never critical"
    )
    yield from _unless(_is_uuid(card.get("uuid")), "C-08 uuid: lower-case, version 4")
    yield from _behavior(card.get("selectionBehavior"), suggestions)
    for reason in card.get("overrideReasons", []):
        yield from _unless(_full_coding(reason), "C-10 overrideReasons: code, system and display")
    yield from _source(card.get("source"))
    for suggestion in suggestions:
        yield from _suggestion(suggestion, drafts)
    yield from _paired(suggestions)
    for link in card.get("links", []):
        yield from _link(link)


def _summary(summary: Any) -> Iterator[str]:
    if not isinstance(summary, str) or not summary.strip():
        yield "C-03 summary: required"
        return
    yield from _unless(units(summary) <= LIMIT, "C-03 summary: under 140 characters")
    yield from _unless(summary.isprintable(), "C-03 summary: one line of text")


def _behavior(behavior: Any, suggestions: Sequence[Json]) -> Iterator[str]:
    if not suggestions:
        yield from _unless(behavior is None, "C-09 selectionBehavior: only with suggestions")
        return
    yield from _unless(behavior in SELECTION_BEHAVIORS, "C-09 selectionBehavior: at-most-one or any")
    recommended = [suggestion for suggestion in suggestions if suggestion.get("isRecommended")]
    alone = behavior != "at-most-one" or len(recommended) <= 1
    yield from _unless(alone, "C-12 isRecommended: once under at-most-one")


def _source(source: Any) -> Iterator[str]:
    if not isinstance(source, Mapping):
        yield "C-07 source: required"
        return
    yield from _unless(_words(source.get("label")), "O-01 source.label: required")
    yield from _unless(_web_address(source.get("url")), "O-02 source.url: absolute")
    topic = source.get("topic")
    coded = isinstance(topic, Mapping) and _words(topic.get("code")) and _words(topic.get("system"))
    yield from _unless(coded, "O-05 source.topic: code and system")


def _suggestion(suggestion: Json, drafts: Sequence[Json] | None) -> Iterator[str]:
    yield from _unless(_words(suggestion.get("label")), "G-01 suggestion.label: required")
    yield from _unless(_is_uuid(suggestion.get("uuid")), "G-02 suggestion.uuid: lower-case, version 4")
    yield from _unless(isinstance(suggestion.get("isRecommended", True), bool), "G-03 isRecommended: boolean")
    yield from _unless(bool(suggestion.get("actions")), "G-04 suggestion.actions: not empty")
    yield from _unless(
        "actionSelectionBehavior" not in suggestion, "G-06 actionSelectionBehavior: not agreed"
    )
    for action in suggestion.get("actions", []):
        yield from _action(action, drafts)


def _action(action: Json, drafts: Sequence[Json] | None) -> Iterator[str]:
    kind, resource, target = action.get("type"), action.get("resource"), action.get("resourceId")
    yield from _unless(kind in ACTION_TYPES, "A-01 action.type: create, update or delete")
    yield from _unless(_words(action.get("description")), "A-02 action.description: required")
    if kind == "delete":
        named = isinstance(target, str) and bool(_LOCAL.fullmatch(target)) and resource is None
        yield from _unless(named, "A-06 delete: resourceId as Type/id, no resource")
    else:
        whole = isinstance(resource, Mapping) and _words(resource.get("resourceType"))
        yield from _unless(whole, "A-03 action.resource: a whole resource")
        yield from _resource(kind, resource if isinstance(resource, Mapping) else {})
    if drafts is not None and kind != "create":
        known = {local_reference(draft) for draft in drafts}
        of = target if kind == "delete" else _reference(resource)
        yield from _unless(of in known, "A-05 action: of an order among the drafts")


def _resource(kind: Any, resource: Json) -> Iterator[str]:
    if kind == "update":
        yield from _unless(bool(local_reference(resource)), "A-04 update: the resource has its id")
    if kind == "create":
        fresh = "id" not in resource and resource.get("status") == "draft"
        yield from _unless(fresh, "A-08 create: a draft without an id")
    extensions = [e for e in entries(resource, "extension") if isinstance(e, Mapping)]
    for rating in (e for e in extensions if e.get("url") == RATING):
        yield from _rating(rating, {e.get("url") for e in extensions})


def _rating(rating: Json, urls: set[Any]) -> Iterator[str]:
    codings = entries(rating.get("valueCodeableConcept") or {}, "coding")
    if [UNDETERMINED.to_json()] == codings:
        return
    first = codings[0] if codings and isinstance(codings[0], Mapping) else {}
    argonaut = first.get("system") == ARGONAUT_RATING and first.get("code") in ARGONAUT_CODES
    yield from _unless(argonaut, "PA-06 pama-rating: one of Argonaut's three codes, first")
    yield from _unless({QCDSM_CONSULTED, CONSULT_ID} <= urls, "PA-07 pama-rating: mechanism and consult id")


def _paired(suggestions: Sequence[Json]) -> Iterator[str]:
    """A delete that stands beside other changes is a replacement, and needs the order that replaces."""
    actions = [action for suggestion in suggestions for action in suggestion.get("actions", [])]
    created = {a.get("resource", {}).get("resourceType") for a in actions if a.get("type") == "create"}
    deleted = {str(a.get("resourceId")).partition("/")[0] for a in actions if a.get("type") == "delete"}
    yield from _unless(
        len(actions) < 2 or deleted <= created, "A-07 delete: paired with a create of its type"
    )


def _link(link: Json) -> Iterator[str]:
    yield from _unless(_words(link.get("label")), "L-01 link.label: required")
    yield from _unless(link.get("type") in LINK_TYPES, "L-02 link.type: absolute or smart")
    yield from _unless(_web_address(link.get("url")), "L-03 link.url: absolute")
    smart = "appContext" not in link or link.get("type") == "smart"
    yield from _unless(smart, "L-04 link.appContext: only on a smart link")


def _empties(document: Any, path: str = "") -> Iterator[str]:
    members = document.items() if isinstance(document, Mapping) else enumerate(document)
    for name, value in members:
        here = f"{path}.{name}" if path else str(name)
        if value is None:
            yield f"J-02 {here}: null"
        elif value in ("", [], {}) and name not in MAY_BE_EMPTY:
            yield f"J-03 {here}: empty"
        elif isinstance(value, Mapping | list) and name != "resource":
            yield from _empties(value, here)


def _uuids(cards: Iterable[Json]) -> Iterator[Any]:
    for card in cards:
        yield card.get("uuid")
        yield from (suggestion.get("uuid") for suggestion in card.get("suggestions", []))


def _repeated(what: str, values: Iterable[Any]) -> Iterator[str]:
    listed = list(values)
    yield from _unless(len(set(listed)) == len(listed), what)


def _unless(holds: bool, what: str) -> Iterator[str]:
    if not holds:
        yield what


def _reference(resource: Any) -> str:
    return local_reference(resource) if isinstance(resource, Mapping) else ""


def _words(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_uuid(value: Any) -> bool:
    return isinstance(value, str) and bool(_UUID.fullmatch(value))


def _full_coding(coding: Any) -> bool:
    return isinstance(coding, Mapping) and all(_words(coding.get(m)) for m in ("code", "system", "display"))


def _web_address(url: Any) -> bool:
    return isinstance(url, str) and urlsplit(url).scheme in ("https", "http") and bool(urlsplit(url).hostname)
