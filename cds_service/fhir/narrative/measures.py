"""Lengths as radiologists write them: "8 x 6 mm", "0,8 cm", "3 by 4 cm", "up to 9 mm", "subcentimeter"."""

import re
from dataclasses import dataclass

from cds_service.guideline.chart import Interval

_SPOKEN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen twenty"
)
_WORD_VALUES = {word: value for value, word in enumerate(_SPOKEN.split())} | {"oh": 0}
_WORD = r"\b(?:" + "|".join(sorted(_WORD_VALUES, key=len, reverse=True)) + r")\b"
_NUMBER = rf"(?:[0-9]{{1,3}}(?:[.,][0-9]{{1,4}})?|[.][0-9]{{1,2}}|(?:{_WORD} )?\bpoint {_WORD}|{_WORD})"
_UNIT = r"(?:mms?|cms?|millimet(?:er|re)s?|centimet(?:er|re)s?)\b"
_AXIS = (
    r"(?:\s?\(?\b(?:ap|tr|trv|tv|tra|cc|si|ml|long|short|sagittal|axial|longitudinal|width|height|length|depth"
    r"|wide|tall|transverse|craniocaudal|anteroposterior)\b\)?(?: dimension| diameter)?)?"
)
_SIDE = rf"{_NUMBER}(?:[\s-]{{0,3}}{_UNIT})?{_AXIS}"
_UNDER = (
    r"less than or equal to|less than|smaller than|no (?:more|larger|greater|bigger) than|not exceeding|under"
    r"|below|<=?|≤|up to|at most|a maximum of up to|sub-"
)
_OVER = (
    r"greater than or equal to|greater than|more than|larger than|bigger than|in excess of|exceeding|at least"
    r"|over|above|beyond|>=?|≥"
)
_OR_UNDER = "less|smaller|under|below"
_OR_OVER = "more|larger|greater|bigger|over|above"
_VAGUE = r"almost|nearly|close to"

# One alternative of the tagger's pattern: everything that may be a length. `read` decides.
LENGTH = (
    rf"between {_SIDE} and {_SIDE}|"
    rf"{_NUMBER}(?:, {_NUMBER}){{0,4}},? (?:and|&) {_NUMBER}[\s-]{{0,3}}{_UNIT}|"
    rf"(?:(?:{_UNDER}|{_OVER}|{_VAGUE})(?: about| approximately)?\s?)?"
    rf"(?:from )?{_SIDE}(?:\s?(?:x|by|\*)\s?{_SIDE}){{0,3}}"
    rf"(?:\s?(?:-|to)\s?(?:about |up to )?{_SIDE}(?:\s?(?:x|by)\s?{_SIDE}){{0,2}})?"
    rf"(?: or (?:{_OR_UNDER}|{_OR_OVER})\b)?"
)
SUBCENTIMETER = r"sub-? ?(?:centimet(?:er|re)s?|centimetric|cms?)\b(?:-sized| sized)?"

# On what LENGTH matched, which is short.
_PARTS = re.compile(rf"(?P<number>{_NUMBER})(?:[\s-]{{0,3}}(?P<unit>{_UNIT}))?", re.ASCII)
_COMPARATOR = re.compile(rf"(?P<under>{_UNDER})|(?P<over>{_OVER})|(?P<vague>{_VAGUE})")
_BEYOND = re.compile(rf" or (?:(?P<under>{_OR_UNDER})|(?P<over>{_OR_OVER}))\Z")
_SPAN = re.compile(
    r"(?:from |between )?(?P<first>.*?[0-9a-z])\s?(?P<joint>-|\bto\b|\band\b)\s?"
    rf"(?P<second>(?:about |up to )?(?:[0-9.]|{_WORD}\b).*)",
    re.ASCII,
)
_PLAIN = re.compile(r"(?P<number>[0-9]{1,3}(?:[.,][0-9]{1,4})?)[ -]?(?P<unit>[cm]m)")
LARGEST_PLAUSIBLE = 300.0  # mm; a larger number is a slip or no lesion


@dataclass(frozen=True, slots=True)
class Length:
    """One length in mm. `start`: of two ("from 6 to 9 mm") the first, else None; `exact`: a plain number."""

    interval: Interval
    start: float | None = None
    hyphen: bool = False  # "8-9 mm": one lesion somewhere between


def read(words: str) -> Length | None:
    """The length that lower-case `words` (a match of LENGTH or SUBCENTIMETER) state; None without a unit."""
    if "m" not in words:  # no unit: "segment 8"
        return None
    if plain := _PLAIN.fullmatch(words):
        return _point(_plausible(_in_mm(plain["number"], plain["unit"])))
    if words.startswith("sub") and not any(sign.isdigit() for sign in words):
        return Length(Interval(high=10.0))
    comparator = _COMPARATOR.match(words)
    beyond = _BEYOND.search(words)
    if beyond:
        return _open_ended(words[: beyond.start()], bool(beyond["under"]))
    if comparator:
        return _compared(comparator, words[comparator.end() :])
    found = _SPAN.fullmatch(words)
    if found:
        second = _greatest(found["second"], "")
        first = _greatest(found["first"], _last_unit(found["second"]))
        if second is None or first is None:
            return None
        if found["joint"] == "and" and not words.startswith("between"):
            return Length(Interval.point(max(first, second)))  # of several lesions: "1.2 and 0.8 cm"
        return _between(first, second, found["joint"])
    return _point(_greatest(words, ""))


def _point(value: float | None) -> Length | None:
    return None if value is None else Length(Interval.point(value))


def _compared(comparator: re.Match[str], rest: str) -> Length | None:
    value = _greatest(rest, "")
    if value is None or comparator["vague"]:
        return None
    word = comparator.group()
    if word.endswith("up to") and value > 10:
        return Length(Interval.point(value))  # it names the greatest of several
    included = (
        word in ("<=", "≤", ">=", "≥", "at least", "at most") or "equal" in word or word.startswith("no")
    )
    if comparator["under"]:
        return Length(Interval(high=value, high_included=included or word.endswith("up to")))
    return Length(Interval(low=value, low_included=included))


def _open_ended(words: str, under: bool) -> Length | None:
    """ "1 cm or less": the bound itself is included."""
    value = _greatest(words, "")
    if value is None:
        return None
    if under:
        return Length(Interval(high=value, high_included=True))
    return Length(Interval(low=value, low_included=True))


def _between(first: float, second: float, joint: str) -> Length:
    if joint == "-" and first < second:
        return Length(Interval(first, second, True, True), first, hyphen=True)
    return Length(Interval.point(second), first)


def _last_unit(words: str) -> str:
    units = [part["unit"] for part in _PARTS.finditer(words) if part["unit"]]
    return units[0] if units else ""


def _greatest(words: str, unit: str) -> float | None:
    """The greatest side in mm; a side without a unit has that of the next side that has one."""
    sides: list[float] = []
    for part in reversed(list(_PARTS.finditer(words))):
        unit = part["unit"] or unit
        if not unit:
            return None
        sides.append(_in_mm(part["number"], unit))
    return _plausible(max(sides, default=0.0))


def _in_mm(number: str, unit: str) -> float:
    return _number(number) * (10.0 if unit.startswith("c") else 1.0)


def _plausible(value: float) -> float | None:
    value = round(value, 2)
    return value if 0 < value <= LARGEST_PLAUSIBLE else None


def _number(words: str) -> float:
    if words[0].isdigit() or words[0] == ".":
        return float(words.replace(",", "."))
    whole, _, tenths = words.rpartition("point")
    if "point" not in words:
        return float(_WORD_VALUES[words])
    return _WORD_VALUES.get(whole.strip(), 0) + _WORD_VALUES[tenths.strip()] / 10
