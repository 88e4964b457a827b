"""Tagging: one pass of one pattern over a statement gives its marks, the words that mean something here."""

import re
from functools import cache, lru_cache
from typing import NamedTuple

from cds_service.fhir.narrative.measures import LENGTH, SUBCENTIMETER, Length, read
from cds_service.fhir.narrative.patterns import Pattern, Several, compiled, expression, names

_PUNCTUATION = {**dict.fromkeys(",:()", "comma"), ";": "semicolon", "/": "slash", "?": "query"}
_DIGIT = re.compile(r"[0-9]")
_APART = " .,:;()/-"
_UNBOUNDED = ("measure", "query", "semicolon", "slash", "comma")  # may begin or end in punctuation


class Mark(NamedTuple):
    """Words of one kind, a "mark" section of report_words.txt. `length`: for the kind "measure" alone."""

    kind: str
    start: int
    end: int
    text: str
    length: Length | None = None


@cache
def _expressions() -> tuple[str, ...]:
    """One of each kind, tried in the order of the file. No groups: they make RE2 slow."""
    given = {"LENGTH": LENGTH, "SUBCENTIMETER": SUBCENTIMETER}
    edges = ["" if kind in _UNBOUNDED else r"\b" for kind in names("mark")]
    words = [expression(f"mark {kind}", given) for kind in names("mark")]
    return tuple(f"{edge}(?:{each}){edge}" for edge, each in zip(edges, words, strict=True))


@cache
def _any_of(first: int = 0, last: int | None = None) -> Pattern:
    """The kinds from `first` up to `last`."""
    return compiled("|".join(_expressions()[first:last]))


@cache
def _each() -> Several:
    return Several(_expressions(), anchored=True)


def _kind_at(text: str, start: int, end: int) -> str:
    """The kind of the mark text[start:end], told by its words alone where no letter touches them."""
    if (text[start - 1 : start] + text[end : end + 1]).strip(_APART):
        return _kind_in(text, start)
    words = text[start:end]
    # Sizes, dates, and phrases long enough to hold a word that is not on our list: these are not remembered.
    if words.isalpha() or not (_DIGIT.search(words) or words.count(" ") > 2):
        return _kind_of_ours(words)
    return _first_kind(words)


@lru_cache(maxsize=2_000)  # words of our own list: no others are tagged and short
def _kind_of_ours(words: str) -> str:
    return _first_kind(words)


def _first_kind(words: str) -> str:
    found = _each().matching(words)  # none, should RE2 run out of room
    return names("mark")[min(found)] if found else _kind_in(words, 0)


def _kind_in(text: str, start: int) -> str:
    """The first kind that matches there, whatever touches it, found by halving."""
    first, last = 0, len(names("mark"))
    while last - first > 1:
        middle = (first + last) // 2
        first, last = (first, middle) if _any_of(first, middle).begins(text, start) else (middle, last)
    return names("mark")[first]


def tag(text: str) -> list[Mark]:
    """The marks of a statement's text in their order, not overlapping."""
    marks: list[Mark] = []
    for start, end in _any_of().spans(text):
        words, length = text[start:end], None
        kind = _PUNCTUATION.get(words) or _kind_at(text, start, end)
        if kind == "measure":
            length = read(words) if _stands_alone(text, start) else None
            if length is None:
                continue
        marks.append(Mark(kind, start, end, words, length))
    return marks


def _stands_alone(text: str, start: int) -> bool:
    """False for the tail of something longer: 8.125.3 mm, 4/32 mm, T2."""
    before = text[max(0, start - 2) : start]
    return not (before[-1:].isalnum() or (before[-1:] in (".", ",", "/") and before[:1].isdigit()))
