"""The chart as the guideline sees it: facts that are known, narrowed or open, each with its evidence.

Lengths are in millimetres, eGFR in mL/min/1.73 m2, ages in whole years.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TypeAlias

YES = "yes"
NO = "no"


class Searched(StrEnum):
    """How far the search for a fact went. "Searched and not found" differs from "not searched"."""

    COMPLETE = "complete"
    CUT_SHORT = "cut-short"  # pages missing, or the server said that it held results back
    NOT_HAD = "not-had"  # asked for, and refused or failed
    NOT_SEARCHED = "not-searched"  # not sent, and nowhere to ask

    @property
    def unread(self) -> bool:
        """True when nothing at all was read: what was not found may well be there."""
        return self in (Searched.NOT_HAD, Searched.NOT_SEARCHED)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a fact rests on: which resource, of what day, and what it said (its own words)."""

    resource: str  # "DiagnosticReport/us-1"; "ServiceRequest/x" for the order itself
    text: str
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """A measurement, as exact as it was recorded: `<10` is (-inf, 10), `8` is [8, 8]."""

    low: float = -math.inf
    high: float = math.inf
    low_included: bool = False
    high_included: bool = False

    @classmethod
    def point(cls, value: float) -> "Interval":
        """A plain value without a comparator."""
        return cls(value, value, True, True)

    @property
    def value(self) -> float | None:
        """The number when the interval is a single point, else None."""
        return self.low if self.low == self.high else None

    @property
    def unbounded(self) -> bool:
        """True when nothing at all is known."""
        return math.isinf(self.low) and math.isinf(self.high)

    def overlaps(self, other: "Interval") -> bool:
        """True when one number may lie in both."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        low_in = all(one.low_included for one in (self, other) if one.low == low)
        high_in = all(one.high_included for one in (self, other) if one.high == high)
        return low < high or (low == high and low_in and high_in)

    def hull(self, other: "Interval") -> "Interval":
        """The smallest interval that holds both."""
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Interval(
            low,
            high,
            any(one.low == low and one.low_included for one in (self, other)),
            any(one.high == high and one.high_included for one in (self, other)),
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """A fact with a closed set of values. One of `possible` is true; one entry = known; never empty."""

    possible: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()
    searched: Searched = Searched.COMPLETE
    note: str = ""  # why it is open, in words: "only an unconfirmed entry"

    @property
    def value(self) -> str | None:
        """The one value, or None while open."""
        return self.possible[0] if len(self.possible) == 1 else None


@dataclass(frozen=True, slots=True)
class Measure:
    """A fact that is a number with a unit fixed by its name (`lesion_size_mm`, `egfr`, `inr`)."""

    interval: Interval = field(default_factory=Interval)
    evidence: tuple[Evidence, ...] = ()
    searched: Searched = Searched.COMPLETE
    note: str = ""

    @property
    def value(self) -> float | None:
        """The number, or None while open or an interval."""
        return self.interval.value


Fact: TypeAlias = Choice | Measure

LIVER_LESION = "liver_lesion"
LESION_SIZE = "lesion_size_mm"
INITIAL_IMAGING = "initial_imaging"
MRI_SINCE = "mri_since"
MRI_RESULT = "mri_result"  # metastasis, benign or indeterminate: what that MRI's report concludes

IMAGING_KINDS = (
    "us",
    "ct-noncontrast",
    "ct-single-phase",
    "mri-noncontrast",
    "ct-multiphase",
    "mri-with-contrast",
    "ceus",
)

# Facts that a topic's questions may be about: the closed set of a Choice, or None for a Measure.
QUESTION_FACTS: Mapping[str, tuple[str, ...] | None] = {
    LIVER_LESION: ("indeterminate", "characterized", "none"),
    LESION_SIZE: None,
    INITIAL_IMAGING: IMAGING_KINDS,
    "extrahepatic_malignancy": (YES, NO),
    "chronic_liver_disease": (YES, NO),
}

REACTION_DEGREES = ("mild", "moderate", "severe")

# Facts that cautions may rest on: the values of a Choice, or None for a Measure.
CAUTION_FACTS: Mapping[str, tuple[str, ...] | None] = {
    "egfr": None,
    "acute_kidney_injury": (YES, NO),
    "dialysis": (YES, NO),
    "gadolinium_reaction": (NO, *REACTION_DEGREES),
    "iodinated_contrast_reaction": (NO, *REACTION_DEGREES),
    "ultrasound_contrast_reaction": (NO, *REACTION_DEGREES),
    "implant": (NO, YES, "mr-unsafe"),
    "pregnancy": (YES, NO),
    "platelets": None,
    "inr": None,
}


@dataclass(frozen=True, slots=True)
class DoneStudy:
    """A study of the catalogue that was done lately: suggesting it again says so instead."""

    procedure: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Chart:
    """One patient's facts by name (the names of `explain --json`). A missing name is an open fact.

    `unusable`: why nothing of this chart may be used (another patient's resource); "" when it may.
    """

    facts: Mapping[str, Fact]
    age: int | None = None
    sex: str | None = None  # "male" | "female" | None
    unusable: str = ""
    remarks: tuple[str, ...] = ()  # what a reader should know of the search itself
    done_lately: tuple[DoneStudy, ...] = ()  # newest first

    def choice(self, name: str) -> Choice | None:
        """The fact of that name if it is a Choice."""
        fact = self.facts.get(name)
        return fact if isinstance(fact, Choice) else None
