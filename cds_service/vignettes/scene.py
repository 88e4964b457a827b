"""The YAML shape of what a vignette tells: a patient, the chart, and a draft order.

Dates are written as if today were 1 June 2026 and move along with the real today. The workbench's patients
have this shape too, without the expectations.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_snake

from cards.vocabulary import CPT, ICD_10_CM, LOINC, RADLEX, SNOMED_CT, Coding

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


class Scene(Shape):
    """A patient and a draft order. `ids`: what the id of every resource begins with; left out = a hash."""

    name: Words
    ids: Words | None = None
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
