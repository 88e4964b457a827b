"""A past order: whether it is one to replay, and how its draft must have looked.

Bulk exports hold orders as they are now: signed, done, perhaps revoked. Replayed is the draft: the same
order without what came later. Not replayed, and said why: orders that are no clinician's request.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from cards.vocabulary import Coding
from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.dates import Order, When
from cds_service.fhir.datatypes.elements import (
    codings,
    mapping,
    mappings,
    quoted,
    status_words,
    texts,
    word,
)
from cds_service.fhir.datatypes.references import parse
from cds_service.guideline.terms.code_systems import system_name
from cds_service.guideline.terms.judging import Terms, procedures_named, traits_named

Json: TypeAlias = Mapping[str, Any]

DECIDED = "decided"
REFUSED = "no-problem-list"  # what the service answers with a 412
NO_DATE = "no-authored-on"
VAGUE_DATE = "authored-on-without-day"
IN_ERROR = "entered-in-error"
NOT_REQUESTED = "proposal-or-plan"
FILLER = "filler-order"
NOT_TO_DO = "not-to-be-done"
FAULT = "our-own-fault"

IMAGING, BIOPSY = "imaging", "biopsy"
_CATEGORIES = frozenset(
    ("rad", "radiology", "imaging", "imaging-order", "394914008", "363679005", "lp29684-5")
)
_BIOPSY = re.compile(r"\bbiops(?:y|ies)\b|\bbx\b", re.IGNORECASE)
_NO_REQUEST = frozenset(("proposal", "plan", "directive", "option"))
_YEARS = range(1900, 2200)
_MADE_LATER = ("note", "supportingInfo", "relevantHistory", "extension")


@dataclass(frozen=True, slots=True)
class PastOrder:
    """An imaging or biopsy order. `raw`: as R4. `status`: DECIDED, or why it is not replayed.

    `moment`: when it was written; None when that is not known to the day.
    """

    raw: Json = field(repr=False)
    kind: str
    status: str
    moment: When | None
    codings: tuple[Coding, ...]
    title: str
    procedures: tuple[str, ...]


def past_order(raw: Json, terms: Terms) -> PastOrder | None:
    """The order as it was drafted; None when it is neither for imaging nor for a biopsy."""
    drafted = as_r4(raw)
    coded, said = codings(drafted.get("code")), texts(drafted.get("code"))
    procedures = procedures_named(terms, coded, said, texts(drafted.get("orderDetail")))
    kind = _kind(drafted, coded, said, procedures, terms)
    if not kind:
        return None
    moment = _written(raw)
    title = (said or [one.display for one in coded if one.display] or [""])[0]
    status = _status(drafted, moment)
    return PastOrder(drafted, kind, status, moment, tuple(coded), quoted(title), procedures)


def as_draft(order: PastOrder) -> dict[str, Any]:
    """The order as it lay on the screen: a draft, without what was added after it had been written."""
    draft = {name: value for name, value in order.raw.items() if name not in _MADE_LATER}
    notes = [note for note in mappings(order.raw.get("note")) if not _after(note.get("time"), order.moment)]
    return {**draft, **({"note": notes} if notes else {}), "status": "draft"}


def as_r4(raw: Json) -> dict[str, Any]:
    """An R5 order with its code and reasons where R4 has them; any other as it is."""
    order = dict(raw)
    code = mapping(raw.get("code"))
    if "concept" in code:
        order["code"] = code["concept"]
    reasons = [one for one in mappings(raw.get("reason")) if "concept" in one or "reference" in one]
    if reasons:
        del order["reason"]
        order["reasonCode"] = [one["concept"] for one in reasons if "concept" in one]
        order["reasonReference"] = [one["reference"] for one in reasons if "reference" in one]
    return order


def requester(raw: Json) -> str:
    """Who ordered, as `Type/id`; "" when it is not stated. STU3 has it one level deeper."""
    stated = mapping(raw.get("requester"))
    target = parse(stated) or parse(stated.get("agent"))
    return f"{target.kind}/{target.id}".lstrip("/") if target and target.kind != "#" else ""


def _written(raw: Json) -> When | None:
    """When it was written; None for a year that no order is of, such as 9999 for "not known"."""
    moment = dates.parse(raw.get("authoredOn"))
    return moment if moment and moment.first.year in _YEARS else None


def _kind(raw: Json, coded: list[Coding], said: list[str], procedures: tuple[str, ...], terms: Terms) -> str:
    words = [*said, *(one.display for one in coded)]
    if any(terms.studies.procedures[name].liver_biopsy for name in procedures):
        return BIOPSY
    if any(_BIOPSY.search(text[:300]) for text in words):
        return BIOPSY
    if procedures or not _CATEGORIES.isdisjoint(status_words(raw.get("category"))):
        return IMAGING
    if any(_is_radiology(one) for one in coded) or traits_named(terms, coded, said) is not None:
        return IMAGING
    return ""


def _is_radiology(coding: Coding) -> bool:
    """CPT's section of radiology, 70010 to 79999."""
    if system_name(coding.system) != "cpt":
        return False
    code = coding.code.strip()[:5]
    return code.isdecimal() and 70010 <= int(code) <= 79999


def _status(raw: Json, moment: When | None) -> str:
    if "entered-in-error" in status_words(raw.get("status")):
        return IN_ERROR
    if raw.get("doNotPerform") is True:
        return NOT_TO_DO
    intent = word(raw.get("intent"))
    if intent in _NO_REQUEST:
        return NOT_REQUESTED
    if intent == "filler-order":
        return FILLER
    if moment is None:
        return NO_DATE
    return DECIDED if moment.exact else VAGUE_DATE


def _after(value: object, moment: When | None) -> bool:
    return dates.order_with_times(dates.parse(value), moment) is Order.AFTER
