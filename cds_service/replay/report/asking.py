"""The rows of a run, to be asked in SQL (DuckDB)."""

from pathlib import Path
from typing import Any, TypeAlias

from cds_service.replay.results import PARQUET
from cds_service.replay.shards import connect, rows_in

Table: TypeAlias = list[dict[str, Any]]

_OUTCOME = """CASE WHEN verdict = 'rated' THEN replace(rating, '-disagreement', '') ELSE verdict END"""
_VIEW = f"""
CREATE VIEW orders AS
SELECT *, {_OUTCOME} AS outcome, left(day, 7) AS month,
       verdict NOT IN ('', 'not-applicable', 'unreadable') AS in_scope
FROM {{}}
"""  # noqa: S608 - nothing of it comes from outside


class Rows:
    """The rows of a run, to be asked in SQL."""

    def __init__(self, out: Path, spill: Path) -> None:
        self._duck = connect(spill, "768MB")
        self._duck.execute(_VIEW.format(rows_in(out, PARQUET)))

    def __enter__(self) -> "Rows":
        return self

    def __exit__(self, *_: object) -> None:
        self._duck.close()

    def table(self, sql: str, *values: object) -> Table:
        """Every row of the answer, by column name."""
        found = self._duck.execute(sql, list(values))
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def one(self, sql: str, *values: object) -> dict[str, Any]:
        """The answer of a query that has one row."""
        return self.table(sql, *values)[0]
