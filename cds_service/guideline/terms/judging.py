"""From codes and words to concepts and studies: what does this entry of a chart or an order stand for?

Compiled once from the library and a tenant's local codes; every question after that is look-ups and one
walk over short texts. Nothing here fails on what a chart may hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from cards.vocabulary import Coding
from cds_service.guideline.chart import Interval
from cds_service.guideline.content.schema import (
    Concept,
    Context,
    EarlierRadiation,
    EarlierStudy,
    LevelRange,
    Procedure,
    StudyTraits,
)
from cds_service.guideline.terms.code_systems import bare_system
from cds_service.guideline.terms.codes import (
    CodeSays,
    CodesSay,
    CodeTable,
    KnownCode,
    code_table,
    codes_say,
    known_codes,
)
from cds_service.guideline.terms.doses import dose_of
from cds_service.guideline.terms.local_codes import LocalCodes, local_codes
from cds_service.guideline.terms.mentions import Hear, Heard, Said, listener
from cds_service.guideline.terms.remembered import Remembered
from cds_service.guideline.terms.studies import StudyIndex, procedures_of, study_index
from cds_service.guideline.terms.study_traits import imaging_kinds, traits_of

__all__ = [
    "NO_LOCAL_CODES",
    "Judgement",
    "LocalCodes",
    "Standing",
    "Terms",
    "compile_terms",
    "concepts_named",
    "concepts_sought",
    "dose_named",
    "imaging_kinds",
    "judge",
    "judge_all",
    "local_codes",
    "procedures_named",
    "study_named",
    "traits_named",
]

NO_LOCAL_CODES = LocalCodes({})

# Words that say nothing: an entry with no more than these is as unreadable as an empty one.
_NO_CONTENT = frozenset(
    ("unknown", "other", "n/a", "na", "null", "tbd", "see comment", "see comments", "see note", "unspecified")
)
# "Diabetes mellitus (CMS/HCC)": a hierarchical condition category, for which HCC also stands.
_BILLING_TAGS = ("(CMS/HCC)", "(CMS-HCC)", "(HHS/HCC)", "(HHS-HCC)", "(HCC)", "[HCC]")


class Standing(StrEnum):
    """Does an entry stand for a concept? UNSURE: named, but in doubt, or its code and words disagree.
    UNREADABLE: no code that we know and no words."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Judgement:
    """`past`: the entry says "history of" or the like.
    `sought`: UNSURE because it is only asked about ("rule out"): nothing has been seen yet."""

    standing: Standing
    past: bool = False
    sought: bool = False


class Vocabulary(Protocol):
    """The part of the library that terms are compiled from."""

    @property
    def concepts(self) -> Mapping[str, Concept]: ...
    @property
    def context(self) -> Context: ...
    @property
    def procedures(self) -> Mapping[str, Procedure]: ...
    @property
    def earlier_studies(self) -> tuple[EarlierStudy, ...]: ...
    @property
    def earlier_radiation(self) -> tuple[EarlierRadiation, ...]: ...
    @property
    def radiation_scale(self) -> Mapping[str, LevelRange]: ...


@dataclass(frozen=True, slots=True)
class Terms:
    """The library's vocabulary, compiled. Built by `compile_terms`."""

    concepts: Mapping[str, Concept]
    codes: CodeTable
    hear: Hear = field(repr=False)
    studies: StudyIndex = field(repr=False)
    local: Mapping[tuple[str, str], str]
    earlier_radiation: tuple[EarlierRadiation, ...] = ()
    radiation_scale: Mapping[str, LevelRange] = field(default_factory=dict)
    # What codes and words were found to mean; of a chart's words themselves nothing is kept.
    judged: Remembered[dict[str, Judgement]] = field(default_factory=Remembered, repr=False, compare=False)
    ordered: Remembered[tuple[str, ...]] = field(default_factory=Remembered, repr=False, compare=False)
    done: Remembered[tuple[StudyTraits | None, Interval | None]] = field(
        default_factory=Remembered, repr=False, compare=False
    )


def compile_terms(library: Vocabulary, local: LocalCodes | None = None) -> Terms:
    """Compile a library's vocabulary and a tenant's local codes. Raises ValueError for a malformed phrase
    or code range, which the library's own check has refused before."""
    entries = local.entries if local else {}
    return Terms(
        concepts=library.concepts,
        codes=code_table(library.concepts),
        hear=listener(library.concepts, library.context),
        studies=study_index(library.procedures, library.earlier_studies),
        local={(bare_system(system), code.strip()): means for (system, code), means in entries.items()},
        earlier_radiation=library.earlier_radiation,
        radiation_scale=library.radiation_scale,
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    """One CodeableConcept, read once for all concepts."""

    texts: list[str]
    known: tuple[KnownCode, ...]
    mapped: frozenset[str]  # what a tenant's local codes mean
    heard: tuple[Mapping[str, Heard], ...]  # of each text
    legible: bool


def judge(terms: Terms, concept: str, codings: Sequence[Coding], texts: Sequence[str]) -> Judgement:
    """Does one CodeableConcept (its codings and its text) stand for the concept?

    A name that the library does not hold is NO: a smaller library knows fewer concepts.
    """
    return judge_all(terms, codings, texts).get(concept, _NOT_HELD)


def judge_all(terms: Terms, codings: Sequence[Coding], texts: Sequence[str]) -> Mapping[str, Judgement]:
    """`judge` for every concept of the library: codes and words are read once."""
    said = _all_said(codings, texts)
    return terms.judged.get(said, lambda: _judge_all(terms, _entry(terms, codings, texts)))


def _all_said(codings: Sequence[Coding], *texts: Sequence[str]) -> str:
    return repr((texts, [(coding.system, coding.code, coding.display) for coding in codings]))


_NOT_HELD = Judgement(Standing.NO)


def _judge_all(terms: Terms, entry: _Entry) -> dict[str, Judgement]:
    """Concepts that neither a code nor a word of the entry names are all judged alike, but for those that
    cover a code's system whole."""
    named = entry.mapped.union(*entry.heard, *(listed for code in entry.known for listed in code.listed))
    judged: dict[str, Judgement] = {}
    alike: dict[tuple[bool, ...], Judgement] = {}
    for name in terms.concepts:
        covered = tuple(name in terms.codes.complete.get(code.system, ()) for code in entry.known)
        if name in named:
            judged[name] = _judged(terms, name, entry)
        elif covered in alike:
            judged[name] = alike[covered]
        else:
            judged[name] = alike[covered] = _judged(terms, name, entry)
    return judged


def concepts_named(terms: Terms, codings: Sequence[Coding], texts: Sequence[str]) -> frozenset[str]:
    """All concepts that the entry stands for. A doubtful one ("probable hemangioma") names what its
    concept's `when_unsure` says, unless it is only sought ("rule out")."""
    judged = judge_all(terms, codings, texts)
    named = (_named(terms.concepts[name], name, one) for name, one in judged.items())
    return frozenset(name for name in named if name)


def concepts_sought(terms: Terms, codings: Sequence[Coding], texts: Sequence[str]) -> frozenset[str]:
    """The concepts that the entry only asks about: "rule out liver metastasis"."""
    return frozenset(name for name, one in judge_all(terms, codings, texts).items() if one.sought)


def _entry(terms: Terms, codings: Sequence[Coding], texts: Sequence[str]) -> _Entry:
    read = _readable(texts, codings)
    return _Entry(
        texts=read,
        known=known_codes(terms.codes, codings),
        mapped=frozenset(means for coding in codings if (means := _local(terms, coding))),
        heard=tuple(terms.hear(text) for text in read),
        legible=any(_legible(text) for text in read),
    )


def _judged(terms: Terms, concept: str, entry: _Entry) -> Judgement:
    codes = _codes(terms, concept, entry)
    heard = _heard([said for texts in entry.heard if (said := texts.get(concept))])
    # No words at all, or only words in a script that no phrase of ours is written in.
    unreadable = heard.said is Said.NOTHING and not entry.legible
    standing = _standing(codes.says, heard, unreadable)
    if standing is Standing.YES and heard.over and terms.concepts[concept].when_over == "open":
        standing = Standing.UNSURE
    return Judgement(standing, codes.past or heard.past, heard.said is Said.SOUGHT)


def dose_named(terms: Terms, traits: StudyTraits) -> Interval | None:
    """Radiation of a study already done, adult mSv; None = not known."""
    return dose_of(terms.earlier_radiation, terms.radiation_scale, traits)


def _named(concept: Concept, name: str, judged: Judgement) -> str | None:
    if judged.standing is Standing.UNSURE and not judged.sought:
        return concept.when_unsure
    return name if judged.standing is Standing.YES else None


def procedures_named(
    terms: Terms, codings: Sequence[Coding], texts: Sequence[str], details: Sequence[str] = ()
) -> tuple[str, ...]:
    """The catalogue's procedures that an order's codes and texts leave possible, in catalogue order.

    () = not in the catalogue; several = open. `details` (orderDetail) narrow and never name a study.
    """
    return terms.ordered.get(
        _all_said(codings, texts, details),
        lambda: procedures_of(terms.studies, codings, texts, details, _mapped(terms, codings)),
    )


def traits_named(terms: Terms, codings: Sequence[Coding], texts: Sequence[str]) -> StudyTraits | None:
    """What kind of study this was, as far as codes and texts say; None = no study that we recognise."""
    return study_named(terms, codings, texts)[0]


def study_named(
    terms: Terms, codings: Sequence[Coding], texts: Sequence[str]
) -> tuple[StudyTraits | None, Interval | None]:
    """As `traits_named`, and the dose of such a study as `dose_named`."""

    def named() -> tuple[StudyTraits | None, Interval | None]:
        traits = traits_of(terms.studies, codings, texts, _mapped(terms, codings))
        return traits, dose_named(terms, traits) if traits else None

    return terms.done.get(_all_said(codings, texts), named)


def _mapped(terms: Terms, codings: Sequence[Coding]) -> list[str]:
    """The procedures that a tenant's local codes name."""
    means = (_local(terms, coding) for coding in codings)
    return [name for name in means if name and name in terms.studies.procedures]


def _readable(texts: Sequence[str], codings: Sequence[Coding]) -> list[str]:
    """The texts and displays that hold words, each once, the texts first."""
    said = (_untagged(text) for text in (*texts, *(coding.display for coding in codings)))
    return [text for text in dict.fromkeys(said) if _has_content(text)]


def _untagged(text: str) -> str:
    """Without the billing tags that some EHRs append to every other problem: they are no liver cancer."""
    for tag in _BILLING_TAGS:
        text = text.replace(tag, "")
    return text.strip()


def _has_content(text: str) -> bool:
    return any(letter.isalpha() for letter in text[:200]) and text.casefold() not in _NO_CONTENT


def _local(terms: Terms, coding: Coding) -> str | None:
    return terms.local.get((bare_system(coding.system), coding.code.strip()))


def _codes(terms: Terms, concept: str, entry: _Entry) -> CodesSay:
    listed = codes_say(terms.codes, concept, entry.known, entry.texts)
    if concept in entry.mapped and listed.says in (None, CodeSays.ELSEWHERE):
        return CodesSay(CodeSays.INCLUDED, listed.past)
    if entry.mapped and listed.says is None:
        return CodesSay(CodeSays.ELSEWHERE)
    return listed


def _heard(heard: Sequence[Heard]) -> Heard:
    """All texts of one entry together: where one states and another doubts or denies, it is doubtful."""
    stated = [one for one in heard if one.said is Said.STATED]
    if not stated:
        return max(heard, key=lambda one: one.said, default=Heard(Said.NOTHING))
    past, over = any(one.past for one in heard), any(one.over for one in heard)
    if any(one.said in (Said.DENIED, Said.DOUBTED, Said.SOUGHT) for one in heard):
        sought = all(one.said in (Said.SOUGHT, Said.STATED) for one in heard)
        return Heard(Said.SOUGHT if sought else Said.DOUBTED, past, over)
    return Heard(Said.STATED, past, over)


def _legible(text: str) -> bool:
    return any(letter.isalpha() and letter < "ɐ" for letter in text)  # Latin


def _standing(codes: CodeSays | None, heard: Heard, unreadable: bool) -> Standing:
    """Codes decide; words that contradict them make it doubtful; without a known code words decide."""
    said = heard.said
    match codes:
        case CodeSays.INCLUDED:
            return Standing.YES if said in (Said.STATED, Said.VAGUE, Said.NOTHING) else Standing.UNSURE
        case CodeSays.UNSURE:
            return Standing.NO if said is Said.DENIED else Standing.UNSURE
        case CodeSays.EXCLUDED:
            return Standing.UNSURE if said >= Said.SOUGHT else Standing.NO
        case CodeSays.COVERED:
            return Standing.UNSURE if said >= Said.VAGUE else Standing.NO
        case None if unreadable:
            return Standing.UNREADABLE
    if said is Said.STATED:
        return Standing.YES
    return Standing.UNSURE if said >= Said.VAGUE else Standing.NO
