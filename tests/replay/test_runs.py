"""Runs that are killed, spread over processes, or made by Spark give the same bytes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cds_service.consult import Desk
from cds_service.errors import ReplayImpossible
from cds_service.replay.finish import Wanted, finish
from cds_service.replay.run import clear, run
from tests.replay.conftest import Replayed, Steps, bytes_of, plan
from tests.replay.synthetic.export import Shape, write_export

WANTED = Wanted(sample=24, blind=True)


def _again(replayed: Replayed, out: Path, desk: Desk, **options: Any) -> dict[str, bytes]:
    finish(run(plan(replayed.export, out, **options), Steps()), desk, WANTED)
    return bytes_of(out)


def test_worker_processes_give_the_same_report(replayed: Replayed, desk: Desk, tmp_path: Path) -> None:
    assert _again(replayed, tmp_path / "out", desk, workers=2) == bytes_of(replayed.out)


def test_spark_gives_the_same_report_and_is_run_once(replayed: Replayed, desk: Desk, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert _again(replayed, out, desk, engine="spark") == bytes_of(replayed.out)
    results = sorted((out / "work" / "results").rglob("*.parquet"))
    written = [path.stat().st_mtime_ns for path in results]
    assert _again(replayed, out, desk, engine="spark") == bytes_of(replayed.out)
    assert [path.stat().st_mtime_ns for path in results] == written


def _program(export: Path, out: Path) -> list[str]:
    program = str(Path(sys.executable).with_name("liver-cds"))
    return [program, "replay", str(export), "--out", str(out), "--workers", "2", "--sample", "5"]


def _wait_for(pattern: str, folder: Path, process: "subprocess.Popen[bytes]") -> bool:
    while process.poll() is None:
        if any(folder.glob(pattern)):
            return True
        time.sleep(0.02)
    return False


def test_a_run_that_is_killed_again_and_again_goes_on_to_the_same_report(tmp_path: Path) -> None:
    export, whole, killed = tmp_path / "export", tmp_path / "whole", tmp_path / "killed"
    write_export(export, 24, seed=11, shape=Shape(lines=100, noise=5))
    subprocess.run(_program(export, whole), check=True, capture_output=True)
    for pattern in ("work/staged/*.json", "work/shards/*.json", "work/results/local/*.parquet"):
        command, nowhere = _program(export, killed), subprocess.DEVNULL
        with subprocess.Popen(command, stdout=nowhere, stderr=nowhere, start_new_session=True) as process:
            assert _wait_for(pattern, killed, process)
            os.killpg(process.pid, signal.SIGKILL)
        assert not (killed / "report.html").exists()
    ran = subprocess.run(_program(export, killed), check=True, capture_output=True, text=True)
    assert "report:" in ran.stdout
    assert bytes_of(killed) == bytes_of(whole)


def test_ctrl_c_ends_everything_with_one_message(tmp_path: Path) -> None:
    export, out = tmp_path / "export", tmp_path / "out"
    write_export(export, 24, seed=11, shape=Shape(lines=100, noise=5))
    command = _program(export, out)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    ) as process:
        assert _wait_for("work/results/local/*.parquet", out, process)
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=60)[0].decode()
    assert process.returncode == 130
    assert "Interrupted. What was done is kept" in said
    assert "Traceback" not in said


def test_workers_end_with_a_run_that_is_killed(tmp_path: Path) -> None:
    """They hold the pipe that the run wrote to: it closes when the last of them has ended."""
    export, out = tmp_path / "export", tmp_path / "out"
    write_export(export, 24, seed=11, shape=Shape(lines=100, noise=5))
    with subprocess.Popen(
        _program(export, out), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    ) as process:
        assert _wait_for("work/shards/*.json", out, process)
        process.kill()
        process.communicate(timeout=60)
    assert not (out / "report.html").exists()


def test_what_was_done_is_not_done_again(replayed: Replayed, desk: Desk, tmp_path: Path) -> None:
    out = tmp_path / "out"
    finish(run(plan(replayed.export, out), Steps()), desk, WANTED)
    kept = next((out / "work" / "results" / "local").glob("*.parquet"))
    lost = sorted((out / "work" / "results" / "local").glob("*.parquet"))[-1]
    before = kept.stat().st_mtime_ns
    lost.unlink()
    finish(run(plan(replayed.export, out), Steps()), desk, WANTED)
    assert lost.exists()
    assert kept.stat().st_mtime_ns == before
    assert bytes_of(out) == bytes_of(replayed.out)


def test_results_of_two_exports_do_not_mix(replayed: Replayed, tmp_path: Path) -> None:
    other = tmp_path / "export"
    other.mkdir()
    (other / "Patient.ndjson").write_bytes(b'{"resourceType":"Patient","id":"p1"}\n')
    out = tmp_path / "out"
    run(plan(other, out), Steps())
    with pytest.raises(ReplayImpossible, match="files"):
        run(plan(replayed.export, out), Steps())
    clear(out)
    assert run(plan(other, out), Steps()).shards


def test_progress_is_told(replayed: Replayed, tmp_path: Path) -> None:
    steps = Steps()
    run(plan(replayed.export, tmp_path / "out"), steps)
    assert list(steps.steps) == ["Hashing the export", "Reading", "Sorting by patient", "Deciding"]
    assert steps.parts == sum(steps.steps.values())


def test_the_manifest_says_what_it_rests_on(replayed: Replayed, desk: Desk) -> None:
    manifest = replayed.ran.manifest
    assert manifest["revision"] == desk.library.revision
    assert {len(file["sha256"]) for file in manifest["files"]} == {64}
    assert len(manifest["files"]) == len(list(replayed.export.glob("*ndjson*")))
    assert set(manifest["packages"]) >= {"duckdb", "pyarrow"}
