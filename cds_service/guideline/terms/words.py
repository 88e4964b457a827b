"""Free text as words. Plain tokenising, linear in the text's length.

No regular expression runs over a text here: problem titles and order texts come from outside.
"""

import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

LONGEST_TEXT = 4000  # characters read of one text; problem titles and order texts are far shorter
LONGEST_WORD = 64
_SHORT = 3  # words: in a text this short ("Mass, liver") a comma separates nothing
_CLAUSE_ENDS = frozenset(";.\n\r|•!")
_SEGMENT_ENDS = frozenset(",()[]{}–—")


@dataclass(frozen=True, slots=True)
class Text:
    """Words of a text, in lower case. `clauses` (ends: full stop, semicolon, line) and `segments` (also
    comma, bracket, dash) hold a number per word: equal numbers stand in the same one. `capitals`: the
    positions of words that stand out by being written in capitals ("ALL in remission")."""

    words: tuple[str, ...]
    clauses: tuple[int, ...]
    segments: tuple[int, ...]
    capitals: frozenset[int] = frozenset()


def plain(text: str) -> str:
    """Without accents: "Hépatique" -> "Hepatique"."""
    decomposed = unicodedata.normalize("NFKD", text[:LONGEST_TEXT])
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@lru_cache(maxsize=32)  # a resource is judged for several concepts in a row; few texts are kept
def read(text: str) -> Text:
    """Split a text into words; hyphen, slash and colon part words and nothing more."""
    tokens = _Tokens()
    letters = plain(text)
    for at, letter in enumerate(letters):
        if letter.isalnum() or (letter == "." and _inside_number(letters, at)):
            tokens.letter(letter)
        elif letter in "'’`":
            continue
        else:
            tokens.mark(letter, letters[at + 1 : at + 2])
    return tokens.text()


def _inside_number(letters: str, at: int) -> bool:
    return at > 0 and letters[at - 1].isdigit() and letters[at + 1 : at + 2].isdigit()


@dataclass
class _Tokens:
    """What `read` has seen so far."""

    word: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    clauses: list[int] = field(default_factory=list)
    segments: list[int] = field(default_factory=list)
    clause: int = 0
    segment: int = 0
    capitals: set[int] = field(default_factory=set)

    def letter(self, letter: str) -> None:
        if _is_cjk(letter):  # written without spaces: each sign is a word
            self.close()
            self.word.append(letter)
            self.close()
        else:
            self.word.append(letter)

    def mark(self, mark: str, following: str) -> None:
        short = len(self.word) == 1
        self.close()
        if mark == "&":
            self.add("and")
        elif mark == "?":
            self.add("?")
        elif mark == "." and (short or (following and not following.isspace())):
            return  # an abbreviation ("h.o.", "e.g.") or a file name, not the end of a sentence
        elif mark in _CLAUSE_ENDS:
            self.clause += 1
            self.segment += 1
        elif mark in _SEGMENT_ENDS or (mark == "-" and following.isspace()):
            self.segment += 1

    def close(self) -> None:
        if self.word:
            word = "".join(self.word)[:LONGEST_WORD]
            if len(word) > 1 and word.isupper():
                self.capitals.add(len(self.words))
            self.add(word.casefold())
            self.word.clear()

    def add(self, word: str) -> None:
        self.words.append(word)
        self.clauses.append(self.clause)
        self.segments.append(self.segment)

    def text(self) -> Text:
        self.close()
        words = tuple(self.words)
        segments = self.clauses if len(words) <= _SHORT else self.segments
        return Text(words, tuple(self.clauses), tuple(segments), self._outstanding())

    def _outstanding(self) -> frozenset[int]:
        """None in a longer text that is written in capitals throughout."""
        lettered = sum(word[0].isalpha() for word in self.words)
        shouted = len(self.words) > _SHORT and len(self.capitals) >= lettered
        return frozenset() if shouted else frozenset(self.capitals)


def _is_cjk(letter: str) -> bool:
    return "一" <= letter <= "鿿"
