"""Draft orders: which of the session's drafts this hook is about, and what study each one names.

Nothing of the chart is needed for that. Each order keeps its untouched JSON: what we return is built
from it. A draft that cannot be read costs nobody else; other resource types are none of our business.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cards.vocabulary import Coding
from cds_service.fhir.datatypes.elements import codings, mapping, mappings, quoted, status_words, texts, word
from cds_service.fhir.datatypes.references import Owner, Whose, parse
from cds_service.guideline.order import Order
from cds_service.guideline.terms.judging import Terms, procedures_named

ORDER_TYPES = ("ServiceRequest", "ProcedureRequest")  # the second is STU3's
OVER = frozenset(("revoked", "cancelled", "completed", "entered-in-error", "suspended", "stopped"))
MOST_ORDERS = 100  # judged in one call; further ones are told as not read
TOO_MANY = f"the call has more than {MOST_ORDERS} such orders"
BILLING_OPTIONS = "/ext-billing-options"  # Da Vinci CRD: billing codes beside the clinical one; read only


@dataclass(frozen=True, slots=True)
class DraftOrder:
    """One draft. `order`: what the guideline needs; `raw`: the client's own JSON; `title`: chart text."""

    order: Order
    raw: Mapping[str, Any] = field(repr=False)
    title: str = field(repr=False)

    @property
    def reference(self) -> str:
        """`ServiceRequest/x`; the type alone when the draft has no id."""
        return self.order.reference


@dataclass(frozen=True, slots=True)
class Drafts:
    """The drafts of one call. `selected`: those the hook is about and the catalogue holds.

    `others`: catalogue studies drafted beside them. `unmapped`: orders the hook is about that the
    catalogue does not hold. `unreadable`: orders that cannot be used, each with why. `foreign`: the type
    of a draft for another patient, "" = none. `missing`: the call came without orders or selections.
    """

    selected: tuple[DraftOrder, ...] = ()
    others: tuple[DraftOrder, ...] = ()
    unmapped: tuple[DraftOrder, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()
    foreign: str = ""
    missing: bool = False
    ignored_selections: int = 0


def draft_orders(context: Mapping[str, Any], hook: str, terms: Terms, owner: Owner) -> Drafts:
    """The drafts of a call. `owner`: the patient they have to be for."""
    bundle, selections = context.get("draftOrders"), context.get("selections")
    by_selection = hook == "order-select"
    if not isinstance(bundle, dict) or (by_selection and not isinstance(selections, list)):
        return Drafts(missing=True)
    entries = list(_orders(bundle))
    chosen = _chosen(entries, selections) if by_selection else {id(raw) for _, raw in entries}
    drafts = [_draft(raw, terms) for _, raw in entries]
    named = Counter([draft.reference for draft in drafts])
    faults = {id(d.raw): why for d in drafts if (why := _fault(d, named, owner))}
    usable = [draft for draft in drafts if id(draft.raw) not in faults]
    wanted = [draft for draft in usable if id(draft.raw) in chosen]
    in_catalogue = [draft for draft in wanted if draft.order.procedures]
    unread = [(draft.reference, TOO_MANY) for draft in in_catalogue[MOST_ORDERS:]]
    ignored = len(selections) - len(chosen) if by_selection and isinstance(selections, list) else 0
    return Drafts(
        selected=tuple(in_catalogue[:MOST_ORDERS]),
        others=tuple(d for d in usable if id(d.raw) not in chosen and d.order.procedures),
        unmapped=tuple(draft for draft in wanted if not draft.order.procedures),
        unreadable=(*((d.reference, faults[id(d.raw)]) for d in drafts if id(d.raw) in faults), *unread),
        foreign=_foreign(bundle, owner),
        ignored_selections=max(ignored, 0),
    )


def _fault(draft: DraftOrder, named: Mapping[str, int], owner: Owner) -> str:
    """Why an order cannot be used; "" when it can."""
    if owner.whose(draft.raw) is Whose.ANOTHER:
        return "the order is for another patient"
    if draft.raw.get("modifierExtension"):
        return "the order carries a modifier that we do not know"
    if named[draft.reference] > 1 and word(draft.raw.get("id")):
        return "another draft carries the same id"
    return ""


def _foreign(bundle: Mapping[str, Any], owner: Owner) -> str:
    """The type of the first draft, of whatever kind, that is for another patient."""
    resources = (mapping(entry.get("resource")) for entry in mappings(bundle.get("entry")))
    others = (raw for raw in resources if owner.whose(raw) is Whose.ANOTHER)
    return next((word(raw.get("resourceType")) or "resource" for raw in others), "")


def _reference(raw: Mapping[str, Any]) -> str:
    return "/".join(filter(None, (word(raw.get("resourceType")), word(raw.get("id")))))


def _orders(bundle: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """`fullUrl` and resource of every entry that is a live order."""
    for entry in mappings(bundle.get("entry")):
        resource = mapping(entry.get("resource"))
        if resource.get("resourceType") in ORDER_TYPES and not _is_over(resource):
            yield word(entry.get("fullUrl")), resource


def _is_over(resource: Mapping[str, Any]) -> bool:
    """Withdrawn, done, or an order not to do something."""
    return resource.get("doNotPerform") is True or bool(status_words(resource.get("status")) & OVER)


def _chosen(entries: Sequence[tuple[str, Mapping[str, Any]]], selections: object) -> set[int]:
    """Identities of the drafts that `selections` names, by type and id or by full URL."""
    listed = [word(selection) for selection in selections] if isinstance(selections, list) else []
    named = {(target.kind, target.id) for target in map(parse, listed) if target}
    urls = frozenset(listed)
    return {
        id(raw)
        for url, raw in entries
        if (word(raw.get("resourceType")), word(raw.get("id"))) in named or (url and url in urls)
    }


def _draft(raw: Mapping[str, Any], terms: Terms) -> DraftOrder:
    code = raw.get("code")
    coded, said = list(_code_codings(raw)), texts(code)
    details = [
        words for words in (*texts(raw.get("orderDetail")), *_displays(raw.get("orderDetail"))) if words
    ]
    procedures = procedures_named(terms, coded, said, details)
    named = said or [coding.display for coding in coded if coding.display]
    reference = _reference(raw)
    title = named[0] if named else " or ".join(terms.studies.procedures[name].title for name in procedures)
    return DraftOrder(Order(reference, procedures), raw, quoted(title))


def _code_codings(raw: Mapping[str, Any]) -> Iterator[Coding]:
    """The order's own codings, then its billing options."""
    code = raw.get("code")
    yield from codings(code)
    for extension in mappings(mapping(code).get("extension")):
        if word(extension.get("url")).endswith(BILLING_OPTIONS):
            yield from _billing(extension)


def _billing(extension: Mapping[str, Any]) -> Iterator[Coding]:
    for part in (extension, *mappings(extension.get("extension"))):
        yield from codings(part.get("valueCodeableConcept"))
        yield from codings(part.get("valueCoding"))


def _displays(concepts: object) -> list[str]:
    return [coding.display for coding in codings(concepts)]
