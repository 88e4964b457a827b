"""What goes into the store, as values. None of it tells who the patient is or what the chart says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SuggestionRecord:
    """One button of a card. `offers`: a procedure's id, an answer's code, `indication` or `remove-order`."""

    uuid: str
    offers: str
    recommended: bool = False


@dataclass(frozen=True, slots=True)
class CardRecord:
    """One card. `topic`: its code in `cdshooks-card-type`. `overrides`: codes of the reasons it offered."""

    uuid: str
    indicator: str
    topic: str
    suggestions: tuple[SuggestionRecord, ...] = ()
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """One judged order. `topic`: of the guideline.

    `procedure` None: not in the catalogue, or `one_of` several.
    `consult_id`: of the rating made for the order, "" for none; sent where annotations are.
    """

    procedure: str | None
    verdict: str
    one_of: tuple[str, ...] = ()
    topic: str = ""
    variants: tuple[int, ...] = ()
    rating: str | None = None
    medians: tuple[int, ...] = ()
    asks: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    consult_id: str = ""
    cards: tuple[CardRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsultationRecord:
    """One answered request. `mode`: of the tenant at that time; `silent` means that nobody saw the cards.

    `status`: the HTTP status of the answer: a request that failed is kept too, so that it does not look
    like one without cards. `ms`: time to the answer. `patient`: a keyed pseudonym, where a tenant wants it.
    """

    id: str
    tenant: str
    service: str
    hook: str
    hook_instance: str | None
    mode: str
    status: int
    revision: str
    at: datetime
    ms: float
    patient: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    orders: tuple[OrderRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedbackItem:
    """What became of one card. `reason_*`: of an override; `comment`: free text, kept apart."""

    card: str
    outcome: str
    at: datetime
    accepted: tuple[str, ...] = ()
    reason_system: str = ""
    reason_code: str = ""
    comment: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class StoreEvent:
    """Something about the store worth a log line or a counter. `fault`: the type of an exception."""

    kind: str
    count: int = 0
    fault: str = ""
