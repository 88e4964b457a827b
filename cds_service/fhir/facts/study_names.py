"""Which imaging study a record is of, by its codes and words."""

from dataclasses import dataclass

from cards.vocabulary import Coding
from cds_service.fhir.datatypes.elements import JsonObject, codings, mappings, texts, word, words_of
from cds_service.guideline.chart import Interval
from cds_service.guideline.content.schema import StudyTraits
from cds_service.guideline.terms.judging import Terms, imaging_kinds, procedures_named, study_named

DICOM_WORDS = {"CT": "CT", "MR": "MRI", "US": "US", "PT": "PET", "NM": "nuclear medicine", "MG": "mammogram"}
DICOM_WORDS |= {"CR": "X-ray", "DX": "X-ray", "RF": "fluoroscopy", "XA": "angiography"}


@dataclass(frozen=True, slots=True)
class StudyName:
    """What codes and words say which study it was."""

    codings: list[Coding]
    texts: list[str]
    traits: StudyTraits | None = None
    kinds: tuple[str, ...] = ()
    dose: Interval | None = None
    procedures: tuple[str, ...] = ()


def study_name(kind: str, terms: Terms, said: JsonObject) -> StudyName | None:
    """By the members that tell it; None = no study. Only reports may tell in prose what they are of."""
    found, words = _names_of_images(said) if kind == "ImagingStudy" else _names(said)
    traits, dose = study_named(terms, found, words)
    if traits is None and kind != "DiagnosticReport":
        return None
    if traits is None:
        return StudyName(found, words)
    procedures = procedures_named(terms, found, words)
    return StudyName(found, words, traits, imaging_kinds(traits), dose, procedures)


def _names(said: JsonObject) -> tuple[list[Coding], list[str]]:
    """Codes and words that say which study it was."""
    code = said.get("code")
    sites = [words_of(site) for site in mappings(said.get("bodySite"))]
    words = texts(code)
    return codings(code), words + [f"{text} {site}" for text in words[:1] for site in sites[:2]]


def _names_of_images(said: JsonObject) -> tuple[list[Coding], list[str]]:
    code = said.get("procedureCode")
    series = mappings(said.get("series"))
    named = (*codings(said.get("modality")), *(c for s in series for c in codings(s.get("modality"))))
    modality = next((DICOM_WORDS[c.code.upper()] for c in named if c.code.upper() in DICOM_WORDS), "")
    sites = dict.fromkeys(words_of(site) for s in series[:20] for site in mappings(s.get("bodySite")))
    described = [word(said.get("description")), *texts(code), *(c.display for c in codings(code))]
    known = [text for text in described if text]
    # "ABDOMEN W/WO" says what was imaged only together with the modality.
    return codings(code), [f"{modality} {text}".strip() for text in known or [" ".join(sites)]]
