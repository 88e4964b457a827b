"""What the export was like: sizes, and everything that was odd about it."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from cds_service.fhir.orders import ORDER_TYPES
from cds_service.replay.inputs import CHART_TYPES, READ_TYPES
from cds_service.replay.report.drawing import count
from cds_service.replay.shards import ShardCounts
from cds_service.replay.staging import PieceCounts
from cds_service.replay.unreadable import faults_of

FAULTS_SHOWN = 50
NAMED = 12  # files of a list
OLD_ORDERS = ("DiagnosticOrder",)  # of DSTU2
_BULK_NAME = re.compile(r"(?:\d{1,6}[._-])?([A-Z][A-Za-z]+)(?:[._-]\d{1,6})*\.(?:ndjson|jsonl)(?:\.gz)?")


def quality_of(
    manifest: Mapping[str, Any], pieces: Sequence[PieceCounts], shards: Sequence[ShardCounts], rows: int
) -> dict[str, Any]:
    """Counts, and sentences on what a reader must know. `rows`: imaging and biopsy orders."""
    seen = _sum(piece.seen for piece in pieces)
    versions = _sum(piece.versions for piece in pieces)
    nobody = _sum(piece.no_patient for piece in pieces)
    unreadable = sum(piece.unreadable for piece in pieces)
    found = sum(shard.orders for shard in shards)
    faults = list(islice(faults_of(pieces), FAULTS_SHOWN))
    numbers = {file["name"]: file["number"] for file in manifest["files"]}
    counts = [
        ("Files", len(manifest["files"])),
        ("Bytes", sum(file["bytes"] for file in manifest["files"])),
        ("Lines", sum(piece.lines for piece in pieces)),
        ("Resources", seen.total()),
        ("Patients", sum(shard.patients for shard in shards)),
        ("… with an order", sum(shard.with_orders for shard in shards)),
        ("Orders of any kind", found),
        ("… for neither imaging nor biopsy", found - rows),
        ("Lines that could not be read", unreadable),
        ("Blank lines", sum(piece.blank for piece in pieces)),
        ("Resources that name no patient", nobody.total()),
        ("… of these orders, which are left out", sum(nobody[kind] for kind in ORDER_TYPES)),
        ("Patients with orders, without a Patient resource", sum(shard.unknown_patients for shard in shards)),
        ("Resources that came more than once", sum(shard.copies for shard in shards)),
        ("Observations that the service never asks for", sum(piece.not_asked_for for piece in pieces)),
        *((f"Orders in the shape of {name}", versions[name]) for name in sorted(versions)),
    ]
    return {
        "counts": counts,
        "notices": _notices(manifest, pieces, seen),
        "unreadable": unreadable,
        "faults": [(public_name(file, numbers), line, why) for file, line, why in faults],
        "unlisted": unreadable > len(faults),
        "outcomes": sorted(_sum(piece.outcomes for piece in pieces).items()),
        "missing_types": sorted(CHART_TYPES - set(manifest["exported"])),
    }


def public_name(file: str, numbers: Mapping[str, int]) -> str:
    """A file as the page may name it: a name of its own might be a patient's."""
    name = file.rpartition("/")[2]
    match = _BULK_NAME.fullmatch(name)
    return name if match and match[1] in READ_TYPES else f"file {numbers.get(file, '?')} of run.json"


def _notices(
    manifest: Mapping[str, Any], pieces: Sequence[PieceCounts], seen: Mapping[str, int]
) -> list[str]:
    said = []
    if missing := manifest.get("missing_files", []):
        names = [name for name in missing if public_name(name, {}) == name][:NAMED]
        listed = f" ({', '.join(names)}{' …' if len(names) < len(missing) else ''})" if names else ""
        said.append(
            f"Files that the export’s manifest names and that are not here: {count(len(missing))}{listed}."
            " Patients are judged without what was in them."
        )
    for kind, promised in sorted(manifest.get("promised", {}).items()):
        if seen.get(kind, 0) < promised:
            said.append(
                f"The export’s manifest counts {count(promised)} resources of type {kind};"
                f" {count(seen.get(kind, 0))} were found."
            )
    if old := sum(seen.get(kind, 0) for kind in OLD_ORDERS):
        said.append(f"Orders in the shape of DSTU2, which is not read: {count(old)}.")
    servers = _sum(piece.servers for piece in pieces).keys() - {""}
    if len(servers) > 1:
        said.append(
            f"References to patients name {len(servers)} servers. Patients of two servers under one id were"
            " taken for one patient."
        )
    return said


def _sum(counters: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in counters:
        total.update(one)
    return total
