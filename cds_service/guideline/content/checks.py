"""Checks that one file's shape cannot make: codes that are possible, names that resolve, no code for two
studies. Each check yields (path in its file, what is wrong and what to do)."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from cds_service.guideline.content.code_patterns import code_fault
from cds_service.guideline.content.schema import (
    CodeSet,
    ConceptsFile,
    OverrideReasonsFile,
    Procedure,
    ProceduresFile,
    SystemName,
    WordSet,
)
from cds_service.guideline.content.strict_yaml import Path
from cds_service.guideline.terms.phrases import phrase_parts

Finding: TypeAlias = tuple[Path, str]
_SHARED_CODE = (
    "{0} names another procedure as well: move it to recognise, or keep it if `text` tells the two apart "
    "and `note` says so, naming {0}"
)
_Codes: TypeAlias = Mapping[SystemName, tuple[str, ...]]


def concepts_findings(content: ConceptsFile) -> Iterator[Finding]:
    """Codes that fit their system and words that can match, concept by concept."""
    for key in type(content.context).model_fields:
        phrases: tuple[str, ...] = getattr(content.context, key)
        yield from _phrases_findings(("context", key), [phrase.strip(" .") for phrase in phrases])
    for name, words in content.groups.items():
        yield from _group_findings(("groups", name), words)
    for name, concept in content.concepts.items():
        here: Path = ("concepts", name)
        if not concept.codes and not concept.words.include:
            yield here, "has neither codes nor words, give at least one of them"
        for system, codes in concept.codes.items():
            yield from _code_set_findings((*here, "codes", system), system, codes)
        yield from _words_findings((*here, "words"), concept.words)
        if concept.when_unsure not in (None, *content.concepts):
            yield (
                (*here, "when_unsure"),
                f"there is no concept {concept.when_unsure!r}, name one of this file",
            )


def procedures_findings(content: ProceduresFile) -> Iterator[Finding]:
    """Codes of the catalogue and of earlier studies, and codes that cannot tell two studies apart."""
    for name, procedure in content.procedures.items():
        yield from _procedure_findings(("procedures", name), procedure)
    yield from _same_text_findings(content.procedures)
    yield from _shared_code_findings(content.procedures)
    for i, study in enumerate(content.earlier_studies):
        yield from _codes_findings(("earlier_studies", i, "codes"), study.codes)
    for i, known in enumerate(content.earlier_radiation):
        if known.level not in content.radiation_scale:
            here = ("earlier_radiation", i, "level")
            yield here, unknown_name("radiation level", known.level, tuple(content.radiation_scale))


def override_reasons_findings(content: OverrideReasonsFile) -> Iterator[Finding]:
    """No reason twice; systems are URLs."""
    seen: set[tuple[str, str]] = set()
    for i, reason in enumerate(content.reasons):
        if (reason.system, reason.code) in seen:
            yield ("reasons", i), f"{reason.code} stands here twice, remove one"
        seen.add((reason.system, reason.code))
        if not reason.system.startswith(("http://", "https://")):
            yield ("reasons", i, "system"), "is not a URL, give the code system's URL"


def duplicates(values: Iterable[object]) -> Iterator[int]:
    """Positions of values that were there before."""
    seen: set[object] = set()
    for i, value in enumerate(values):
        if value in seen:
            yield i
        seen.add(value)


def _code_set_findings(here: Path, system: SystemName, codes: CodeSet) -> Iterator[Finding]:
    for i, code in enumerate(codes.include):
        yield from _code_findings((*here, "include", i), system, code)
    for i, excluded in enumerate(codes.exclude):
        yield from _code_findings((*here, "exclude", i, "code"), system, excluded.code)
        if excluded.code in codes.include:
            yield (*here, "exclude", i), f"{excluded.code} is both included and excluded, decide for one"
    yield from _open_code_findings(here, system, codes)
    for i, conditional in enumerate(codes.conditional):
        yield from _code_findings((*here, "conditional", i, "code"), system, conditional.code)
        if conditional.code in codes.include:
            message = f"{conditional.code} is included without condition as well, decide for one"
            yield (*here, "conditional", i), message
        if not conditional.words:
            yield (*here, "conditional", i, "words"), "names no words, give them or move the code to include"
        yield from _phrases_findings((*here, "conditional", i, "words"), conditional.words)
    for i in duplicates(codes.include):
        yield (*here, "include", i), f"{codes.include[i]} stands here twice, remove one"


def _open_code_findings(here: Path, system: SystemName, codes: CodeSet) -> Iterator[Finding]:
    settled = (*codes.include, *(excluded.code for excluded in codes.exclude))
    for i, unsure in enumerate(codes.unsure):
        yield from _code_findings((*here, "unsure", i, "code"), system, unsure.code)
        if unsure.code in settled:
            yield (*here, "unsure", i), f"{unsure.code} is included or excluded as well, decide for one"
    for i, code in enumerate(codes.past):
        yield from _code_findings((*here, "past", i), system, code)


def _words_findings(here: Path, words: WordSet) -> Iterator[Finding]:
    lists = {"include": words.include, "unsure": words.unsure, "exclude": words.exclude}
    for key, phrases in lists.items():
        yield from _phrases_findings((*here, key), phrases)


def _group_findings(here: Path, words: Sequence[str]) -> Iterator[Finding]:
    yield from _phrases_findings(here, words)
    for i, word in enumerate(words):
        if len(word.split()) > 1:
            yield (*here, i), f"{word!r} is not one word, name its last word alone"


def _phrases_findings(here: Path, phrases: Sequence[str]) -> Iterator[Finding]:
    for i, phrase in enumerate(phrases):
        if any(word != word.lower() and not word.isupper() for word in re.split(r"[\s|]", phrase)):
            yield (*here, i), f"{phrase!r} has a capital and never matches, write it in lower case"
        try:
            phrase_parts(phrase)
        except ValueError as error:
            yield (*here, i), f"{error}, correct it"
    for i in duplicates(phrases):
        yield (*here, i), f"{phrases[i]!r} stands here twice, remove one"


def _codes_findings(here: Path, codes: _Codes) -> Iterator[Finding]:
    for system, listed in codes.items():
        for i, code in enumerate(listed):
            yield from _code_findings((*here, system, i), system, code)


def _code_findings(path: Path, system: SystemName, code: str) -> Iterator[Finding]:
    message = code_fault(system, code)
    if message:
        yield path, message


def _procedure_findings(here: Path, procedure: Procedure) -> Iterator[Finding]:
    placed = list(_placed_codes(procedure))
    for where, system, code in placed:
        yield from _code_findings((*here, *where, "code"), system, code)
    for i in duplicates((system, code) for _, system, code in placed):
        where, _, code = placed[i]
        yield (*here, *where), f"{code} stands under this procedure twice, remove one"


def _same_text_findings(procedures: Mapping[str, Procedure]) -> Iterator[Finding]:
    """Two studies with one text could not be told apart once written on an order."""
    names = list(procedures)
    texts = [procedure.text.casefold() for procedure in procedures.values()]
    for i in duplicates(texts):
        other = names[texts.index(texts[i])]
        yield ("procedures", names[i], "text"), f"is the text of {other} as well, make them differ"


def _shared_code_findings(procedures: Mapping[str, Procedure]) -> Iterator[Finding]:
    """A code that we write must mean one study only, or the study's note says that its text decides."""
    users = Counter(key for procedure in procedures.values() for key in _all_codes(procedure))
    for name, procedure in procedures.items():
        for i, written in enumerate(procedure.write):
            shared = users[(written.system, written.code)] > 1
            if shared and written.code not in (procedure.note or ""):
                yield ("procedures", name, "write", i, "code"), _SHARED_CODE.format(written.code)


def _placed_codes(procedure: Procedure) -> Iterator[tuple[Path, SystemName, str]]:
    """Every code of a procedure with where it stands under it."""
    for i, written in enumerate(procedure.write):
        yield ("write", i), written.system, written.code
    for i, recognised in enumerate(procedure.recognise):
        yield ("recognise", i), recognised.system, recognised.code


def _all_codes(procedure: Procedure) -> set[tuple[SystemName, str]]:
    return {(system, code) for _, system, code in _placed_codes(procedure)}


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """A name that nothing stands behind, and those that something does."""
    return f"there is no {kind} {name!r}, use one of: {', '.join(known)}"
