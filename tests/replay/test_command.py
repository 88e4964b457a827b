"""`liver-cds replay` as a program, and what it says when it cannot."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from cds_service.errors import ReplayImpossible
from cds_service.replay import extras
from cds_service.replay.claim import claimed, said_in_words
from cds_service.replay.workers import over
from tests.program import Run
from tests.replay.synthetic.export import Shape, write_export

pytestmark = pytest.mark.usefixtures("plain_environment")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    write_export(tmp_path / "export", 6, seed=4, shape=Shape(noise=2))
    return tmp_path / "export"


def test_a_run_says_what_it_found_and_where_it_lies(run: Run, export: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ("--workers", "1", "--sample", "4", "--blind")
    code, said, progress = run("replay", export, "--out", out, *options)
    assert code == 0
    assert "12 imaging and biopsy orders" in said
    assert f"report: {out / 'report.html'}" in said
    assert f"sample: {out / 'sample'}" in said
    assert "Deciding" in progress
    assert {"orders.csv", "orders.parquet", "report.html", "run.json"} <= {
        path.name for path in out.iterdir()
    }


def test_no_patient_is_named_on_the_terminal(run: Run, export: Path, tmp_path: Path) -> None:
    _, said, progress = run("replay", export, "--out", tmp_path / "out", "--workers", "1")
    rows = (tmp_path / "out" / "orders.csv").read_text(encoding="utf-8").splitlines()[1:]
    names = {name for row in rows for name in row.split(",")[:2]}
    assert not [name for name in names if name in said + progress]


def test_the_settings_go_into_the_manifest(run: Run, export: Path, tmp_path: Path) -> None:
    codes = tmp_path / "local-codes.yaml"
    codes.write_text(
        'codes: [{system: "urn:oid:1.2.840.114350.1.13.7.2.696580", code: "IMG4711", means: us-abdomen}]',
        encoding="utf-8",
    )

    def settings(*options: str | Path) -> Mapping[str, Any]:
        out = tmp_path / "-".join(["out", *(str(one).strip("-")[-3:] for one in options)])
        assert run("replay", export, "--out", out, "--workers", "1", *options)[0] == 0
        found: Mapping[str, Any] = json.loads((out / "run.json").read_bytes())["settings"]
        return found

    plain, mapped = settings(), settings("--codes", codes, "--profile", "epic")
    assert (plain["profile"], plain["local_codes"]) == ("spec", "none")
    assert mapped["profile"] == "epic"
    assert len(mapped["local_codes"]) == 16


def test_other_content_is_compared(run: Run, export: Path, tmp_path: Path) -> None:
    guidelines = Path(__file__).parents[2] / "cds_service" / "guidelines"
    code, _, _ = run("replay", export, "--out", tmp_path / "out", "--workers", "1", "--compare", guidelines)
    assert code == 0
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "What other content would change" in page
    assert "0 of " in page


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("no-such-directory",), 1, "no such directory"),
        ((".", "--engine", "abacus"), 2, "local, spark"),
        ((".", "--workers", "0"), 2, "--workers"),
        ((".", "--profile", "other"), 1, "OPEN_PROFILE"),
    ],
)
def test_what_cannot_be_run_is_said(
    run: Run, tmp_path: Path, options: Sequence[str], code: int, words: str
) -> None:
    found, _, said = run("replay", *options, "--out", tmp_path / "out")
    assert found == code
    assert words in said
    assert "Traceback" not in said


def test_results_may_lie_in_the_export_under_any_name(run: Run, export: Path) -> None:
    for _ in range(2):
        assert run("replay", export, "--out", export / "o'er [2025] *?", "--workers", "1")[0] == 0


def test_one_run_at_a_time(run: Run, export: Path, tmp_path: Path) -> None:
    with claimed(tmp_path / "out"):
        code, _, said = run("replay", export, "--out", tmp_path / "out", "--fresh")
    assert code == 1
    assert "another run works in there" in said


def test_what_a_killed_run_left_half_written_is_swept_away(tmp_path: Path) -> None:
    for name in ("run.json.7.unfinished", "work/staged/x.parquet.7.unfinished", "work/staged/x.parquet"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    with claimed(tmp_path):
        assert [path.name for path in tmp_path.rglob("*.*") if path.name != ".lock"] == ["x.parquet"]


@pytest.mark.parametrize("out", ["file", "file/below"])
def test_a_directory_that_cannot_be_made_is_said(run: Run, export: Path, tmp_path: Path, out: str) -> None:
    (tmp_path / "file").touch()
    code, _, said = run("replay", export, "--out", tmp_path / out)
    assert code == 1
    assert said.startswith(str(tmp_path / "file"))
    assert "Traceback" not in said


def _raises(error: Exception) -> str:
    with pytest.raises(ReplayImpossible) as raised, said_in_words():
        raise error
    return str(raised.value)


def test_what_ends_a_run_is_said_in_words() -> None:
    assert _raises(OSError(errno.ENOSPC, "No space left", "x")).startswith("The disk is full. What was done")
    assert _raises(PermissionError(errno.EACCES, "Permission denied", "a/b")).startswith(
        "a/b: Permission den"
    )
    duckdb = extras.load("duckdb")
    assert _raises(duckdb.OutOfMemoryException("could not spill\nmore")).startswith("could not spill What")
    with pytest.raises(KeyError), said_in_words():
        raise KeyError


def test_a_fresh_start_forgets_another_run(run: Run, export: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("replay", export, "--out", out, "--workers", "1")[0] == 0
    (export / "Patient.999.ndjson").write_bytes(b'{"resourceType":"Patient","id":"new"}\n')
    code, _, said = run("replay", export, "--out", out, "--workers", "1")
    assert code == 1
    assert "--fresh" in said
    assert run("replay", export, "--out", out, "--workers", "1", "--fresh")[0] == 0


@pytest.mark.parametrize(
    ("name", "extra"), [("duckdb", "replay"), ("pyspark.sql", "spark"), ("pyarrow", "replay")]
)
def test_a_missing_package_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, name: str, extra: str
) -> None:
    package = name.partition(".")[0]
    for loaded in [one for one in sys.modules if one.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, loaded)

    class Missing:
        @staticmethod
        def find_spec(wanted: str, *_: object) -> None:
            if wanted.partition(".")[0] == package:
                raise ModuleNotFoundError(f"No module named {wanted!r}", name=wanted)

    monkeypatch.setattr(sys, "meta_path", [Missing, *sys.meta_path])
    with pytest.raises(ReplayImpossible, match=rf"{package}.*liver-lesion-cds\[{extra}\]"):
        extras.load(name)


def test_nobody_else_waits_for_what_only_replay_needs() -> None:
    script = "import sys, cds_service.cli; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    ran = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert "cds_service" in ran.stdout.split()
    assert not set(extras.EXTRAS) & set(ran.stdout.split())


def test_a_fault_inside_a_package_is_not_called_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pandas").mkdir()
    (tmp_path / "pandas" / "__init__.py").write_text("import no_such_module_at_all", encoding="utf-8")
    for loaded in [one for one in sys.modules if one.partition(".")[0] == "pandas"]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_module_at_all"):
        extras.load("pandas")


def _die(number: int) -> int:
    if number == 3:
        os._exit(1)
    return number


def test_a_worker_that_ends_is_said() -> None:
    with pytest.raises(ReplayImpossible, match="Run the same command again"):
        list(over(_die, range(6), 2))


def test_work_is_handed_out_as_it_is_taken() -> None:
    handed = 0

    def inputs() -> Any:
        nonlocal handed
        for number in range(40):
            handed += 1
            yield number

    results = over(abs, inputs(), 2)
    first = next(results)
    assert handed < 12
    assert sorted([first, *results]) == list(range(40))
