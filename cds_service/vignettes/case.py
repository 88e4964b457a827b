"""The YAML shape of a vignette: a patient, a draft order, and what must come of it.

A file holds `cases` and, once for all of them, what holds `unless_stated`. A case replaces whole
members of that; `facts` are merged name by name, so that a case states only what differs.
Dates are written as if today were 1 June 2026 and move along with the real today.
"""

from datetime import date
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_snake

from cards.vocabulary import (
    CPT,
    ICD_10_CM,
    LOINC,
    RADLEX,
    SNOMED_CT,
    Coding,
    Indicator,
    Rating,
    Topic,
    Verdict,
)

REFERENCE_DAY = date(2026, 6, 1)
LOCAL_SYSTEM = "urn:oid:1.2.840.114350.1.13.999.2.7.2.696580"  # as an EHR writes its own order codes

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Size = Annotated[str, StringConstraints(pattern=r"^(?:<=|>=|<|>)? ?\d+(?:\.\d+)? (?:mm|cm|m|\[in_i\])$")]
AnswerCode = Annotated[str, StringConstraints(pattern=r"^[a-z-]+\.[a-z0-9-]+$")]
PrefetchKey = Literal[
    "patient", "conditions", "observations", "reports", "allergies", "devices", "procedures", "imaging"
]
Shortfall = Literal["not-sent", "failed", "suppressed", "more-pages"]


def _hyphened(name: str) -> str:
    return to_snake(name).replace("_", "-")


class Shape(BaseModel):
    """Base of every part of a vignette: frozen, strict, hyphens in YAML where Python has underscores.

    `as_` and the like are for words that Python keeps to itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=_hyphened)


class Coded(Shape):
    """Something with words, codes, or both, as a chart or an order holds it."""

    text: Words | None = None
    cpt: Words | None = None
    loinc: Words | None = None
    snomed_ct: Words | None = None
    icd_10_cm: Words | None = Field(None, alias="icd-10-cm")
    radlex: Words | None = None
    local: Words | None = None

    def codings(self) -> tuple[Coding, ...]:
        """The codes in a fixed order, without displays: those would be words of their own."""
        systems = (
            (CPT, self.cpt),
            (LOINC, self.loinc),
            (SNOMED_CT, self.snomed_ct),
            (ICD_10_CM, self.icd_10_cm),
            (RADLEX, self.radlex),
            (LOCAL_SYSTEM, self.local),
        )
        return tuple(Coding(system, code) for system, code in systems if code)


class Patient(Shape):
    """Age in whole years; left out = no birth date in the chart."""

    age: Annotated[int, Field(ge=0, le=120)] | None = None
    sex: Literal["female", "male"] | None = None


class Problem(Coded):
    """One entry of the problem list. `label`: what a reason of the order can refer to."""

    status: Literal["active", "recurrence", "inactive", "remission", "resolved"] | None = "active"
    verification: (
        Literal["confirmed", "unconfirmed", "provisional", "differential", "refuted", "entered-in-error"]
        | None
    ) = "confirmed"
    recorded: date | None = None
    label: Words | None = None


class Study(Coded):
    """One imaging study that was done. `describes`: the report codes an indeterminate liver lesion.

    `size`: measured in this study. `report`: its words, in which case nothing of it is coded. `as_`: which
    FHIR resource tells of it.
    """

    day: date
    describes: bool = True
    size: Size | None = None
    report: Words | None = None
    as_: Literal["report", "imaging-study", "procedure"] = Field("report", alias="as")
    status: Literal["final", "preliminary", "entered-in-error", "cancelled"] = "final"


class Measurement(Coded):
    """A size that stands alone as an Observation. `of`: the organ, liver unless stated."""

    size: Size
    day: date
    of: Words = "liver"
    as_component: bool = False


class Lab(Coded):
    """A laboratory result."""

    value: float
    unit: Words
    day: date


class Allergy(Coded):
    """An entry of the allergy list. `severity` and `manifestation` are those of its one reaction."""

    status: Literal["active", "inactive", "resolved"] | None = "active"
    verification: Literal["confirmed", "unconfirmed", "presumed", "refuted"] | None = "confirmed"
    severity: Literal["mild", "moderate", "severe"] | None = None
    manifestation: Words | None = None
    recorded: date | None = None


class Device(Coded):
    """An implanted device. `safety`: what its record says of the MR scanner."""

    safety: Words | None = None


class Done(Coded):
    """A procedure that was done and is no imaging study."""

    day: date


class Status(Coded):
    """An Observation whose value is a code or words: the pregnancy status."""

    value: Coded
    day: date


class Order(Coded):
    """A draft order. `study`: the catalogue ids that its code and words leave possible."""

    detail: Words | None = None
    study: tuple[Words, ...] = ()


class Reason(Coded):
    """Why the study is ordered. `means`: the concepts it stands for. `refers_to`: a problem's label."""

    means: tuple[Words, ...] = ()
    refers_to: Words | None = None


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


class Case(Shape):
    """One vignette."""

    name: Words
    why: Words
    hook: Literal["order-select", "order-sign"] = "order-select"
    patient: Patient = Patient()
    problems: tuple[Problem, ...] = ()
    studies: tuple[Study, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    labs: tuple[Lab, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    devices: tuple[Device, ...] = ()
    procedures: tuple[Done, ...] = ()
    statuses: tuple[Status, ...] = ()
    order: Order
    reasons: tuple[Reason, ...] = ()
    answers: tuple[tuple[AnswerCode, ...], ...] = ()
    also_drafted: tuple[Order, ...] = ()
    missing: dict[PrefetchKey, Shortfall] = Field(default_factory=dict)
    facts: dict[str, FactValue] = Field(default_factory=dict)
    expect: Expect
