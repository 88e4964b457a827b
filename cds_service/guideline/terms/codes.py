"""Which codes stand for which concept: exact for most systems, by longest prefix for ICD-10-CM."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cards.vocabulary import Coding
from cds_service.guideline.content.schema import CodeSet, Concept, SystemName
from cds_service.guideline.terms.code_systems import ICD_10_CM_CODE, expand, known_code, plain_code
from cds_service.guideline.terms.phrases import Phrases
from cds_service.guideline.terms.words import read


class CodeSays(StrEnum):
    """What one code says of one concept. COVERED: not listed in a system that the concept covers whole.
    ELSEWHERE: a known code of other concepts, which leaves this one to the words."""

    INCLUDED = "included"
    UNSURE = "unsure"
    EXCLUDED = "excluded"
    COVERED = "covered"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class _Meaning:
    says: CodeSays
    past: bool = False
    condition: Phrases[None] | None = None  # included only when the words hold one of these


@dataclass(frozen=True, slots=True)
class CodesSay:
    """What all codes of one entry say of a concept together; None = no code that we know."""

    says: CodeSays | None
    past: bool = False


@dataclass(frozen=True, slots=True)
class CodeTable:
    """system -> code or prefix -> concept -> meaning. `complete`: concepts that cover a system whole."""

    entries: Mapping[SystemName, Mapping[str, Mapping[str, _Meaning]]]
    complete: Mapping[SystemName, frozenset[str]]


def code_table(concepts: Mapping[str, Concept]) -> CodeTable:
    """Compile once. Raises ValueError for an ICD-10-CM range that is none."""
    entries: dict[SystemName, dict[str, dict[str, _Meaning]]] = {}
    complete: dict[SystemName, set[str]] = {}
    for name, concept in concepts.items():
        for system, codes in concept.codes.items():
            for code, meaning in _meanings(system, codes):
                entries.setdefault(system, {}).setdefault(code, {})[name] = meaning
            if codes.complete:
                complete.setdefault(system, set()).add(name)
    return CodeTable(entries, {system: frozenset(names) for system, names in complete.items()})


def _meanings(system: SystemName, codes: CodeSet) -> Iterator[tuple[str, _Meaning]]:
    past = {code for entry in codes.past for code in _plain(system, entry)}
    for entry in codes.include:
        for code in _plain(system, entry):
            yield code, _Meaning(CodeSays.INCLUDED, code in past)
    for code in past:
        yield code, _Meaning(CodeSays.INCLUDED, True)
    for says, listed in ((CodeSays.UNSURE, codes.unsure), (CodeSays.EXCLUDED, codes.exclude)):
        for one in listed:
            yield from ((code, _Meaning(says)) for code in _plain(system, one.code))
    for conditional in codes.conditional:
        condition = Phrases((phrase, None) for phrase in conditional.words)
        for code in _plain(system, conditional.code):
            yield code, _Meaning(CodeSays.INCLUDED, False, condition)


def _plain(system: SystemName, entry: str) -> tuple[str, ...]:
    return expand(entry) if system == "icd-10-cm" else (plain_code(system, entry),)


@dataclass(frozen=True, slots=True)
class KnownCode:
    """A code of a system we read. `listed`: what its entry and those of its prefixes mean, nearest first."""

    system: SystemName
    code: str
    listed: tuple[Mapping[str, _Meaning], ...]


def known_codes(table: CodeTable, codings: Sequence[Coding]) -> tuple[KnownCode, ...]:
    """The codings of systems we read, looked up once for all concepts."""
    known = (key for key in map(known_code, codings) if key)
    return tuple(KnownCode(system, code, _listed(table, system, code)) for system, code in known)


def codes_say(table: CodeTable, concept: str, known: Sequence[KnownCode], texts: Sequence[str]) -> CodesSay:
    """What the codes say of the concept; `texts` settle a code that means it only with such words.

    Any included code includes, unless another code doubts or denies it outright: then UNSURE.
    """
    found = [meaning for code in known if (meaning := _says(table, concept, code, texts))]
    said = {meaning.says for meaning in found}
    past = any(meaning.past for meaning in found)
    if CodeSays.INCLUDED in said:
        doubted = CodeSays.UNSURE in said or CodeSays.EXCLUDED in said
        return CodesSay(CodeSays.UNSURE if doubted else CodeSays.INCLUDED, past)
    for says in (CodeSays.UNSURE, CodeSays.EXCLUDED, CodeSays.COVERED, CodeSays.ELSEWHERE):
        if says in said:
            return CodesSay(says)
    return CodesSay(None)


def _says(table: CodeTable, concept: str, known: KnownCode, texts: Sequence[str]) -> _Meaning | None:
    meaning = next((concepts[concept] for concepts in known.listed if concept in concepts), None)
    if meaning and (meaning.condition is None or _holds(meaning.condition, texts)):
        return meaning
    if _covered(table, concept, known.system, known.code):
        return _Meaning(CodeSays.COVERED)
    return _Meaning(CodeSays.ELSEWHERE) if known.listed else None


def _listed(table: CodeTable, system: SystemName, code: str) -> tuple[Mapping[str, _Meaning], ...]:
    entries = table.entries.get(system, {})
    return tuple(entries[prefix] for prefix in _prefixes(system, code) if prefix in entries)


def _prefixes(system: SystemName, code: str) -> Sequence[str]:
    if system != "icd-10-cm":
        return (code,)
    return [code[:length] for length in range(len(code), 2, -1)]


def _covered(table: CodeTable, concept: str, system: SystemName, code: str) -> bool:
    if concept not in table.complete.get(system, ()):
        return False
    return system != "icd-10-cm" or ICD_10_CM_CODE.fullmatch(code) is not None


def _holds(condition: Phrases[None], texts: Sequence[str]) -> bool:
    return any(condition.find(read(text)) for text in texts)
