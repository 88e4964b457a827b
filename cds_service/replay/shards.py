"""The second step: what was staged of one shard becomes one Parquet file, patient after patient (DuckDB).

Patients without an order are left out, and so are exact copies of a line. DuckDB sorts within the memory
it is given and spills to disk beyond it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import orjson

from cds_service.fhir.orders import ORDER_TYPES
from cds_service.replay import extras
from cds_service.replay.inputs import InputFile, unpacked
from cds_service.replay.staging import finish, write_whole

MEMORY_LIMIT = "384MB"  # of DuckDB, for one shard in one process
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


def shards_for(files: Iterable[InputFile]) -> int:
    """How many shards an export gets. A matter of the input alone."""
    return min(max(4, -(-sum(map(unpacked, files)) // SHARD_BYTES)), MOST_SHARDS)


def shard_path(folder: Path, shard: int) -> Path:
    """Where a shard lies."""
    return folder / f"shard-{shard:04d}.parquet"


def gather(shard: int, staged: Path, folder: Path, spill: Path) -> ShardCounts:
    """Gather one shard from everything that was staged. A second call is a mere read."""
    done = folder / f"shard-{shard:04d}.json"
    if done.exists():
        return ShardCounts(**orjson.loads(done.read_bytes()))
    counts = ShardCounts(shard)
    if any(staged.glob("*.parquet")):
        counts = _gathered(shard, staged, shard_path(folder, shard), spill)
    write_whole(done, orjson.dumps({one.name: getattr(counts, one.name) for one in fields(counts)}))
    return counts


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


def _gathered(shard: int, staged: Path, target: Path, spill: Path) -> ShardCounts:
    with connect(spill) as duck:
        duck.execute(
            f"CREATE VIEW here AS SELECT * FROM read_parquet({literal(staged / '*.parquet')})"  # noqa: S608
            f" WHERE shard = {shard}"
        )
        duck.execute(
            f"CREATE TABLE ordered AS SELECT DISTINCT patient FROM here WHERE kind IN ({_ORDERS})"  # noqa: S608
        )
        finish(target, lambda path: _copy(duck, path))
        counts = duck.execute(_COUNTED).fetchone()
    return ShardCounts(shard, *(int(one or 0) for one in counts))


def _copy(duck: Any, target: Path) -> None:
    duck.execute(
        "COPY (SELECT patient, kind, file, place, line FROM here SEMI JOIN ordered USING (patient)"  # noqa: S608
        f" ORDER BY patient, file, place) TO {literal(target)}"
        f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_TOGETHER})"
    )


_COUNTED = f"""
WITH own AS (SELECT kind, id, patient FROM here SEMI JOIN ordered USING (patient)),
     told AS (SELECT count(*) AS lines,
                     count(DISTINCT (kind, id, patient)) FILTER (id <> '') + count(*) FILTER (id = '') AS once
              FROM own)
SELECT (SELECT count(DISTINCT patient) FROM here),
       (SELECT count(*) FROM ordered),
       (SELECT count(*) FROM ordered ANTI JOIN (SELECT patient FROM own WHERE kind = 'Patient')
                        USING (patient)),
       (SELECT count(DISTINCT (kind, id, patient)) FILTER (id <> '') + count(*) FILTER (id = '')
        FROM own WHERE kind IN ({_ORDERS})),
       lines - once,
       lines
FROM told
"""  # noqa: S608 - nothing of it comes from outside
