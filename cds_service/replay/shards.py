"""The second step: what was staged of each shard becomes one Parquet file, patient after patient (DuckDB).

Patients without an order are left out, and so are exact copies of a line. DuckDB sorts within the memory
it is given and spills to disk beyond it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from functools import partial
from glob import escape
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import orjson

from cds_service.fhir.orders import ORDER_TYPES
from cds_service.replay import extras
from cds_service.replay.inputs import InputFile, unpacked
from cds_service.replay.staging import finish, per_bucket, write_whole

MEMORY_LIMIT = "384MB"  # of DuckDB, in one process
ROWS_TOGETHER = 4096  # a row group: what a reader has to hold at least
SHARD_BYTES = 64 << 20  # of unpacked export that a shard should hold
MOST_SHARDS = 4096

_ORDERS = ", ".join(f"'{kind}'" for kind in ORDER_TYPES)


@dataclass(slots=True)
class ShardCounts:
    """What is in one shard, of patients with an order (except `patients`, which is all of them).

    `orders`: each once; `copies`: resources that came again, the same or as another version under one id;
    `unknown_patients`: with orders, but without a Patient resource.
    """

    shard: int
    patients: int = 0
    with_orders: int = 0
    unknown_patients: int = 0
    orders: int = 0
    copies: int = 0
    lines: int = 0


_FIELDS = fields(ShardCounts)


def shards_for(files: Iterable[InputFile]) -> int:
    """How many shards an export gets. A matter of the input alone."""
    return min(max(4, -(-sum(map(unpacked, files)) // SHARD_BYTES)), MOST_SHARDS)


def shard_path(folder: Path, shard: int) -> Path:
    """Where a shard lies."""
    return folder / f"shard-{shard:04d}.parquet"


def buckets_of(shards: int) -> list[range]:
    """Neighbouring shards that are gathered in one go: what was staged is opened once for each of these.

    A matter of their number alone, so that the work grows with the export and not with its square.
    """
    each = per_bucket(shards)
    return [range(start, min(start + each, shards)) for start in range(0, shards, each)]


def gather(bucket: range, staged: Path, folder: Path, spill: Path) -> list[ShardCounts]:
    """Gather some shards from everything that was staged. A second call is a mere read."""
    done = {shard: folder / f"shard-{shard:04d}.json" for shard in bucket}
    if not all(path.exists() for path in done.values()):
        counts = {shard: ShardCounts(shard) for shard in bucket}
        if any(staged.glob("*.parquet")):
            counts |= _gathered(bucket, staged, folder, spill)
        for shard, path in done.items():
            write_whole(path, orjson.dumps({one.name: getattr(counts[shard], one.name) for one in _FIELDS}))
    return [ShardCounts(**orjson.loads(path.read_bytes())) for path in done.values()]


def connect(spill: Path, memory: str = MEMORY_LIMIT) -> Any:
    """A DuckDB of one thread in bounded memory. Nothing is loaded from elsewhere."""
    settings = {
        "memory_limit": memory,
        "threads": 1,
        "temp_directory": str(spill),
        "preserve_insertion_order": True,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    duck = extras.load("duckdb").connect(":memory:", config=settings)
    duck.execute("SET enable_progress_bar = false")  # else it draws its own at a terminal, among ours
    return duck


def literal(path: Path) -> str:
    """A path as SQL text: COPY takes no parameters for its target."""
    return "'" + str(path).replace("'", "''") + "'"


def rows_in(folder: Path, names: str) -> str:
    """SQL that reads Parquet files. `names`: a pattern; the folder is none, whatever it is called."""
    return f"read_parquet({literal(Path(escape(str(folder))) / names)})"


def _gathered(bucket: range, staged: Path, folder: Path, spill: Path) -> dict[int, ShardCounts]:
    with connect(spill) as duck:
        duck.execute(
            f"CREATE VIEW here AS SELECT * FROM {rows_in(staged, '*.parquet')}"  # noqa: S608
            f" WHERE shard BETWEEN {bucket[0]} AND {bucket[-1]}"
        )
        duck.execute(
            f"CREATE TABLE ordered AS SELECT DISTINCT patient FROM here WHERE kind IN ({_ORDERS})"  # noqa: S608
        )
        found = duck.sql(_SORTED)
        rows = getattr(found, "to_arrow_reader", found.fetch_arrow_reader)(ROWS_TOGETHER)  # DuckDB 1 and 2
        for shard, parts in groupby(_parts(rows), key=itemgetter(0)):
            finish(shard_path(folder, shard), partial(_write, rows.schema, parts))
        counted = duck.execute(_COUNTED).fetchall()
    return {shard: ShardCounts(shard, *map(int, counts)) for shard, *counts in counted}


def _parts(rows: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Record batches, each cut where another shard begins."""
    for batch in rows:
        shards, start = batch.column("shard").to_pylist(), 0
        for shard, run in groupby(shards):
            length = sum(1 for _ in run)
            yield shard, batch.slice(start, length)
            start += length


def _write(schema: Any, parts: Iterable[tuple[int, Any]], target: Path) -> None:
    parquet = extras.load("pyarrow.parquet")
    with parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        for _, part in parts:
            writer.write_batch(part)


_SORTED = """
SELECT shard, patient, kind, file, place, line FROM here SEMI JOIN ordered USING (patient)
ORDER BY shard, patient, file, place
"""
_COUNTED = f"""
WITH own AS (SELECT shard, kind, id, patient FROM here SEMI JOIN ordered USING (patient)),
     told AS (SELECT shard, count(DISTINCT patient) AS with_orders,
                     count(DISTINCT patient) FILTER (kind = 'Patient') AS known,
                     count(DISTINCT (kind, id, patient)) FILTER (id <> '' AND kind IN ({_ORDERS}))
                         + count(*) FILTER (id = '' AND kind IN ({_ORDERS})) AS orders,
                     count(DISTINCT (kind, id, patient)) FILTER (id <> '')
                         + count(*) FILTER (id = '') AS once,
                     count(*) AS lines
              FROM own GROUP BY shard),
     everybody AS (SELECT shard, count(DISTINCT patient) AS patients FROM here GROUP BY shard)
SELECT shard, patients, coalesce(with_orders, 0), coalesce(with_orders - known, 0), coalesce(orders, 0),
       coalesce(lines - once, 0), coalesce(lines, 0)
FROM everybody LEFT JOIN told USING (shard)
"""  # noqa: S608 - nothing of it comes from outside
