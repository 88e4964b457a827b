"""Who the patient is, as far as a fair look at the results needs it: groups, never names."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.elements import codings, mappings, texts, word

Json: TypeAlias = Mapping[str, Any]

_US_CORE = "/us-core-{}"
_BANDS = ((18, "under 18"), (40, "18–39"), (50, "40–49"), (60, "50–59"), (70, "60–69"), (80, "70–79"))
OLDEST = "80 and over"
NOT_STATED = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Groups as the chart words them; "" = not stated."""

    sex: str = NOT_STATED
    race: str = NOT_STATED
    ethnicity: str = NOT_STATED
    language: str = NOT_STATED
    born: date | None = None

    def age_band(self, day: date) -> str:
        """Of that day; "" when the birth date is not known to the year."""
        if self.born is None or self.born > day:
            return NOT_STATED
        age = day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day))
        return next((name for below, name in _BANDS if age < below), OLDEST)


def person(raw: Json | None) -> Person:
    """The Patient resource's groups."""
    if raw is None:
        return Person()
    born = dates.parse(raw.get("birthDate"))
    return Person(
        sex=word(raw.get("gender")).lower()[:20],
        race=_us_core(raw, "race"),
        ethnicity=_us_core(raw, "ethnicity"),
        language=_language(raw),
        born=born.first if born else None,
    )


def _us_core(raw: Json, name: str) -> str:
    """The OMB category of the US Core extension; several are one group of their own."""
    ending = _US_CORE.format(name)
    for extension in mappings(raw.get("extension")):
        if word(extension.get("url")).endswith(ending):
            parts = mappings(extension.get("extension"))
            named = [_category(part) for part in parts if part.get("url") == "ombCategory"]
            told = sorted({name for name in named if name})
            if told:
                return told[0] if len(told) == 1 else "More than one"
            return next(
                (word(p.get("valueString"))[:60] for p in parts if p.get("url") == "text"), NOT_STATED
            )
    return NOT_STATED


def _category(part: Json) -> str:
    found = codings(part.get("valueCoding"))
    return (found[0].display or found[0].code)[:60] if found else NOT_STATED


def _language(raw: Json) -> str:
    """The preferred language, else the only one; regions are left aside ("en-US" is "en")."""
    spoken = mappings(raw.get("communication"))
    chosen = [one for one in spoken if one.get("preferred") is True] or (spoken if len(spoken) == 1 else [])
    for one in chosen[:1]:
        for coding in codings(one.get("language")):
            if coding.code:
                return coding.code.split("-")[0].lower()[:20]
        return next(iter(texts(one.get("language"))), NOT_STATED)[:60]
    return NOT_STATED
