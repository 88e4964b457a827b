"""The shape of `cautions.yaml`: what of a patient bears on which studies, and what to say of it."""

from typing import Annotated, Literal

from pydantic import Field

from cds_service.guideline.content.schema import Bound, Content, ContrastAgent, Modality, Name, Words

CautionCode = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[-.][a-z0-9]+)*$")]


class CautionWhen(Content):
    """When a fact makes a caution: a number strictly below or above a bound, or one of these values."""

    below: Bound | None = None
    above: Bound | None = None
    values: tuple[Words, ...] = ()


class CautionTarget(Content):
    """Which studies a caution concerns: exactly one member, as the catalogue states it of a study."""

    contrast_agent: ContrastAgent | None = None
    radiation: Literal["ionizing", "varies"] | None = None
    modality: Modality | None = None
    liver_biopsy: Literal[True] | None = None


class Concern(Content):
    """What a caution means for one kind of study.

    `inform`: it is said; `withdraw`: the study is no longer recommended, only named. `first`: what to do
    before ordering, a few words for a card's summary. `beside`: studies to offer beside or instead.
    """

    on: CautionTarget
    effect: Literal["inform", "withdraw"]
    first: Words
    advice: Words  # one or two sentences
    beside: tuple[Name, ...] = ()
    source: Words


class IfOpen(Content):
    """How a caution is worded when the fact may be true and may not: as a question, never as certain."""

    finding: Words
    first: Words
    advice: Words


class Caution(Content):
    """One caution. `finding`: a few words for what is known; `{value}` stands for the fact's own value.

    `value_open`: what `{value}` says when all of `when.values` are still possible. `if_open`: left out =
    nothing is said while the fact is open. `max_age_days`: an older number is shown as old and cautions
    against nothing. `replaces`: the code that is left out when this one holds. `subject`: names the fact
    when it could not be looked for; not said of patients over `subject_until_age`.
    """

    fact: Name
    when: CautionWhen
    subject: Words
    subject_until_age: int | None = None
    finding: Words
    value_open: Words | None = None
    if_open: IfOpen | None = None
    max_age_days: Annotated[int, Field(ge=1)] | None = None
    replaces: CautionCode | None = None
    concerns: tuple[Concern, ...]


class CautionsFile(Content):
    """cautions.yaml. What stands first is said first."""

    cautions: dict[CautionCode, Caution]
