"""The options of `liver-cds replay`, with their help."""

from pathlib import Path
from typing import Annotated

import typer

ExportArgument = Annotated[Path | None, typer.Argument(metavar="DIR", help="A Bulk FHIR export (NDJSON).")]
OutOption = Annotated[Path, typer.Option(help="Where results go, and what a killed run goes on from.")]
WorkersOption = Annotated[int | None, typer.Option(min=1, help="Processes; default: one per core.")]
EngineOption = Annotated[str, typer.Option(help="local, or spark for a cluster.")]
CompareOption = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="Other content: what would change?"),
]
SampleOption = Annotated[int, typer.Option(min=0, help="Draw so many orders for chart review.")]
BlindOption = Annotated[bool, typer.Option("--blind", help="The answer sheet does not tell our answer.")]
SeedOption = Annotated[int, typer.Option(help="Of the sample: the same seed draws the same orders.")]
ReviewedOption = Annotated[
    list[Path] | None,
    typer.Option(exists=True, dir_okay=False, help="A filled in answer sheet; may be repeated."),
]
SmallestOption = Annotated[int, typer.Option(min=1, help="Smallest count that the equity table shows.")]
SilentOption = Annotated[
    bool, typer.Option("--silent", help="Not an export: consultations of a silent phase, from the store.")
]
FreshOption = Annotated[bool, typer.Option("--fresh", help="Start anew where another run had begun.")]
