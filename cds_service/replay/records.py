"""One patient's lines out of a shard, as they are decided on."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from cds_service.fhir.datatypes.elements import word
from cds_service.fhir.orders import ORDER_TYPES
from cds_service.replay import extras

Json: TypeAlias = Mapping[str, Any]
READ_TOGETHER = 512  # rows: what is held of a shard beside the patient in hand


@dataclass(frozen=True, slots=True)
class Found:
    """One resource and where it stood: number of the file, and bytes from its (unpacked) beginning."""

    file: int
    at: int
    raw: Json = field(repr=False)


@dataclass(slots=True)
class Record:
    """All that the export holds of one patient that the service would look at."""

    patient: str
    orders: list[Found] = field(default_factory=list)
    chart: list[Json] = field(default_factory=list, repr=False)

    def of(self, *kinds: str) -> list[Json]:
        """Chart resources of these types, in the export's order."""
        return [one for one in self.chart if one.get("resourceType") in kinds]


def records_of(shard: Path) -> Iterator[Record]:
    """The patients of one shard, one after the other. None when the shard is empty (no file)."""
    if not shard.exists():
        return
    with extras.load("pyarrow.parquet").ParquetFile(shard) as opened:
        rows = (row for batch in opened.iter_batches(READ_TOGETHER) for row in _rows(batch))
        for patient, lines in groupby(rows, key=lambda row: str(row[0])):
            yield record(patient, ((file, at, line) for _, file, at, line in lines))


def record(patient: str, lines: Iterable[tuple[int, int, bytes]]) -> Record:
    """A patient's record. `lines`: file, place and content, in any order. Of versions of an order, one."""
    found = Record(patient)
    for file, at, line in sorted(lines, key=lambda one: one[:2]):
        raw = orjson.loads(line)
        if raw.get("resourceType") in ORDER_TYPES:
            found.orders.append(Found(file, at, raw))
        else:
            found.chart.append(raw)
    found.orders = _newest(found.orders)
    return found


def _rows(batch: Any) -> Iterator[tuple[str, int, int, bytes]]:
    columns = (batch.column(name).to_pylist() for name in ("patient", "file", "place", "line"))
    return zip(*columns, strict=True)


def _newest(orders: Iterable[Found]) -> list[Found]:
    """Each order once: of several versions under one id the one updated last, else the one that came last."""
    kept: dict[object, Found] = {}
    for one in orders:
        name = word(one.raw.get("id"))
        key: object = (one.raw.get("resourceType"), name) if name else (one.file, one.at)
        other = kept.get(key)
        if other is None or _updated(one.raw) >= _updated(other.raw):
            kept[key] = one
    return list(kept.values())


def _updated(raw: Json) -> str:
    meta = raw.get("meta")
    return word(meta.get("lastUpdated")) if isinstance(meta, Mapping) else ""
