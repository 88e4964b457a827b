"""`python -m tests.replay.synthetic OUT --patients N`: OUT/export, and OUT/known.ndjson with the answers."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import typer

from tests.replay.synthetic.export import Shape, write_export


def main(
    out: Path,
    patients: int = 1000,
    seed: int = 1,
    noise: Annotated[int, typer.Option(help="Resources per patient that no answer hangs on.")] = 8,
    lines: Annotated[int, typer.Option(help="Of one file at most.")] = 200_000,
    packed: Annotated[float, typer.Option(help="Share of gzipped files.")] = 0.5,
) -> None:
    """Write a synthetic export with known answers."""
    written = write_export(out / "export", patients, seed, Shape(lines=lines, packed=packed, noise=noise))
    with (out / "known.ndjson").open("wb") as answers:
        for known in written.known:
            answers.write(orjson.dumps(asdict(known)) + b"\n")
    total = sum(written.resources.values())
    typer.echo(f"{patients} patients, {total} resources, {len(written.bad)} bad lines")


if __name__ == "__main__":
    typer.run(main)
