"""The YAML shape of a vignette: a patient, a draft order, and what must come of it.

A file holds `cases` and, once for all of them, what holds `unless_stated`. A case replaces whole
members of that; `facts` are merged name by name, so that a case states only what differs.
"""

from datetime import date
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from cards.vocabulary import Indicator, Rating, Topic, Verdict
from cds_service.vignettes.scene import AnswerCode, PrefetchKey, Scene, Shape, Words


class Bound(Shape):
    """A measurement of which only a side is known, in the fact's own unit."""

    below: float | None = None
    at_most: float | None = None
    above: float | None = None
    at_least: float | None = None


class Dated(Shape):
    """A measurement whose day matters: an old one cautions against nothing."""

    value: float
    day: date


FactValue: TypeAlias = Literal["unknown"] | Words | float | tuple[Words, ...] | Bound | Dated


class Expect(Shape):
    """What must come of the case. A member left out of `suggests`, `offers` or `medians` is not looked at.

    `cautions`: the codes that concern the ordered study. `topic`: the card's.
    `suggests`: the studies offered in one click, best first, as far as they are written here.
    `offers`: every answer offered in one click, in any order; several codes = one click for all of them.
    `refused`: the request is refused for want of these parts of the chart (412).
    """

    verdict: Annotated[Verdict, Field(strict=False)] | None = None
    variants: tuple[int, ...] | None = None
    rating: Annotated[Rating, Field(strict=False)] | None = None
    medians: tuple[int, ...] | None = None
    asks: tuple[Words, ...] = ()
    card: Literal["none"] | Annotated[Indicator, Field(strict=False)] = "none"
    topic: Annotated[Topic, Field(strict=False)] | None = None
    cautions: tuple[Words, ...] = ()
    recommends: Words | Literal[False] | None = None
    suggests: tuple[Words, ...] | None = None
    offers: tuple[tuple[AnswerCode, ...], ...] | None = None
    says: tuple[Words, ...] = ()
    never_says: tuple[Words, ...] = ()
    never_suggests: tuple[Words, ...] = ()
    refused: tuple[PrefetchKey, ...] = ()

    @property
    def annotation(self) -> str | None:
        """The `pama-rating` code that design §4.3 gives to this outcome; None = no annotation."""
        if self.verdict is Verdict.NO_CRITERIA:
            return "no-criteria-apply"
        if self.verdict is not Verdict.RATED:
            return None
        return "not-appropriate" if self.rating is Rating.USUALLY_NOT_APPROPRIATE else "appropriate"

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.verdict is None) != bool(self.refused):
            raise ValueError("state either a verdict or what the request is refused for")
        if (self.verdict is Verdict.RATED) != (self.rating is not None):
            raise ValueError("a rating goes with the verdict rated, and with no other")
        if (self.verdict is Verdict.UNDETERMINED) != bool(self.asks):
            raise ValueError("asks go with the verdict undetermined, and with no other")
        return self


class Case(Scene):
    """One vignette."""

    why: Words
    facts: dict[str, FactValue] = Field(default_factory=dict)
    expect: Expect
