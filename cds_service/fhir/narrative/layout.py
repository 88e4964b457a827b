"""A report's outer form: its sections, and in them the statements (sentences, list items, fields)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cds_service.fhir.narrative.sections import Section, sections, told_in

STATEMENT_LIMIT = 1_200  # characters; a longer run-on sentence is read in pieces


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement in lower case and plain punctuation; text[i] stands at `places[i]` of the report."""

    section: Section
    text: str
    places: Sequence[int]
    fresh: bool  # begins a line of its own: a field, an item or a paragraph

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The span of text[start:end] in the report."""
        return self.places[start], self.places[end - 1] + 1


_FOLDS = {
    " ": "\u00a0\u2007\u2009\u202f\t",
    "\n": "\r\f\v\u2028",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2212",
    "'": "\u2018\u2019",
    '"': "\u201c\u201d",
    "x": "\u00d7\u2715",
    "\u2022": "\u00b7\u25cf\u25aa\u25a0\u25e6\u2023\u2219",
}
# "12 mm -> 8 mm": not more than 8 mm
_ARROW = re.compile(r"(?:(?<=[0-9m (])-{1,2}|(?<=m)={1,2}|(?<=m )={1,2})>(?= ?[0-9])")
_FOLDED = str.maketrans({char: plain for plain, chars in _FOLDS.items() for char in chars})


def fold(text: str) -> str:
    """Plain punctuation in lower case, character for character (the length stays)."""
    plain = text.replace("\r\n", " \n").translate(_FOLDED)
    if "->" in plain or "=>" in plain:
        plain = _ARROW.sub(lambda found: "→".ljust(len(found.group())), plain)
    lower = plain.lower()
    return (
        lower if len(lower) == len(plain) else "".join(c if len(c.lower()) != 1 else c.lower() for c in plain)
    )


# On folded text, where white space is blanks and line breaks.
_ITEM = re.compile(r"[ \n]*(?:[•*>#-]+[ \n]*|\(?[0-9]{1,2}[.)][ \n]+|[a-z][.)][ \n]+)")
_END = re.compile(r"\.[\"')\]]*[ \n]+|![\"')\]]*[ \n]+|\n(?:[ \n]*\n[ \n]*)?")
_KEPT = re.compile(r"[^ \n]+[ \n]?")  # without leading blanks, and one of several
_ABBREVIATIONS = frozenset(
    (
        "approx dr mr mrs ms st vs no nos seg segs se ser im img fig max min diam dim ca cf eg ie e.g i.e "
        "i.v p.o incl resp hx dx rt lt ant post lat med inf sup prev meas vol abd hep comp yo y.o cont "
        "temp w.r.t"
    ).split()
)
_OF_WORDS = "abcdefghijklmnopqrstuvwxyz0123456789."
_WRAPPED = 45  # a line at least this long may have been broken by the line's width alone


def statements(text: str) -> Iterator[Statement]:
    """The report's statements in their order, without those of skipped sections."""
    folded = fold(text)
    capitals = text if not text.islower() and any(c.isupper() for c in text) else ""
    parts = sections(text)
    headed = any(section == "findings" for section, _, _ in parts)
    for section, start, end in parts:
        begun, before = False, start
        for first, last, fresh in _pieces(folded, capitals, start, end):
            words, places = _words(folded, first, last)
            if not words.strip(" .-_*="):
                continue
            words = words.rstrip()
            paragraph = folded.count("\n", before, first) > 1
            section = told_in(section, words, begun, fresh, paragraph, headed)
            begun, before = True, last
            yield Statement(section, words, places, fresh)


def _pieces(folded: str, text: str, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    for first, last, fresh in _ended(folded, text, start, end):
        if last - first <= STATEMENT_LIMIT:
            yield first, last, fresh
        else:
            yield from _cut(folded, first, last, fresh)


def _ended(folded: str, text: str, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    first, fresh, line = start, True, start
    for gap in _END.finditer(folded, start, end):
        words, (stop, following) = gap.group(), gap.span()
        if words.startswith("\n"):
            carries_on = text[following : following + 1].islower() and folded[stop - 1] not in ".!:;"
            if not carries_on and (
                words.count("\n") > 1 or _breaks(folded, text, line, stop, following, end)
            ):
                yield first, stop, fresh
                first, fresh = following, True
            line = following
            continue
        line = following if "\n" in words else line
        if not _abbreviated(folded, text, first, stop, following, end):
            yield first, stop + 1, fresh
            first, fresh = following, "\n" in words
    yield first, end, fresh


def _breaks(folded: str, text: str, line: int, stop: int, following: int, end: int) -> bool:
    """Whether the line break at `stop` ends a statement, or only a line that was full.

    `text`: with its capitals, or "" when the report has none to go by.
    """
    ahead = folded[following : min(following + 60, end)]
    behind = folded[max(line, stop - 60) : stop].rstrip()
    if not ahead.strip() or not behind or _ITEM.match(ahead) or behind.endswith((".", "!", ":", "?")):
        return True
    if text and text[following : following + 1].islower():
        return False  # "No focal / liver lesion": a new statement would begin with a capital
    if behind.rsplit(" ", 1)[-1] in _UNFINISHED:
        return False
    if behind.endswith(
        (",", "-", "(", " x", " by", " of", " in", " the", " and", " or", " with", " measuring", " measures")
    ):
        return False
    if ahead.lstrip()[:3].rstrip(" .,;)") in ("mm", "cm") or (
        behind[-1].isdigit() and ahead.lstrip()[:2] in ("mm", "cm", "x ", "mi", "ce")
    ):
        return False
    if _LABEL.match(ahead.lstrip()):
        return True
    if text[following : following + 1].isupper() and not text[line:stop].isupper():
        first_word = ahead.lstrip().split(" ", 1)[0]
        if first_word in _STARTING:
            return True
    return stop - line < _WRAPPED and not _continues(ahead)


def _continues(ahead: str) -> bool:
    return ahead.lstrip().split(" ", 1)[0] in _CONTINUING


# After these a noun is still to come, whatever the line break says.
_UNFINISHED = frozenset(
    (
        "no not without any focal new suspicious solid discrete hypoechoic hyperechoic hypodense small "
        "indeterminate nonspecific enhancing hepatic a an is are was were at on to from for by evidence"
    ).split()
)
# With a capital after a line without a full stop, these begin a sentence of their own.
_STARTING = frozenset("the there no this these spleen gallbladder pancreas kidneys liver bilateral".split())
_LABEL = re.compile(r"[a-z][a-z0-9 /,&()-]{1,45}:")
_CONTINUING = frozenset(
    (
        "and or of in the with to is are measuring measures which that x by lesion lesions hepatic lobe on "
        "at from for"
    ).split()
)


def _abbreviated(folded: str, text: str, first: int, dot: int, following: int, end: int) -> bool:
    """Whether the full stop at `dot` belongs to an abbreviation or a list number."""
    if "\n" in folded[dot:following] and _LABEL.match(folded, following, min(following + 60, end)):
        return False  # "History of breast ca. / Liver: ..."
    behind = folded[max(first, dot - 12) : dot]
    word = behind[len(behind.rstrip(_OF_WORDS)) :]
    number = word.isdigit() and len(word) < 3 and dot - first < 20
    if word in _ABBREVIATIONS or (number and not folded[first : dot - len(word)].strip(" -•*#>(\n")):
        return True
    if word == "0" and folded[following : following + 1].isdigit():
        return True
    lower = bool(text) and following < end and text[following].islower()
    return lower and (not word.rstrip("0123456789.") or word.endswith(("mm", "cm")))


def _cut(folded: str, first: int, last: int, fresh: bool) -> Iterator[tuple[int, int, bool]]:
    """A piece, cut at blanks where it is longer than a statement may be."""
    while last - first > STATEMENT_LIMIT:
        blank = folded.rfind(" ", first + STATEMENT_LIMIT // 2, first + STATEMENT_LIMIT)
        cut = blank if blank > 0 else first + STATEMENT_LIMIT
        yield first, cut, fresh
        first, fresh = cut, False
    yield first, last, fresh


def _words(folded: str, first: int, last: int) -> tuple[str, Sequence[int]]:
    """The words of a statement without its item's sign, every run of blanks as one, and where they stand."""
    sign = _ITEM.match(folded, first, min(last, first + 20))
    begin = sign.end() if sign else first
    text = folded[begin:last].replace("\n", " ")
    if "  " not in text and not text.startswith(" "):
        return text, range(begin, last)
    kept = list(_KEPT.finditer(folded, begin, last))
    places = [place for word in kept for place in range(*word.span())]
    return "".join(word[0] for word in kept).replace("\n", " "), places
