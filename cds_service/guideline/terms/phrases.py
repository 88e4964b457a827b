"""Phrases as guideline content writes them, and where they stand in a text.

A phrase is words with spaces between them. `lesion*` = any ending, `*carcinoma` = any beginning,
`ct|mri` = either, `ALL` = only where the text has it in capitals, `...` = up to four words between.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from cds_service.guideline.terms.words import LONGEST_WORD, Text, read

GAP = "..."
EITHER = "|"
_WIDEST_GAP = 4
# Words a gap may not step over: what stands behind them is another thing or another place.
_GAP_STOPS = frozenset(
    "and or with without no not for from near adjacent abutting versus vs but plus y o und oder et ou".split()
)
# Short forms written with a full stop that ends no sentence, for a phrase that goes on ("Ca. breast").
_SHORT_FORMS = frozenset(
    "ca adenoca carc malig malign mal neo neopl abn abnl abnorm cirrh hep alc seg segm fam hx hist bx".split()
)

Owner = TypeVar("Owner")


@dataclass(frozen=True, slots=True)
class Hit(Generic[Owner]):
    """A phrase found: words[start:end]; `weight` = how many words of the phrase were given."""

    start: int
    end: int
    weight: int
    owner: Owner


@dataclass(frozen=True, slots=True)
class _Word:
    """One place of a phrase: the words that fit it, by the ways they are written."""

    exact: frozenset[str]
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    capitals: frozenset[str]

    def fits(self, text: Text, at: int) -> bool:
        word = text.words[at]
        if word in self.exact or word.startswith(self.starts) or word.endswith(self.ends):
            return True
        return word in self.capitals and at in text.capitals


_Part = _Word | None  # None = a gap


@dataclass(frozen=True, slots=True)
class _Phrase(Generic[Owner]):
    parts: tuple[_Part, ...]
    weight: int
    owner: Owner


class Phrases(Generic[Owner]):
    """Phrases with owners, indexed by their first word, so that a text is walked once.

    Raises ValueError for a phrase that is none: see `phrase_parts`.
    """

    def __init__(self, entries: Iterable[tuple[str, Owner]]) -> None:
        self._exact: dict[str, list[_Phrase[Owner]]] = {}
        self._starts: dict[str, list[_Phrase[Owner]]] = {}
        self._ends: dict[str, list[_Phrase[Owner]]] = {}
        for phrase, owner in entries:
            parts = tuple(None if part == GAP else _word(part) for part in phrase_parts(phrase))
            self._add(_Phrase(parts, sum(part is not None for part in parts), owner))

    def _add(self, phrase: _Phrase[Owner]) -> None:
        first = phrase.parts[0]
        if first is None:
            return  # phrase_parts has refused it
        for word in first.exact | first.capitals:
            self._exact.setdefault(word, []).append(phrase)
        for start in first.starts:
            self._starts.setdefault(start, []).append(phrase)
        for end in first.ends:
            self._ends.setdefault(end, []).append(phrase)

    def _starting(self, word: str) -> Iterator[_Phrase[Owner]]:
        yield from self._exact.get(word, ())
        for length in range(1, len(word) + 1):
            yield from self._starts.get(word[:length], ())
            yield from self._ends.get(word[-length:], ())

    def find(self, text: Text) -> list[Hit[Owner]]:
        """Every phrase that stands in the text, overlaps included, in order of its start."""
        hits: list[Hit[Owner]] = []
        for start, word in enumerate(text.words):
            for phrase in self._starting(word):
                end = _match(text, phrase.parts, start)
                if end is not None:
                    hits.append(Hit(start, end, phrase.weight, phrase.owner))
        return hits

    def find_apart(self, text: Text) -> list[Hit[Owner]]:
        """The leftmost, then longest phrases that do not overlap ("family history of", not "history of")."""
        apart: list[Hit[Owner]] = []
        for hit in sorted(self.find(text), key=lambda hit: (hit.start, -hit.weight, -hit.end)):
            taken = apart[-1] if apart else None
            same = taken is not None and (hit.start, hit.end) == (taken.start, taken.end)
            if taken is None or hit.start >= taken.end or same:
                apart.append(hit)
        return apart


def phrase_parts(phrase: str) -> tuple[str, ...]:
    """A phrase as `find` compares it: words (with their `*` and `|`) and gaps.

    Raises ValueError for one without a word, with a gap at its edge, or with signs that a text never
    holds inside a word, such as those of regular expressions.
    """
    parts: list[str] = []
    for piece in phrase.split():
        parts.extend([GAP] if piece == GAP else _words_of(piece))
    if not parts or parts[0] == GAP or parts[-1] == GAP:
        raise ValueError(f"{phrase!r} needs a word at its start and its end")
    return tuple(parts)


def _words_of(piece: str) -> tuple[str, ...]:
    """The words of a piece without spaces: several only where it is written without them (肝癌)."""
    if EITHER in piece:
        return (EITHER.join(_one_word(choice, piece) for choice in piece.split(EITHER)),)
    if piece.startswith("*") and piece.endswith("*"):
        raise ValueError(f"{piece!r}: a `*` stands at a word's start or at its end, not at both")
    words = _bare(piece, piece)
    words[0] = f"*{words[0]}" if piece.startswith("*") else words[0]
    words[-1] = f"{words[-1]}*" if piece.endswith("*") else words[-1]
    return tuple(words)


def _one_word(choice: str, piece: str) -> str:
    parts = _words_of(choice)
    if len(parts) != 1:
        raise ValueError(f"{piece!r}: each choice is one word")
    return parts[0]


def _bare(piece: str, whole: str) -> list[str]:
    bare = piece.removeprefix("*").removesuffix("*")
    if bare.isascii() and bare.isalnum() and len(bare) <= LONGEST_WORD:
        return [bare]  # nearly all: there are thousands, at every start
    words = list(read(bare).words)
    question = "?" in words and len(words) > 1  # a question mark is a word of its own
    if not words or question or "".join(words) != bare.casefold():
        raise ValueError(
            f"{whole!r}: a phrase holds letters and digits, `*` at a word's edge, `|` between choices, "
            "`...` for a gap; no signs and no regular expression"
        )
    return words if bare == bare.casefold() else [bare]


def _word(part: str) -> _Word:
    choices = part.split(EITHER)
    starts = [choice[:-1] for choice in choices if choice.endswith("*")]
    ends = [choice[1:] for choice in choices if choice.startswith("*")]
    whole = [choice for choice in choices if "*" not in choice]
    capitals = frozenset(choice.casefold() for choice in whole if choice != choice.casefold())
    exact = frozenset(choice for choice in whole if choice == choice.casefold())
    return _Word(exact, tuple(starts), tuple(ends), capitals)


def _match(text: Text, parts: Sequence[_Part], at: int) -> int | None:
    """Where the phrase ends when it starts at word `at`, else None.

    Inside one clause; across commas only without a gap ("malignant neoplasm, lung").
    """
    spread = None in parts
    for index, part in enumerate(parts):
        if part is None:
            return _match_after_gap(text, parts[index + 1 :], at)
        if at >= len(text.words) or not part.fits(text, at):
            return None
        if index and not _joined(text, at, spread):
            return None
        at += 1
    return at


def _match_after_gap(text: Text, rest: Sequence[_Part], at: int) -> int | None:
    for skipped in range(_WIDEST_GAP + 1):
        here = at + skipped
        if here >= len(text.words) or not _joined(text, here, True):
            return None
        if (end := _match(text, rest, here)) is not None:
            return end
        if text.words[here] in _GAP_STOPS:
            return None
    return None


def _joined(text: Text, at: int, spread: bool) -> bool:
    """Whether the word at `at` stands in one piece with the word before it."""
    numbers = text.segments if spread else text.clauses
    return numbers[at] == numbers[at - 1] or text.words[at - 1] in _SHORT_FORMS
