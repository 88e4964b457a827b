"""The shape of a topic: questions with their closed sets of answers, variants, ratings, licence."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from cards.vocabulary import Rating
from cds_service.guideline.chart import Interval
from cds_service.guideline.content.schema import Bound, Content, Name, Strength, Words


class MeasureValue(Content):
    """An answer to a question about a number: strictly below or strictly above a bound."""

    below: Bound | None = None
    above: Bound | None = None

    @cached_property
    def span(self) -> Interval:
        """What lies on this answer's side, without the bound itself."""
        low = -math.inf if self.above is None else self.above
        return Interval(low, math.inf if self.below is None else self.below)


class QuestionValue(Content):
    """One answer. Exactly one of `facts` (values of a Choice fact), `measure`, `procedure`."""

    label: Words  # on the button: "Under 1 cm"
    reason_text: Words  # on the order: "Liver lesion under 1 cm"
    boundary_text: Words | None = None  # when the chart says exactly the bound
    facts: tuple[Words, ...] = ()
    measure: MeasureValue | None = None
    procedure: Name | None = None


class Question(Content):
    """A fact as a closed set of answers. `fact`: name in the Chart; None: about the ordered study."""

    wording: Words
    boundary_wording: Words | None = None
    fact: Name | None = None
    subject: Words  # "the lesion's size", for "not known: ..."
    label: Words | None = None  # "Size", before the value on a card; None = not shown as a fact
    values: dict[Name, QuestionValue]


class RatingRow(Content):
    """One row of a variant's table, with where it stands in the source."""

    procedure: Name
    rating: Rating = Field(strict=False)
    median: Annotated[int, Field(ge=1, le=9)]
    strength: Strength
    adult_radiation: Words
    pediatric_radiation: Words | None
    locator: Words  # "Variant 6, row 3"
    rationale: Words  # one sentence, ends with a full stop
    rationale_source: Words | None
    notes: tuple[Words, ...] = ()


class Variant(Content):
    """A clinical scenario: `criteria` maps a question to the answers that fit; others do not matter."""

    number: Annotated[int, Field(ge=1)]
    title: Words  # our words
    criteria: dict[Name, tuple[Name, ...]]
    locator: Words
    ratings: tuple[RatingRow, ...]

    @cached_property
    def rows(self) -> Mapping[str, "Row"]:
        """Its rating rows by procedure."""
        return {rating.procedure: Row(self, rating) for rating in self.ratings}


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A rating row with the variant it belongs to. Each exists once."""

    variant: Variant
    rating: RatingRow


class Licence(Content):
    """Whose ratings these are, and what may be done with them."""

    holder: Words
    state: Literal["not-obtained", "obtained"]
    notice: Words


class AfterMri(Content):
    """What an article says comes next, by what the MRI found (`result`: a value of `mri_result`)."""

    result: Name
    finding: Words
    advice: Words


class Applicability(Content):
    """When the topic applies (design §4.2): concept names."""

    reasons: tuple[Name, ...]  # a reason of one of these concepts makes the order about the topic
    characterized: tuple[Name, ...] = ()  # those of `reasons` that are a definite diagnosis already
    unspecific: tuple[Name, ...] = ()  # those that may or may not be one
    lesion_fact: Name
    biopsy_reasons: tuple[Name, ...]  # reasons that leave a liver biopsy about the lesion
    minimum_age: int


class GuidelineTopic(Content):
    """topics/*.yaml"""

    id: Name
    title: Words
    publisher: Words
    edition: Words
    source_url: Words
    currency: Words
    licence: Licence
    status: Literal["unreviewed", "active", "retired"]
    reviewer: Words | None = None
    reviewed_on: date | None = None
    review_by: date | None = None
    scope_gaps: tuple[Words, ...]
    applicability: Applicability
    questions: dict[Name, Question]
    variants: tuple[Variant, ...]
    after_mri: tuple[AfterMri, ...] = ()
    after_mri_source: Words = ""  # this and the scope: "" only where there is no after_mri
    after_mri_scope: Words = ""  # a sentence: which patients the source is about
    no_rationale: Words  # the sentence for rows our sources hold nothing on

    def __hash__(self) -> int:
        """Topics that are the same have the same id; what is in them cannot all be hashed."""
        return hash(self.id)

    @cached_property
    def rated_procedures(self) -> tuple[str, ...]:
        """Every study that some variant rates, in the file's order."""
        return tuple({row.procedure: None for variant in self.variants for row in variant.ratings})
