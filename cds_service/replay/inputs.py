"""The files of an export: which there are, what they are, and in which pieces they are read."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from cds_service.errors import ReplayImpossible
from cds_service.fhir.access.prefetch import KEY_OF_TYPE
from cds_service.fhir.orders import ORDER_TYPES

CHART_TYPES = frozenset(KEY_OF_TYPE)
READ_TYPES = CHART_TYPES | frozenset(ORDER_TYPES)
DATA = re.compile(r".+\.(?:ndjson|jsonl)(?:\.gz)?", re.IGNORECASE)
GZIP = b"\x1f\x8b"
PIECE_BYTES = 64 << 20  # a plain file longer than that is read in pieces, side by side
MOST_TOGETHER = 1000  # pieces that are read as one
_PACKED = 8  # FHIR lines shrink to about an eighth
LONGEST_MANIFEST = 50 << 20
# "Condition.ndjson", "Condition.000.ndjson.gz", "1.Condition.ndjson": what a file was exported for.
_NAMED_TYPE = re.compile(r"(?:\d+[._-])?([A-Z][A-Za-z]+)(?=[._-])")


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file of the export. `number`: its place in the sorted list; `name`: relative to the export."""

    number: int
    name: str
    path: Path
    size: int
    gzipped: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a file that is read by one worker: the lines that begin in [start, end) of a plain file.

    A gzipped file is one piece, since it can only be read from its beginning.
    """

    file: InputFile
    number: int
    start: int
    end: int

    @property
    def key(self) -> str:
        """Sorts as the export does; names what is left behind of this piece."""
        return f"{self.file.number:06d}-{self.number:06d}"


@dataclass(frozen=True, slots=True)
class Export:
    """A directory with a Bulk FHIR export. `ignored`: files that hold no lines of JSON by their name.

    `announced`: types that were exported, though there may be none: by a file's name, or a manifest's count
    of 0. `missing`: files that a manifest names and that are not here; `promised`: resources by its counts.
    """

    root: Path
    files: tuple[InputFile, ...]
    ignored: tuple[str, ...]
    announced: frozenset[str]
    taken_at: str = ""  # the manifest's transactionTime
    missing: tuple[str, ...] = ()
    promised: Mapping[str, int] = field(default_factory=dict)


def find_export(root: Path, but_not: Path | None = None) -> Export:
    """What lies under `root`, at any depth. Raises ReplayImpossible when nothing of it can be read.

    `but_not`: a folder that is passed over, since our own results may lie beside the export.
    """
    if not root.is_dir():
        raise ReplayImpossible(f"{root}: there is no such directory.")
    own = but_not.resolve() if but_not else None
    files_below = (path for path in root.rglob("*") if path.is_file() and not _hidden(path, root))
    paths = sorted(path for path in files_below if own is None or own not in path.resolve().parents)
    data = [path for path in paths if DATA.fullmatch(path.name)]
    if not data:
        raise ReplayImpossible(_nothing_in(root, paths))
    files = tuple(_input(number, path, root) for number, path in enumerate(data))
    others = sorted(set(paths) - set(data))
    manifests = [found for path in others if (found := _manifest(path)) is not None]
    listed = [one for found in manifests for one in _objects(found.get("output"))]
    promised = _promised(listed)
    named = {match[1] for path in data if (match := _NAMED_TYPE.match(path.name))}
    return Export(
        root,
        files,
        tuple(path.relative_to(root).as_posix() for path in others),
        frozenset(named | {kind for kind, count in promised.items() if count == 0}) & READ_TYPES,
        next((str(found["transactionTime"]) for found in manifests), ""),
        _missing(listed, {path.name for path in data}),
        promised,
    )


def pieces_of(export: Export, piece_bytes: int = PIECE_BYTES) -> Iterator[Piece]:
    """The pieces to read, in the export's order."""
    for file in export.files:
        starts = [0] if file.gzipped else range(0, max(file.size, 1), piece_bytes)
        for number, start in enumerate(starts):
            yield Piece(file, number, start, file.size if file.gzipped else start + piece_bytes)


def batches_of(export: Export, piece_bytes: int = PIECE_BYTES) -> Iterator[tuple[Piece, ...]]:
    """The pieces as workers take them: small ones together, in the export's order."""
    held: list[Piece] = []
    room = piece_bytes
    for piece in pieces_of(export, piece_bytes):
        size = unpacked(piece.file) if piece.file.gzipped else min(piece.end, piece.file.size) - piece.start
        if held and (size > room or len(held) == MOST_TOGETHER):
            yield tuple(held)
            held, room = [], piece_bytes
        held.append(piece)
        room -= size
    if held:
        yield tuple(held)


def unpacked(file: InputFile) -> int:
    """About how many bytes its lines have."""
    return file.size * (_PACKED if file.gzipped else 1)


def sha256_of(path: Path) -> str:
    """The file's hash as `sha256sum` prints it."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _input(number: int, path: Path, root: Path) -> InputFile:
    with path.open("rb") as opened:
        gzipped = opened.read(2) == GZIP
    return InputFile(number, path.relative_to(root).as_posix(), path, path.stat().st_size, gzipped)


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _nothing_in(root: Path, paths: Iterable[Path]) -> str:
    said = f"{root}: no *.ndjson, *.jsonl or gzipped one is in there."
    others = sum(path.suffix.lower() == ".json" for path in paths)
    return (
        f"{said} Its {others} *.json are no Bulk FHIR export: that has one resource a line."
        if others
        else said
    )


def _promised(listed: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many resources of each type a manifest counts; only where it counts them for every file."""
    counts: dict[str, list[object]] = {}
    for one in listed:
        counts.setdefault(str(one.get("type")), []).append(one.get("count"))
    numbers = {kind: [n for n in found if isinstance(n, int)] for kind, found in counts.items()}
    return {kind: sum(found) for kind, found in numbers.items() if len(found) == len(counts[kind])}


def _missing(listed: Iterable[Mapping[str, Any]], here: set[str]) -> tuple[str, ...]:
    """Files of a manifest that are not here; () when they were stored under names of their own."""
    names = {unquote(urlsplit(str(one.get("url"))).path).rpartition("/")[2] for one in listed} - {""}
    plain = {name.removesuffix(".gz") for name in here}
    missing = sorted(name for name in names if name.removesuffix(".gz") not in plain)
    return tuple(missing) if len(missing) < len(names) else ()


def _manifest(path: Path) -> Mapping[str, Any] | None:
    """The export's own manifest (Bulk Data Access), if this file is one."""
    if path.suffix.lower() != ".json" or path.stat().st_size > LONGEST_MANIFEST:
        return None
    try:
        found = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) and "transactionTime" in found and "output" in found else None


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
