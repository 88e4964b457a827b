"""Tagging: one pass of one pattern over a statement gives its marks, the words that mean something here."""

from dataclasses import dataclass
from functools import cache, lru_cache

from cds_service.fhir.narrative.measures import LENGTH, SUBCENTIMETER, Length, read
from cds_service.fhir.narrative.patterns import Pattern, compiled, expression, names

_PUNCTUATION = {**dict.fromkeys(",:()", "comma"), ";": "semicolon", "/": "slash", "?": "query"}
# Sizes and dates, and phrases long enough to hold a word that is not on our list: these are not remembered.
_MAY_BE_A_PATIENTS = compiled(r"[0-9]|\S \S+ \S+ \S")
_UNBOUNDED = ("measure", "query", "semicolon", "slash", "comma")  # may begin or end in punctuation


@dataclass(frozen=True, slots=True)
class Mark:
    """Words of one kind, a "mark" section of report_words.txt. `length`: for the kind "measure" alone."""

    kind: str
    start: int
    end: int
    text: str
    length: Length | None = None


@cache
def _kinds() -> tuple[str, ...]:
    return tuple(names("mark"))


@cache
def _any_of(first: int, last: int) -> Pattern:
    """The kinds from `first` up to `last`, tried in the order of the file. No groups: they make RE2 slow."""
    groups = []
    for kind in _kinds()[first:last]:
        words = expression(f"mark {kind}", {"LENGTH": LENGTH, "SUBCENTIMETER": SUBCENTIMETER})
        edge = "" if kind in _UNBOUNDED else r"\b"
        groups.append(f"{edge}(?:{words}){edge}")
    return compiled("|".join(groups))


def _kind_at(text: str, start: int, end: int) -> str:
    """The kind of the mark text[start:end]. Which it is depends on its words and on what touches them."""
    touched = text[max(start - 1, 0) : end + 1]
    before = min(start, 1)
    inside = touched[-1:].isalnum() and text[end - 1].isalnum() and len(text) > end  # of a word
    if inside or _MAY_BE_A_PATIENTS.search(touched):
        return _kind_of(text, start)
    return _kind_of_words(touched, before)


@lru_cache(maxsize=500)  # words of our own list: no others are tagged and short
def _kind_of_words(touched: str, start: int) -> str:
    return _kind_of(touched, start)


def _kind_of(text: str, start: int) -> str:
    """The first kind that matches there, found by halving."""
    first, last = 0, len(_kinds())
    while last - first > 1:
        middle = (first + last) // 2
        first, last = (first, middle) if _any_of(first, middle).match(text, start) else (middle, last)
    return _kinds()[first]


def tag(text: str) -> list[Mark]:
    """The marks of a statement's text in their order, not overlapping."""
    marks: list[Mark] = []
    for found in _any_of(0, len(_kinds())).finditer(text):
        words = found.group()
        start, end = found.start(), found.end()
        kind = _PUNCTUATION.get(words) or _kind_at(text, start, end)
        mark = Mark(kind, start, end, words)
        if mark.kind == "measure":
            length = read(mark.text) if _stands_alone(text, mark) else None
            if length is None:
                continue
            mark = Mark(mark.kind, mark.start, mark.end, mark.text, length)
        marks.append(mark)
    return marks


def _stands_alone(text: str, mark: Mark) -> bool:
    """False for the tail of something longer: 8.125.3 mm, 4/32 mm, T2."""
    before = text[max(0, mark.start - 2) : mark.start]
    return not (before[-1:].isalnum() or (before[-1:] in (".", ",", "/") and before[:1].isdigit()))
