"""What Observations and reports say of a liver lesion."""

import re
from collections.abc import Iterator, Mapping
from functools import partial

from cds_service.fhir.access.prefetch import OBSERVATION_CODES, SIZE
from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.dates import When
from cds_service.fhir.datatypes.elements import (
    Concept,
    JsonObject,
    codings,
    concept,
    mappings,
    status_words,
    texts,
    word,
    words_of,
)
from cds_service.fhir.facts.conclusions import sentences
from cds_service.fhir.facts.lesion import LesionItem, Says, what_it_says
from cds_service.fhir.facts.problems import is_liver_site, judge_lesion
from cds_service.fhir.facts.told import OBSERVED, Told
from cds_service.fhir.narrative import Reading
from cds_service.fhir.records import Entry, Records
from cds_service.guideline.terms.judging import Terms
from cds_service.guideline.terms.remembered import Remembered

ABSENT_CODES = frozenset(("2667000", "373067005", "260385009", "260415000", "LA9634-2", "LA32-8"))
ABSENT_WORDS = frozenset(("absent", "no", "none", "negative", "not-present", "not-detected", "false", "n"))
_LESION = r"(?:lesion|tumou?r|mass|nodule|neoplasm|cyst|metastas[ei]s)"
_EXTENT = r"(?:size|dimension|diameter|axis|measure(?:s|d|ment)?|extent|length|width)"
_NAMES_SIZE = re.compile(
    rf"\b{_LESION}\b.{{0,60}}\b{_EXTENT}\b|\b{_EXTENT}\b.{{0,60}}\b{_LESION}\b", re.IGNORECASE
)
_NUMBERS = frozenset(OBSERVATION_CODES)
_SIZE_NAMED: Remembered[bool] = Remembered()
_DENIAL = re.compile(
    r"(?:no|none|not|nil|negative|absent|without|denies|never|normal|unremarkable)\b", re.IGNORECASE
)
_GONE = re.compile(
    r"\b(?:resected|ablated|resection|ablation|resolved|no longer|status post|s/p)\b", re.IGNORECASE
)
UNSETTLED_REPORT = frozenset(("preliminary", "partial"))


def items_of_reports(records: Records, terms: Terms, told: Mapping[str, Told]) -> Iterator[LesionItem]:
    """Conclusions of every report: as codes, and in words."""
    reports = records.of("DiagnosticReport")
    speaking = [one for one in reports if one.name in told or one.sent.has("conclusionCode")]
    return records.read_these(speaking, lambda entry: _of_report(entry, terms, told))


def _of_report(entry: Entry, terms: Terms, told: Mapping[str, Told]) -> Iterator[LesionItem]:
    when = dates.of(entry.raw, *OBSERVED)
    tentative = not status_words(entry.raw.get("status")).isdisjoint(UNSETTLED_REPORT)
    coded = False
    for one in mappings(entry.raw.get("conclusionCode")):
        concluded = concept(one)
        said = what_it_says(judge_lesion(terms, *concluded, False), tentative)
        if said:
            coded = True
            yield _item(entry, said, concluded.words(), when)
    reading = told[entry.name].reading if entry.name in told else Reading()
    if reading.lesion == "indeterminate" or (reading.lesion == "characterized" and tentative):
        yield _item(entry, Says.UNDIAGNOSED, reading.lesion_quote, when)
    elif reading.lesion == "characterized" and not coded:
        yield _item(entry, Says.DIAGNOSED, reading.lesion_quote, when)


def _said_in_words(sentence: str, terms: Terms) -> Says | None:
    """A sentence proves that there is a lesion. A diagnosis in it may not be of every lesion."""
    if _GONE.search(sentence):
        return None
    match what_it_says(judge_lesion(terms, (), (sentence,), False)):
        case Says.DIAGNOSED:
            return Says.UNSPECIFIC
        case Says.UNDIAGNOSED:
            return Says.UNDIAGNOSED
        case _:
            return None


def items_of_observations(records: Records, terms: Terms) -> Iterator[LesionItem]:
    """Findings recorded as Observations: by their code, or by a coded value; components as well."""
    for entry, found in records.alike("Observation", lambda one: _said_in_all(one, terms) or None):
        when = dates.of(entry.raw, *OBSERVED)
        for said, words in found:
            yield _item(entry, said, words, when)


def _said_in_all(observation: JsonObject, terms: Terms) -> list[tuple[Says, str]]:
    """What an Observation and its components say, in which words."""
    if concept(observation.get("code")).loinc(_NUMBERS):  # a size or a laboratory value: read elsewhere
        return []
    at_liver = is_liver_site(observation.get("bodySite"), terms)
    components = mappings(observation.get("component"))
    parts = (observation, *(part for part in components if not part.get("modifierExtension")))
    told = (part for part in parts if not _says_absent(part) and not names_size(concept(part.get("code"))))
    return [(said, _shown(part)) for part in told if (said := _said_by(part, at_liver, terms))]


def _said_by(part: JsonObject, at_liver: bool, terms: Terms) -> Says | None:
    code, value = part.get("code"), part.get("valueCodeableConcept")
    by_value = what_it_says(judge_lesion(terms, codings(value), texts(value), at_liver))
    if by_value:  # "family history: liver metastasis" names it, and does not mean it
        together = judge_lesion(terms, (), (f"{words_of(code)} {words_of(value)}",), at_liver)
        return by_value if what_it_says(together) or not words_of(value) else None
    if isinstance(part.get("valueString"), str):
        return _by_string(code, word(part["valueString"]), at_liver, terms)
    return what_it_says(judge_lesion(terms, codings(code), texts(code), at_liver))


def _by_string(code: object, value: str, at_liver: bool, terms: Terms) -> Says | None:
    """A value in words: a finding of its own, or what it says of the finding that the code names."""
    said = next((found for sentence in sentences(value) if (found := _said_in_words(sentence, terms))), None)
    if said or _DENIAL.match(value):
        return said
    return what_it_says(judge_lesion(terms, codings(code), texts(code), at_liver))


def _says_absent(part: JsonObject) -> bool:
    if part.get("valueBoolean") is False:
        return True
    value = part.get("valueCodeableConcept")
    given = status_words(value) | status_words(part.get("valueString"))
    if any(coding.code in ABSENT_CODES for coding in codings(value)):
        return True
    return not given.isdisjoint(ABSENT_WORDS)


def _shown(part: JsonObject) -> str:
    value = words_of(part.get("valueCodeableConcept")) or word(part.get("valueString"))
    code = words_of(part.get("code"))
    return f"{code}: {value}" if value else code


def _item(entry: Entry, said: Says, text: str, when: When | None) -> LesionItem:
    return LesionItem(said, entry.name, when, entry.evidence(text, when), entry.reliable)


def names_size(code: Concept) -> bool:
    """Whether a code asks for the extent of a lesion."""
    if code.loinc(SIZE):
        return True
    named = dict.fromkeys((*code.texts, *(coding.display for coding in code.codings)))
    return any(_SIZE_NAMED.get(said, partial(_words_name_size, said)) for said in named)


def _words_name_size(said: str) -> bool:
    return _NAMES_SIZE.search(said[:500]) is not None
