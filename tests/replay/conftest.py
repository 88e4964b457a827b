"""One synthetic export and one run over it, shared by the tests that look at results."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cds_service.app import open_desk
from cds_service.consult import Desk
from cds_service.replay import extras
from cds_service.replay.finish import Finished, Wanted, finish
from cds_service.replay.run import Plan, Ran, run
from cds_service.settings import Settings
from tests.replay.synthetic.export import Shape, Written, write_export

PATIENTS = 90
SETTINGS = Settings(open_profile="spec")
OPEN = partial(open_desk, SETTINGS)
PIECE = 200_000  # bytes: small, so that files are read in several pieces


@dataclass
class Steps:
    """Progress that only counts."""

    steps: dict[str, int] = field(default_factory=dict)
    parts: int = 0

    def step(self, name: str, total: int) -> None:
        self.steps[name] = total

    def part(self) -> None:
        self.parts += 1


@dataclass(frozen=True)
class Replayed:
    """A finished run over a synthetic export."""

    export: Path
    written: Written
    ran: Ran
    finished: Finished

    @property
    def out(self) -> Path:
        return self.ran.out

    @property
    def rows(self) -> list[dict[str, Any]]:
        return read_rows(self.out)


def read_rows(out: Path) -> list[dict[str, Any]]:
    """Every row of a run."""
    parquet = extras.load("pyarrow.parquet")
    rows: list[dict[str, Any]] = parquet.read_table(out / "orders.parquet").to_pylist()
    return rows


def plan(export: Path, out: Path, **options: Any) -> Plan:
    """A plan in this process, with small pieces."""
    return Plan(export, out, OPEN, {"profile": "spec"}, **{"workers": 1, "piece_bytes": PIECE, **options})


def bytes_of(out: Path) -> dict[str, bytes]:
    """What two equal runs have in common."""
    names = ("orders.csv", "orders.parquet", "report.html", "numbers.json", "run.json", "unreadable.csv")
    return {name: (out / name).read_bytes() for name in names}


@pytest.fixture(scope="session")
def desk() -> Desk:
    return OPEN()


@pytest.fixture(scope="session")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Written]:
    folder = tmp_path_factory.mktemp("export")
    shape = Shape(lines=400, packed=0.4, noise=8, mess=0.01, twice=0.03)
    return folder, write_export(folder, PATIENTS, seed=2, shape=shape)


@pytest.fixture(scope="session")
def replayed(
    synthetic: tuple[Path, Written], desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> Replayed:
    export, written = synthetic
    ran = run(plan(export, tmp_path_factory.mktemp("run") / "out"), Steps())
    return Replayed(export, written, ran, finish(ran, desk, Wanted(sample=24, blind=True)))
