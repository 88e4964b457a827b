"""The words shared by the guideline and the cards: codings, ratings, verdicts, code systems.

Everything here is closed: a rating or a verdict that is not listed cannot be built.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum
from functools import cached_property

CPT = "http://www.ama-assn.org/go/cpt"
LOINC = "http://loinc.org"
SNOMED_CT = "http://snomed.info/sct"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
RADLEX = "http://radlex.org"

OUR_SYSTEMS = "https://liver-lesion-cds.example/fhir/CodeSystem"
ANSWER = f"{OUR_SYSTEMS}/answer"
ACR_RATING = f"{OUR_SYSTEMS}/acr-rating"
ACR_MEDIAN = f"{OUR_SYSTEMS}/acr-median"

ARGONAUT_RATING = "http://fhir.org/argonaut/CodeSystem/pama-rating"
CARD_TYPE = "http://terminology.hl7.org/CodeSystem/cdshooks-card-type"
NON_ADHERENCE = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"


@dataclass(frozen=True, slots=True)
class Coding:
    """A code in a system, with the words we print for it (ours, never the code owner's)."""

    system: str
    code: str
    display: str = ""

    def to_json(self) -> dict[str, str]:
        """FHIR and CDS Hooks write a Coding the same way; an empty display is left out."""
        shown = {"display": self.display} if self.display else {}
        return {"system": self.system, "code": self.code, **shown}


class Band(IntEnum):
    """The publisher's three categories, ordered: a higher band is a better study."""

    USUALLY_NOT = 1
    MAY_BE = 2
    USUALLY = 3


class Rating(Enum):
    """What a variant says of a procedure. Value: our code in the `acr-rating` system."""

    USUALLY_APPROPRIATE = "usually-appropriate"
    MAY_BE_APPROPRIATE = "may-be-appropriate"
    MAY_BE_APPROPRIATE_DISAGREEMENT = "may-be-appropriate-disagreement"
    USUALLY_NOT_APPROPRIATE = "usually-not-appropriate"

    @cached_property
    def band(self) -> Band:
        """The category: a panel's disagreement is a flag on "may be", not a band of its own."""
        match self:
            case Rating.USUALLY_APPROPRIATE:
                return Band.USUALLY
            case Rating.USUALLY_NOT_APPROPRIATE:
                return Band.USUALLY_NOT
            case _:
                return Band.MAY_BE

    @cached_property
    def words(self) -> str:
        """As a clinician reads it in the middle of a sentence."""
        if self is Rating.MAY_BE_APPROPRIATE_DISAGREEMENT:
            return "may be appropriate (panel disagreed)"
        return str(self.value).replace("-", " ")


class Verdict(StrEnum):
    """What became of one draft order (design §4.3). UNREADABLE: the order or its chart could not be used."""

    RATED = "rated"
    UNDETERMINED = "undetermined"
    CONFLICTING = "conflicting"
    NO_CRITERIA = "no-criteria"
    NOT_APPLICABLE = "not-applicable"
    AFTER_MRI = "after-mri"
    UNREADABLE = "unreadable"


class Indicator(StrEnum):
    """How loudly a card speaks. CDS Hooks also knows `critical`; appropriateness never is."""

    INFO = "info"
    WARNING = "warning"


class Topic(StrEnum):
    """`source.topic` codes we use, of the `cdshooks-card-type` code system."""

    GUIDELINE = "guideline"
    OFF_GUIDELINE = "off-guideline"
    CONTRAINDICATION = "contraindication"
    APPROPRIATE_USE = "appropriate-use"
