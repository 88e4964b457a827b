"""RE2 behind types, and the patterns of report_words.txt. RE2 is linear in the text, whatever it holds."""

import re as names_only
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Protocol, cast

import re2

_SECTION = names_only.compile(r"\[([A-Za-z]+(?: [a-z_-]+)?)\]")
_USED = names_only.compile(r"\{([A-Z_]+)\}")


class Match(Protocol):
    """What is used of a match."""

    @property
    def lastgroup(self) -> str: ...
    @property
    def lastindex(self) -> int: ...
    def __getitem__(self, group: int | str) -> str: ...
    def group(self) -> str: ...
    def groupdict(self) -> dict[str, str | None]: ...
    def start(self, group: int = 0) -> int: ...
    def end(self, group: int = 0) -> int: ...


class Pattern(Protocol):
    """What is used of a compiled pattern."""

    def search(self, text: str) -> Match | None: ...
    def match(self, text: str, start: int = ...) -> Match | None: ...
    def fullmatch(self, text: str) -> Match | None: ...
    def finditer(self, text: str) -> Iterator[Match]: ...
    def findall(self, text: str) -> list[str]: ...
    def sub(self, replacement: str, text: str) -> str: ...


def compiled(expression: str) -> Pattern:
    """The expression, compiled by RE2 with room for large alternations."""
    options = re2.Options()
    options.max_mem = 1 << 25
    return _Compiled(re2.compile(expression, options))


class _Compiled:
    """RE2 works on bytes; its binding counts every match's characters anew. In ASCII each is one byte."""

    __slots__ = ("_pattern",)

    def __init__(self, pattern: Any) -> None:
        self._pattern = pattern

    def search(self, text: str) -> Match | None:
        if not text.isascii():
            return cast("Match | None", self._pattern.search(text))
        found = self._pattern.search(text.encode())
        return None if found is None else _AsciiMatch(text, found)

    def match(self, text: str, start: int = 0) -> Match | None:
        if not text.isascii():
            return cast("Match | None", self._pattern.match(text, start))
        found = self._pattern.match(text.encode(), start)
        return None if found is None else _AsciiMatch(text, found)

    def fullmatch(self, text: str) -> Match | None:
        if not text.isascii():
            return cast("Match | None", self._pattern.fullmatch(text))
        found = self._pattern.fullmatch(text.encode())
        return None if found is None else _AsciiMatch(text, found)

    def finditer(self, text: str) -> Iterator[Match]:
        if not text.isascii():
            return cast(Iterator[Match], self._pattern.finditer(text))
        return (_AsciiMatch(text, found) for found in self._pattern.finditer(text.encode()))

    def findall(self, text: str) -> list[str]:
        return cast(list[str], self._pattern.findall(text))

    def sub(self, replacement: str, text: str) -> str:
        if self.search(text) is None:
            return text
        return cast(str, self._pattern.sub(replacement, text))


class _AsciiMatch:
    """A match in the bytes of an ASCII text, told in the text's own words."""

    __slots__ = ("_found", "_text")

    def __init__(self, text: str, found: Any) -> None:
        self._text, self._found = text, found

    @property
    def lastgroup(self) -> str:
        return cast(str, self._found.lastgroup)

    @property
    def lastindex(self) -> int:
        return cast(int, self._found.lastindex)

    def __getitem__(self, group: int | str) -> str:
        found = self._found[group]
        return cast(str, found if found is None else found.decode())

    def group(self) -> str:
        return self._text[self._found.start() : self._found.end()]

    def groupdict(self) -> dict[str, str | None]:
        found = self._found.groupdict()
        return {name: words if words is None else words.decode() for name, words in found.items()}

    def start(self, group: int = 0) -> int:
        return cast(int, self._found.start(group))

    def end(self, group: int = 0) -> int:
        return cast(int, self._found.end(group))


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


def names(group: str) -> list[str]:
    """The second words of the sections of a group, in the order of the file: "mark" -> "new", "skip", ..."""
    return [name.partition(" ")[2] for name in _sections() if name.startswith(f"{group} ")]


@cache
def pattern(name: str) -> Pattern:
    """A section, compiled."""
    return compiled(expression(name))
