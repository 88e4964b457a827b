"""What the guideline needs to know of a draft order: which study, why, and what was answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cds_service.guideline.chart import Interval


@dataclass(frozen=True, slots=True)
class Reason:
    """One stated reason (an answer is not one). `concepts`: names from concepts.yaml it stands for.

    `sought`: those it only asks about ("rule out liver metastasis"). `readable` is False for a
    reference that nobody sent and that carries no words.
    """

    text: str
    concepts: frozenset[str] = frozenset()
    sought: frozenset[str] = frozenset()
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Order:
    """One draft order. `procedures`: the catalogue ids its codes and text leave possible.

    Empty `procedures` = outside the catalogue. `answers`: question -> values that were answered
    (several = "one of these"). `stated_size`: what the order's own words say of the lesion's size, mm.
    """

    reference: str
    procedures: tuple[str, ...]
    reasons: tuple[Reason, ...] = ()
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stated_size: Interval | None = None
    size_words: str = ""
