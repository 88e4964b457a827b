"""The result: one row for each imaging or biopsy order, all plain values. Written as Parquet and as CSV.

`;` joins lists. Empty text = nothing to say; null = does not apply. Dates are ISO text.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from cds_service.replay import extras
from cds_service.replay.staging import finish


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One order. Holds ids of patients and orders: as confidential as the export itself."""

    order: str  # ServiceRequest/x
    patient: str
    file: int  # number of the input file, see run.json
    place: int  # where the order begins in it, in unpacked bytes
    status: str  # "decided", or why the order was not
    kind: str  # imaging, biopsy
    authored_on: str
    day: str = ""
    requester: str = ""
    code: str = ""  # system|code of the order's first coding
    title: str = ""
    mapped: bool = False  # the catalogue knows the study
    procedures: str = ""
    indication: str = ""
    verdict: str = ""
    variants: str = ""
    rating: str = ""
    medians: str = ""
    asks: str = ""
    cautions: str = ""
    cards: int = 0
    indicator: str = ""
    suggested: str = ""  # the studies offered in one click, best first
    known: int = 0  # chart resources as of the order
    later: int = 0  # what came after it
    doubtful: int = 0  # of `known`: perhaps not there yet
    later_changes: str = ""  # what of the answer is another with what came later: verdict, rating, cards, …
    later_verdict: str = ""
    later_rating: str = ""
    doubtful_changes: str = ""  # the same, without what is doubtful
    done: str = ""
    done_on: str = ""
    done_how: str = ""
    agreement: str = ""
    sex: str = ""
    age_band: str = ""
    race: str = ""
    ethnicity: str = ""
    language: str = ""
    other_verdict: str = ""  # with the content of --compare
    other_variants: str = ""
    other_rating: str = ""
    other_asks: str = ""
    other_cards: int | None = None
    other_changes: str | None = None


COLUMNS = tuple(one.name for one in fields(Row))
_ARROW = {"str": "string", "int": "int64", "bool": "bool_", "int | None": "int64", "str | None": "string"}
_SPARK = {"str": "string", "int": "long", "bool": "boolean", "int | None": "long", "str | None": "string"}


def arrow_schema() -> Any:
    """The columns for pyarrow."""
    arrow = extras.load("pyarrow")
    return arrow.schema([(one.name, getattr(arrow, _ARROW[_type(one.type)])()) for one in fields(Row)])


def spark_schema() -> str:
    """The columns for Spark, as DDL."""
    return ", ".join(f"`{one.name}` {_SPARK[_type(one.type)]}" for one in fields(Row))


def write_rows(rows: Iterable[Row], path: Path) -> None:
    """Rows of one shard."""
    arrow, parquet = extras.load("pyarrow"), extras.load("pyarrow.parquet")
    schema = arrow_schema()
    columns = zip(*map(astuple, rows), strict=True)
    arrays = [arrow.array(c, type=f.type) for c, f in zip(columns, schema, strict=False)]
    table = arrow.Table.from_arrays(arrays, schema=schema) if arrays else schema.empty_table()
    finish(path, lambda target: parquet.write_table(table, target, compression="zstd"))


def _type(annotation: object) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
