"""The parts of a statement that each speak of one lesion or group, with their segments and doubts."""

import re

from cds_service.fhir.narrative.line import LESIONS, Line
from cds_service.fhir.narrative.standing import under_negation

_SEGMENT_NOUN = re.compile(r"(?:hepatic |liver |couinaud )?(?:segments?|segs?|sgmt)\.?|^s| of (?:the )?liver")
_SEGMENT = re.compile(r"[1-8]|viii|vii|vi|iv|v|iii|ii|i|one|two|three|four|five|six|seven|eight")
_DOUBTS = frozenset(("hedge", "query", "uncertain_next"))
_NUMERALS = ("i ii iii iv v vi vii viii", "one two three four five six seven eight")
_SPELLED = {word: number for words in _NUMERALS for number, word in enumerate(words.split(), 1)}


def clumps_of(line: Line) -> list[int]:
    """For each mark the number of its part of the statement; a part speaks of one lesion or group."""
    clump, clumps, named = 0, [], False
    for index, mark in enumerate(line.marks):
        if (
            mark.kind == "semicolon"
            or (mark.kind == "added" and mark.text != "new" and index)
            or (named and mark.kind in ("and", "comma", "break") and _starts_another(line, index))
            or (mark.kind == "largest" and index and line.diagnosed_largest(index) is not None)
        ):
            clump += 1
        named = named or mark.kind in LESIONS
        clumps.append(clump)
    return clumps


def _starts_another(line: Line, index: int) -> bool:
    """Whether after this "and" or comma another lesion is introduced with its own size or article."""
    article = line.after(index) in ("a", "an", "multiple", "several", "few", "one", "two", "tiny", "new")
    if line.kind(index) == "comma" and line.kind(index + 1) == "and":
        return _starts_another(line, index + 1)
    for at in range(index + 1, min(index + 6, len(line.marks))):
        if line.kind(at) in LESIONS | {"structure"}:
            if line.kind(index) == "break":
                return line.kind(at) == "lesion"
            if line.kind(index) == "comma":
                return article and line.kind(at) == "lesion" and line.kind(at - 1) != "hedge"
            told = any(line.kind(step) in ("measure", "organ") for step in range(index + 1, at))
            return article or told or (line.kind(index) == "and" and _each_measured(line, index, at))
        if line.kind(at) in ("verb", "within", "comma"):
            return False
    return False


def _each_measured(line: Line, index: int, noun: int) -> bool:
    """Whether the nouns on both sides of an "and" have lengths: "hemangioma (14 mm) and cyst (8 mm)"."""
    before = next((at for at in range(index - 1, -1, -1) if line.kind(at) in LESIONS), index)
    after = next((at for at in range(noun + 1, len(line.marks)) if line.kind(at) in LESIONS), len(line.marks))
    spans = (range(before + 1, index), range(noun + 1, after))
    return all(any(line.kind(at) == "measure" for at in span) for span in spans)


def segments_in(line: Line, clumps: list[int], clump: int) -> frozenset[int]:
    found: set[int] = set()
    for at, mark in enumerate(line.marks) if "segment" in line.kinds else ():
        if mark.kind == "segment" and clumps[at] == clump:
            words = _SEGMENT_NOUN.sub("", mark.text)
            found.update(int(word) if word.isdigit() else _SPELLED[word] for word in _SEGMENT.findall(words))
    return frozenset(found)


def is_hedged(line: Line, index: int, clumps: list[int]) -> bool:
    """Whether doubt is voiced in the noun's own part of the statement, and not about another organ there."""
    if line.kinds.isdisjoint(_DOUBTS):
        return False
    for at, mark in enumerate(line.marks):
        if clumps[at] != clumps[index] or mark.kind not in _DOUBTS:
            continue
        if mark.kind == "hedge" and under_negation(line, at):
            continue
        return True
    return False
