"""The rows of all shards as one Parquet and one CSV file, in a fixed order: equal runs, equal bytes."""

from pathlib import Path
from typing import Any

from cds_service.replay import extras
from cds_service.replay.rows import COLUMNS, arrow_schema
from cds_service.replay.shards import connect, literal, rows_in
from cds_service.replay.staging import finish

PARQUET, CSV = "orders.parquet", "orders.csv"
MEMORY_LIMIT = "1GB"
ROWS_TOGETHER = 8192  # a row group


def collect(results: Path, out: Path, spill: Path) -> None:
    """Write both files into `out` from every row file under `results`."""
    columns = ", ".join(f'"{name}"' for name in COLUMNS)
    rows = rows_in(results, "**/*.parquet")
    ordered = f"SELECT {columns} FROM {rows} ORDER BY day, file, place"  # noqa: S608 - our own names and paths
    with connect(spill, MEMORY_LIMIT) as duck:
        finish(out / PARQUET, lambda target: _write(duck.execute(ordered), target))
        written = f"SELECT * FROM {rows_in(out, PARQUET)}"  # noqa: S608
        copy = f"COPY ({written}) TO {{}} (FORMAT csv, HEADER)"
        finish(out / CSV, lambda target: duck.execute(copy.format(literal(target))))


def _write(found: Any, target: Path) -> None:
    """By pyarrow and not by DuckDB, whose choice of encodings depends on the files that it reads from."""
    arrow, parquet = extras.load("pyarrow"), extras.load("pyarrow.parquet")
    schema = arrow_schema()
    with parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        while rows := found.fetchmany(ROWS_TOGETHER):
            columns = zip(zip(*rows, strict=True), schema, strict=True)
            arrays = [arrow.array(column, type=one.type) for column, one in columns]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))
