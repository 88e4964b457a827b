"""Reading FHIR datatypes out of JSON that may be malformed. Nothing here raises, whatever it is given.

What EHRs send differs from the standard (an object where a list should be, numbers as strings, codes
as numbers), so each reader takes anything and gives the empty value when it can make nothing of it.
"""

import math
import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, TypeAlias

from cards.vocabulary import Coding
from cds_service.guideline.terms.code_systems import system_name

JsonObject: TypeAlias = Mapping[str, Any]

QUOTE_LIMIT = 120
_NOTHING: JsonObject = {}
_NO_STATUS: frozenset[str] = frozenset()
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(?:[.,][0-9]{1,12})?")


def mapping(value: object) -> JsonObject:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else _NOTHING


def mappings(value: object) -> list[JsonObject]:
    """The objects of a list; a lone object counts as a list of one."""
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def word(value: object) -> str:
    """A string without blanks at its ends; a whole number as its digits; else ""."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**20:
        return str(value)
    return ""


def number(value: object) -> float | None:
    """A finite number, also from a plain numeral in a string (decimal comma accepted)."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value.strip().replace(",", "."))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def codings(concept: object) -> list[Coding]:
    """Every coding of a CodeableConcept, of a list of them, or of a bare Coding."""
    found = []
    for item in mappings(concept):
        inner = mappings(item.get("coding"))
        for coding in inner or ([item] if "code" in item else []):
            code, display = word(coding.get("code")), word(coding.get("display"))
            if code or display:
                found.append(Coding(word(coding.get("system")), code, display))
    return found


class Concept(NamedTuple):
    """A CodeableConcept, read: its codings and its free words."""

    codings: list[Coding]
    texts: list[str]

    def words(self) -> str:
        """How it calls itself: its text, else the first display, else its first code."""
        displays = [coding.display for coding in self.codings if coding.display]
        return (self.texts or displays or [coding.code for coding in self.codings] or [""])[0]

    def loinc(self, codes: Collection[str]) -> str:
        """Which of these LOINC codes it carries; "" = none."""
        return next((each.code for each in self.codings if each.code in codes and is_loinc(each)), "")


def concept(value: object) -> Concept:
    """A CodeableConcept, a list of them, a bare Coding, or bare words."""
    return Concept(codings(value), texts(value))


def is_loinc(coding: Coding) -> bool:
    """A code without a system is let pass."""
    return not coding.system or system_name(coding.system) == "loinc"


def loinc_of(value: object, codes: Collection[str]) -> str:
    """Which of these LOINC codes a concept carries; "" = none."""
    return concept(value).loinc(codes)


def texts(concept: object) -> list[str]:
    """The free words of a CodeableConcept or of a list of them; a bare string counts as words."""
    if isinstance(concept, str):
        return [concept.strip()] if concept.strip() else []
    items = concept if isinstance(concept, list) else [concept]
    found = [word(item.get("text")) if isinstance(item, dict) else word(item) for item in items]
    return [text for text in found if text]


def words_of(value: object) -> str:
    """How a concept calls itself: its text, else the first display, else its first code."""
    return concept(value).words()


def status_words(value: object) -> frozenset[str]:
    """A status in every way it is given (plain string, codes, words): lower case, hyphens for blanks."""
    if not value:
        return _NO_STATUS
    if isinstance(value, str):
        return frozenset((_status(value),)) if value.strip() else _NO_STATUS
    found = codings(value)
    given = (word(value), *(one.code for one in found), *(one.display for one in found), *texts(value))
    return frozenset([_status(one) for one in given if one])


def _status(said: str) -> str:
    return said.strip().lower().replace(" ", "-").replace("_", "-")


def quoted(text: str, limit: int = QUOTE_LIMIT) -> str:
    """Words of the chart as evidence shows them: one line, no control characters, length-capped."""
    line = _BLANK.sub(" ", text[: 4 * limit]).strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
