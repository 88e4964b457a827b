"""A tenant's own codes: local code -> our procedure or concept.

codes:
  - system: urn:oid:1.2.840.114350.1.13.0.1.7.2.696580   # as the EHR sends it
    code: "IMG123"                                         # quoted
    means: mri-abdomen-without-and-with-iv-contrast        # a procedure or a concept of the library
    note: MRI liver protocol                               # optional, for people
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml

from cds_service.errors import SettingsFaulty

_KEYS = frozenset(("system", "code", "means", "note"))


@dataclass(frozen=True, slots=True)
class LocalCodes:
    """`entries`: (system as the EHR sends it, code) -> procedure id or concept name."""

    entries: Mapping[tuple[str, str], str]


class Names(Protocol):
    """What a local code may stand for: a library's procedures and concepts."""

    @property
    def procedures(self) -> Mapping[str, Any]: ...
    @property
    def concepts(self) -> Mapping[str, Any]: ...


def local_codes(path: Path, library: Names) -> LocalCodes:
    """Read a tenant's file. Raises SettingsFaulty with one line per fault."""
    entries: dict[tuple[str, str], str] = {}
    faults: list[str] = []
    for number, item in enumerate(_items(path), start=1):
        here = [f"{path.name}: entry {number}: {fault}" for fault in _faults(item, library, entries)]
        faults.extend(here)
        if not here:
            entries[item["system"].strip(), item["code"].strip()] = item["means"].strip()
    if faults:
        raise SettingsFaulty("\n".join(faults))
    return LocalCodes(entries)


def _items(path: Path) -> list[Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path.name} cannot be read ({type(error).__name__}): check its path and encoding"
        raise SettingsFaulty(message) from error
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f" (line {place.line + 1})" if place else ""
        raise SettingsFaulty(f"{path.name} is not YAML{line}: check indentation and quotes") from error
    if document is None:
        return []
    codes = document.get("codes") if isinstance(document, dict) and set(document) == {"codes"} else None
    if not isinstance(codes, list):
        raise SettingsFaulty(f"{path.name} must hold one key, `codes`: a list of {{system, code, means}}")
    return codes


def _faults(item: object, library: Names, entries: Mapping[tuple[str, str], str]) -> Iterator[str]:
    if not isinstance(item, dict):
        yield "must be a mapping with system, code and means"
        return
    for key in sorted(str(key) for key in item if key not in _KEYS):
        yield f"unknown key `{key}`; known are system, code, means, note"
    whole = True
    for key in ("system", "code", "means"):
        if not isinstance(item.get(key), str) or not item[key].strip():
            whole = False
            yield f"`{key}` must be a quoted text" if key in item else f"`{key}` is missing"
    if whole:
        yield from _meaning_faults(item, library, entries)


def _meaning_faults(
    item: Mapping[str, str], library: Names, entries: Mapping[tuple[str, str], str]
) -> Iterator[str]:
    means = item["means"].strip()
    if means not in library.procedures and means not in library.concepts:
        known = ", ".join(sorted(library.procedures))
        yield f"`means: {means}` is neither a procedure nor a concept of the library; procedures: {known}"
    if (item["system"].strip(), item["code"].strip()) in entries:
        yield f"the code {item['code']} of this system stands here a second time"
