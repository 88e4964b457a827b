"""RE2 behind types, and the patterns of report_words.txt. RE2 is linear in the text, whatever it holds."""

import re as names_only
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Protocol, TypeAlias, cast

import re2

_SECTION = names_only.compile(r"\[([A-Za-z]+(?: [a-z_-]+)?)\]")
_USED = names_only.compile(r"\{([A-Z_]+)\}")


class Match(Protocol):
    """What is used of a match."""

    def __getitem__(self, group: int | str) -> str: ...
    def group(self) -> str: ...
    def start(self, group: int = 0) -> int: ...
    def end(self, group: int = 0) -> int: ...


Span: TypeAlias = tuple[int, int]
_ANYWHERE, _AT_START, _WHOLE = re2._Anchor.UNANCHORED, re2._Anchor.ANCHOR_START, re2._Anchor.ANCHOR_BOTH


class Pattern:
    """An expression compiled by RE2, with room for large alternations.

    RE2 works on bytes, which in ASCII are the characters. Such texts are handed to RE2 itself, since its
    binding's layer in Python costs more than the matching; for others that layer counts the characters.
    """

    __slots__ = ("_compiled", "_groups", "_spans")

    def __init__(self, expression: str) -> None:
        self._compiled = re2.compile(expression, _options())
        self._groups: dict[str, int] = self._compiled.groupindex
        self._spans = self._compiled._regexp.Match

    def occurs_in(self, text: str) -> bool:
        """Whether it matches anywhere."""
        data = text.encode()
        return bool(self._spans(_ANYWHERE, data, 0, len(data))[0][0] >= 0)

    def search(self, text: str) -> Match | None:
        """The first match."""
        if not text.isascii():
            return cast("Match | None", self._compiled.search(text))
        spans = self._spans(_ANYWHERE, text.encode(), 0, len(text))
        return None if spans[0][0] < 0 else _AsciiMatch(text, spans, self._groups)

    def fullmatch(self, text: str) -> bool:
        """Whether it matches the whole text."""
        data = text.encode()
        return bool(self._spans(_WHOLE, data, 0, len(data))[0][0] >= 0)

    def begins(self, text: str, start: int = 0) -> bool:
        """Whether it matches from `start` on; what stands before is seen."""
        if not text.isascii():
            return self._compiled.match(text, start) is not None
        return bool(self._spans(_AT_START, text.encode(), start, len(text))[0][0] >= 0)

    def finditer(self, text: str) -> Iterable[Match]:
        """Every match, not overlapping."""
        if not text.isascii():
            return cast(Iterable[Match], self._compiled.finditer(text))
        return [_AsciiMatch(text, spans, self._groups) for spans in self._each(text)]

    def spans(self, text: str) -> Iterable[Span]:
        """Where every match starts and ends."""
        if not text.isascii():
            return (found.span() for found in self._compiled.finditer(text))
        return [spans[0] for spans in self._each(text)]

    def named(self, text: str) -> Iterator[tuple[str, int, int]]:
        """For every match the name of its group, where that starts, and where the match ends."""
        if not text.isascii():
            for found in self._compiled.finditer(text):
                yield found.lastgroup, found.start(found.lastindex), found.end()
            return
        names = {index: name for name, index in self._groups.items()}
        for whole, *groups in self._each(text):
            own = max(groups)  # where the others are nowhere, at -1
            yield names[groups.index(own) + 1], own[0], whole[1]

    def _each(self, text: str) -> list[Sequence[Span]]:
        data, start, end = text.encode(), 0, len(text)
        found: list[Sequence[Span]] = []
        while start <= end:
            spans = self._spans(_ANYWHERE, data, start, end)
            first, last = spans[0]
            if first < 0:
                break
            found.append(spans)
            start = last if last > start else start + 1
        return found

    def sub(self, replacement: str, text: str) -> str:
        """The text with every match replaced."""
        return cast(str, self._compiled.sub(replacement, text)) if self.occurs_in(text) else text


class _AsciiMatch:
    """A match in an ASCII text, by the spans of its groups."""

    __slots__ = ("_groups", "_spans", "_text")

    def __init__(self, text: str, spans: Sequence[Span], groups: Mapping[str, int]) -> None:
        self._text, self._spans, self._groups = text, spans, groups

    def __getitem__(self, group: int | str) -> str:
        start, end = self._spans[group if isinstance(group, int) else self._groups[group]]
        return self._text[start:end] if start >= 0 else cast(str, None)

    def group(self) -> str:
        start, end = self._spans[0]
        return self._text[start:end]

    def start(self, group: int = 0) -> int:
        return self._spans[group][0]

    def end(self, group: int = 0) -> int:
        return self._spans[group][1]


class Several:
    """Several expressions asked at once. `anchored`: they match at the start of a text or not at all."""

    __slots__ = ("_set",)

    def __init__(self, expressions: Iterable[str], *, anchored: bool = False) -> None:
        self._set = re2.Set(_AT_START if anchored else _ANYWHERE, _options())
        for expression in expressions:
            self._set.Add(expression)
        self._set.Compile()

    def matching(self, text: str) -> Sequence[int]:
        """The numbers of those that match."""
        return cast(Sequence[int], self._set.Match(text) or ())


def _options() -> Any:
    options = re2.Options()
    options.max_mem = 1 << 25
    return options


def compiled(expression: str) -> Pattern:
    """The expression as a pattern."""
    return Pattern(expression)


@cache
def _sections() -> Mapping[str, str]:
    """Section name -> its alternatives as one expression, {NAME}s not yet filled in."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    text = resources.files(__package__).joinpath("report_words.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if name := _SECTION.fullmatch(line):
            lines = found.setdefault(name[1], [])
        elif line.startswith("    "):
            lines[-1] += line[4:]
        elif line and not line.startswith("#"):
            lines.append(line)
    return {name: "|".join(alternatives) for name, alternatives in found.items()}


def expression(name: str, given: Mapping[str, str] | None = None) -> str:
    """The alternatives of a section; `given`: further {NAME}s, defined in code."""
    return _USED.sub(
        lambda use: f"(?:{(given or {}).get(use[1]) or expression(use[1], given)})", _sections()[name]
    )


@cache
def names(group: str) -> tuple[str, ...]:
    """The second words of the sections of a group, in the order of the file: "mark" -> "new", "skip", ..."""
    return tuple(name.partition(" ")[2] for name in _sections() if name.startswith(f"{group} "))


@cache
def pattern(name: str) -> Pattern:
    """A section, compiled."""
    return compiled(expression(name))
