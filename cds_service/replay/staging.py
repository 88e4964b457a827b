"""The first step: each batch of pieces becomes Parquet files, their rows sorted by shard.

A shard holds all that the export says of some patients. Row groups hold one bucket of neighbouring shards
each, so that the next step reads of every file only what is its own.
"""

import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson

from cds_service.fhir.datatypes.elements import mappings, word
from cds_service.fhir.orders import ORDER_TYPES
from cds_service.replay import extras
from cds_service.replay.claim import UNFINISHED
from cds_service.replay.inputs import Piece
from cds_service.replay.lines import lines_of
from cds_service.replay.resource import NOT_JSON, entries_of, fhir_version, mended, read_line, resource_of

FLUSH_BYTES = 48 << 20  # of unpacked lines that a worker holds before it writes them
LISTED_FAULTS = 1_000  # of one piece; the rest is counted
LISTED_SERVERS = 20
MOST_BUCKETS = 64

# shard, patient, kind, id, file number, where in the file, the line itself
Staged = tuple[int, str, str, str, int, int, bytes]


@dataclass(slots=True)
class PieceCounts:
    """What was found in one piece. `faults`: line within the piece and why; `outcomes`: what error files say.

    `seen`: resources by type. `not_asked_for`: Observations that the service's searches leave out.
    `servers`: that references to patients name, "" = none.
    """

    key: str
    file: str
    lines: int = 0
    blank: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    no_patient: Counter[str] = field(default_factory=Counter)
    not_asked_for: int = 0
    unreadable: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    servers: Counter[str] = field(default_factory=Counter)

    def fault(self, line: int, why: str) -> None:
        """Count a line that cannot be read, and list it while there is room."""
        self.unreadable += 1
        if len(self.faults) < LISTED_FAULTS:
            self.faults.append((line, why))


def shard_of(patient: str, shards: int) -> int:
    """The patient's shard: the same on every machine and in every run."""
    return zlib.crc32(patient.encode("utf-8", "surrogatepass")) % shards


def per_bucket(shards: int) -> int:
    """How many neighbouring shards are gathered in one go."""
    return -(-shards // MOST_BUCKETS)


def stage(batch: Sequence[Piece], shards: int, folder: Path) -> list[PieceCounts]:
    """Read pieces into `folder`. Done when their JSON file is there; a second call is then a mere read."""
    name = batch[0].key
    done = folder / f"{name}.json"
    if done.exists():
        return [counts_from(one) for one in orjson.loads(done.read_bytes())]
    counts = [PieceCounts(piece.key, piece.file.name) for piece in batch]
    staged = (row for pair in zip(batch, counts, strict=True) for row in _staged(*pair, shards))
    for number, rows in enumerate(_loads(staged)):
        _write(rows, folder / f"{name}-{number:04d}.parquet", per_bucket(shards))
    write_whole(done, orjson.dumps([_to_json(one) for one in counts]))
    return counts


def counts_from(document: Mapping[str, Any]) -> PieceCounts:
    """Counts as `stage` left them behind."""
    counters = {
        name: Counter(document[name]) for name in ("seen", "versions", "no_patient", "outcomes", "servers")
    }
    faults = [(int(line), str(why)) for line, why in document["faults"]]
    return PieceCounts(**{**document, **counters, "faults": faults})


def write_whole(path: Path, content: bytes) -> None:
    """The file is there in full or not at all, whenever the process ends."""
    finish(path, lambda unfinished: unfinished.write_bytes(content))


def finish(path: Path, write: Callable[[Path], object]) -> None:
    """As `write_whole`, for a library that writes the file itself."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}{UNFINISHED}")
    write(unfinished)
    unfinished.replace(path)


def _to_json(counts: PieceCounts) -> dict[str, Any]:
    return {name: getattr(counts, name) for name in PieceCounts.__dataclass_fields__}


def _staged(piece: Piece, counts: PieceCounts, shards: int) -> Iterator[Staged]:
    for line in lines_of(piece):
        counts.lines += 1
        if line.fault:
            counts.fault(line.number, line.fault)
            continue
        if not line.content:
            counts.blank += 1
            continue
        content, raw = line.content, read_line(line.content)
        if raw == NOT_JSON and b"\\u" in content:
            content = mended(content)
            raw = read_line(content)
        if isinstance(raw, str):
            counts.fault(line.number, raw)
            continue
        inner = entries_of(raw)  # each takes more than one byte of the line, so that places differ
        for place, (one, text) in enumerate([(raw, content), *inner], line.at):
            _count(one, counts)
            resource = resource_of(one)
            if resource is None:
                continue
            if not resource.patient:
                counts.no_patient[resource.kind] += 1
                continue
            if resource.server in counts.servers or len(counts.servers) < LISTED_SERVERS:
                counts.servers[resource.server] += 1
            shard = shard_of(resource.patient, shards)
            at = (piece.file.number, place)
            yield (shard, resource.patient, resource.kind, resource.id, *at, text)


def _count(raw: Mapping[str, Any], counts: PieceCounts) -> None:
    kind = word(raw.get("resourceType"))
    counts.seen[kind] += 1
    if kind in ORDER_TYPES:
        counts.versions[fhir_version(raw)] += 1
    elif kind == "OperationOutcome":
        for issue in mappings(raw.get("issue")):
            severity, code = word(issue.get("severity"))[:20], word(issue.get("code"))[:40]
            counts.outcomes[f"{severity or 'issue'}: {code or 'no code'}"] += 1
    elif kind == "Observation" and resource_of(raw) is None:
        counts.not_asked_for += 1


def _loads(rows: Iterator[Staged]) -> Iterator[list[Staged]]:
    held: list[Staged] = []
    size = 0
    for row in rows:
        held.append(row)
        size += len(row[-1])
        if size >= FLUSH_BYTES:
            yield held
            held, size = [], 0
    if held:
        yield held


def _write(rows: list[Staged], path: Path, together: int) -> None:
    arrow, parquet = extras.load("pyarrow"), extras.load("pyarrow.parquet")
    rows.sort(key=lambda row: row[0])
    schema = arrow.schema(
        [
            ("shard", arrow.int32()),
            ("patient", arrow.string()),
            ("kind", arrow.string()),
            ("id", arrow.string()),
            ("file", arrow.int32()),
            ("place", arrow.int64()),
            ("line", arrow.binary()),
        ]
    )

    def write(target: Path) -> None:
        with parquet.ParquetWriter(target, schema, compression="zstd") as writer:
            for _, group in groupby(rows, key=lambda row: row[0] // together):
                columns = [
                    arrow.array(column, type=f.type)
                    for column, f in zip(zip(*group, strict=True), schema, strict=True)
                ]
                writer.write_table(arrow.Table.from_arrays(columns, schema=schema))

    finish(path, write)
