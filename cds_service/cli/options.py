"""What several commands have in common: exit codes, and options that stand for settings."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

FAULTY = 1
UNREADABLE = 2

CodesOption: TypeAlias = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="The EHR's local-codes.yaml.")
]


def stated(**options: object) -> dict[str, str]:
    """The environment variables that stand for the options which were given."""
    return {f"LIVER_CDS_{name}": str(value) for name, value in options.items() if value is not None}
