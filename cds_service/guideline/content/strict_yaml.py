"""YAML as guideline content is written: no surprises, and every value knows its line.

Built on PyYAML's node graph (libyaml where installed), since the ready-made loaders read `yes` as a
boolean, keep the last of two equal keys, and forget where a value stood. Scalars follow YAML 1.2's core
schema: `yes`, `no`, `on`, `off` are text; `true`, `12`, `1.5`, `null` are not; `2026-05-20` is a date.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import yaml

Path: TypeAlias = tuple[str | int, ...]  # ("variants", 5, "ratings", 2, "median")
Scalar: TypeAlias = str | int | float | bool | date | None
Data: TypeAlias = "Scalar | tuple[Data, ...] | dict[str, Data]"

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE_TAG = "tag:yaml.org,2002:"
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a content file. `str(fault)`: `file:line: path: what is wrong, what to do`."""

    file: str
    line: int  # 1-based; 0 = the file as a whole
    path: Path
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (where, dotted(self.path), self.message) if part)


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read: its data (lists as tuples) and where each value stands."""

    file: str
    data: Data
    root: yaml.Node

    def line(self, path: Sequence[str | int]) -> int:
        """The line of the value at `path`, or of the nearest thing around it that is there."""
        node, line = self.root, _line(self.root)
        for step in path:
            found = _inside(node, step)
            if found is None:
                break
            line, node = found
        return line

    def written(self, path: Sequence[str | int]) -> str:
        """A scalar as it stands in the file ("0123" where the data hold 123); "" if there is none."""
        node: yaml.Node = self.root
        for step in path:
            found = _inside(node, step)
            if found is None:
                return ""
            _, node = found
        return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def dotted(path: Iterable[str | int]) -> str:
    """A path as people read it: `variants[5].ratings[2].median`, counting from 0."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def read(file: str, text: str) -> tuple[Document | None, tuple[Fault, ...]]:
    """The document and what is wrong with its YAML; no document if it cannot be read as YAML at all."""
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        return None, (_syntax_fault(file, error),)
    if root is None:
        return None, (Fault(file, 0, (), "the file is empty, write its content or remove it"),)
    reader = _Reader(file)
    data = reader.value(root, ())
    return Document(file, data, root), tuple(reader.faults)


def _syntax_fault(file: str, error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "not text that YAML allows"
    return Fault(file, mark.line + 1 if mark else 0, (), f"not YAML: {problem}, correct the file here")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _inside(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    """The line where `step` begins and its node; for an entry of a mapping the line of its key."""
    if isinstance(node, yaml.MappingNode):
        return next(((_line(key), value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return _line(node.value[step]), node.value[step]
    return None


class _Reader:
    """Turns nodes into data, noting every fault on the way rather than stopping at the first."""

    def __init__(self, file: str) -> None:
        self.faults: list[Fault] = []
        self._file = file
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, path: Path) -> Data:
        if id(node) in self._seen:
            self._fault(node, path, "an alias is not read here, repeat the text instead")
            return None
        self._seen.add(id(node))
        if not node.tag.startswith(_CORE_TAG):
            self._fault(node, path, f"the tag {node.tag} is not read here, remove it")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return tuple(self.value(item, (*path, i)) for i, item in enumerate(node.value))
        return _scalar(node) if isinstance(node, yaml.ScalarNode) else None

    def _mapping(self, node: yaml.MappingNode, path: Path) -> Data:
        found: dict[str, Data] = {}
        for key, value in node.value:
            name = self._key(key, path)
            if name in found:
                self._fault(key, (*path, name), "this key stands here twice, keep one of the two")
            found[name] = self.value(value, (*path, name))
        return found

    def _key(self, node: yaml.Node, path: Path) -> str:
        name = str(node.value) if isinstance(node, yaml.ScalarNode) else "?"
        if not isinstance(node, yaml.ScalarNode) or not isinstance(_scalar(node), str):
            self._fault(node, (*path, name), f'a key must be text, write "{name}"')
        return name

    def _fault(self, node: yaml.Node, path: Path, message: str) -> None:
        self.faults.append(Fault(self._file, _line(node), path, message))


def _scalar(node: yaml.ScalarNode) -> Scalar:
    """What a scalar means; whatever stands in quotes or in a block is text."""
    text = str(node.value)
    if node.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return _date(text) if _DATE.fullmatch(text) else text


def _date(text: str) -> date | str:
    """The date, or the text as it stands when no calendar has such a day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text
