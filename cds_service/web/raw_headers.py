"""Headers as ASGI hands them on: pairs of bytes, names in lower case. For what stands around every call."""

from collections.abc import Iterable, MutableMapping
from typing import Any, TypeAlias

Pairs: TypeAlias = Iterable[tuple[bytes, bytes]]


def value_of(scope: MutableMapping[str, Any], name: bytes) -> str:
    """What a call says in the first header of this name, "" = it has none."""
    return next((value.decode("latin-1") for each, value in scope["headers"] if each == name), "")


def replaced(headers: Pairs, name: bytes, value: str) -> list[tuple[bytes, bytes]]:
    """With this header, and no other of its name."""
    kept = [pair for pair in headers if pair[0] != name]
    return [*kept, (name, value.encode("latin-1"))]


def extended(headers: Pairs, name: bytes, value: str) -> list[tuple[bytes, bytes]]:
    """With one value more in this header, after those that stand there."""
    pairs = list(headers)
    values = [each.decode("latin-1") for found, each in pairs if found == name]
    return replaced(pairs, name, ", ".join([*values, value]))
