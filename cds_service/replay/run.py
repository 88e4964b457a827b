"""One run from export to rows: the steps in order, what each leaves behind, and how a killed run goes on.

The output directory holds the results; its `work` directory what the steps hand to each other. Both hold
patient data and are made readable by their owner only.
"""

import hashlib
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata
from pathlib import Path
from shutil import rmtree
from typing import Any, Protocol

import orjson

import cards
import cds_service
from cds_service.errors import ReplayImpossible
from cds_service.replay import extras, local_engine, spark_engine
from cds_service.replay.decide import OpenDesk, Question
from cds_service.replay.inputs import (
    PIECE_BYTES,
    READ_TYPES,
    Export,
    InputFile,
    batches_of,
    find_export,
    sha256_of,
)
from cds_service.replay.results import collect
from cds_service.replay.shards import ShardCounts, buckets_of, gather, shards_for
from cds_service.replay.staging import PieceCounts, stage, write_whole
from cds_service.replay.workers import over

MANIFEST = "run.json"
ENGINES = ("local", "spark")
PACKAGES = ("duckdb", "pyarrow", "orjson", "google-re2", "pydantic")


class Progress(Protocol):
    """Whoever wants to be told how far a run is."""

    def step(self, name: str, total: int) -> None:
        """A step of so many parts begins."""

    def part(self) -> None:
        """One part of it is done."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. `settings`: everything that the answers depend on beside the content, as text."""

    export: Path
    out: Path
    open_desk: OpenDesk
    settings: Mapping[str, str]
    workers: int = 2
    engine: str = "local"
    open_other: OpenDesk | None = None
    piece_bytes: int = PIECE_BYTES


@dataclass(slots=True)
class Ran:
    """A run that has got to its rows. `pieces`: none where there was no export to read."""

    out: Path
    manifest: dict[str, Any]
    pieces: list[PieceCounts] = field(default_factory=list)
    shards: list[ShardCounts] = field(default_factory=list)


def run(plan: Plan, progress: Progress) -> Ran:
    """Run the plan, or go on with it where it was killed. Raises ReplayImpossible."""
    extras.load("duckdb")
    extras.load("pyarrow")
    export = find_export(plan.export, but_not=plan.out)
    work = prepared(plan.out)
    manifest = _manifest(plan, export, progress)
    _keep(work, manifest, plan.out)
    shards = range(manifest["shards"])
    pieces = _staged(plan, export, work, len(shards), progress)
    counts = _gathered(plan, work, shards, progress)
    exported = export.announced | {kind for piece in pieces for kind in piece.seen if kind in READ_TYPES}
    question = Question(plan.open_desk, frozenset(exported), plan.open_other)
    manifest["exported"] = sorted(exported)
    _decided(plan, question, work, shards, progress)
    collect(work / "results" / plan.engine, plan.out, work / "spill")
    write_whole(plan.out / MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    return Ran(plan.out, manifest, pieces, counts)


def clear(out: Path) -> None:
    """Forget what an earlier run left to go on with."""
    rmtree(out / "work", ignore_errors=True)


def code_hash() -> str:
    """Of our own source files: two versions of the code are two runs."""
    digest = hashlib.sha256()
    for package in (cards, cds_service):
        root = Path(str(package.__file__)).parent
        for path in sorted(root.rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def prepared(out: Path) -> Path:
    """The directory of results, for its owner only, with the folders of the steps. Gives their folder."""
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    work = out / "work"
    for folder in ("", "staged", "shards", "results", "spill"):
        (work / folder).mkdir(exist_ok=True, mode=0o700)
    return work


def _manifest(plan: Plan, export: Export, progress: Progress) -> dict[str, Any]:
    """What the run rests on. Equal manifests give equal results, whatever the engine and the machine."""
    progress.step("Hashing the export", len(export.files))
    hashes: dict[str, str] = {}
    for file, digest in over(_hashed, export.files, plan.workers):
        hashes[file.name] = digest
        progress.part()
    desk = plan.open_desk()
    other = plan.open_other().library.revision if plan.open_other else None
    return {
        "revision": desk.library.revision,
        "compared_with": other,
        **about_us(plan.settings),
        "taken_at": export.taken_at,
        "files": [
            {"number": f.number, "name": f.name, "bytes": f.size, "sha256": hashes[f.name]}
            for f in export.files
        ],
        "ignored_files": list(export.ignored),
        "missing_files": list(export.missing),
        "promised": dict(export.promised),
        "piece_bytes": plan.piece_bytes,
        "shards": shards_for(export.files),
    }


def about_us(settings: Mapping[str, str]) -> dict[str, Any]:
    """The part of a manifest that is the same whatever is replayed."""
    return {
        "version": metadata.version("liver-lesion-cds"),
        "code": code_hash(),
        "settings": dict(settings),
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
    }


def _hashed(file: InputFile) -> tuple[InputFile, str]:
    return file, sha256_of(file.path)


def _keep(work: Path, manifest: Mapping[str, Any], out: Path) -> None:
    """The directory belongs to one manifest: results of two never mix."""
    path, own = work / "manifest.json", orjson.dumps(manifest, option=orjson.OPT_INDENT_2)
    if not path.exists():
        write_whole(path, own)
        return
    before = orjson.loads(path.read_bytes())
    changed = [name for name in manifest if manifest[name] != before.get(name)]
    if changed:
        raise ReplayImpossible(
            f"{out} holds a run that differs in: {', '.join(changed)}."
            " Choose another --out, or start it anew with --fresh."
        )


def _staged(plan: Plan, export: Export, work: Path, shards: int, progress: Progress) -> list[PieceCounts]:
    batches = list(batches_of(export, plan.piece_bytes))
    one = partial(stage, shards=shards, folder=work / "staged")
    found = _each("Reading", over(one, batches, plan.workers), len(batches), progress)
    return sorted((counts for batch in found for counts in batch), key=lambda counts: counts.key)


def _gathered(plan: Plan, work: Path, shards: range, progress: Progress) -> list[ShardCounts]:
    one = partial(gather, staged=work / "staged", folder=work / "shards", spill=work / "spill")
    buckets = buckets_of(len(shards))
    found = _each("Sorting by patient", over(one, buckets, plan.workers), len(buckets), progress)
    return sorted((counts for bucket in found for counts in bucket), key=lambda counts: counts.shard)


def _decided(plan: Plan, question: Question, work: Path, shards: range, progress: Progress) -> None:
    folders = (work / "shards", work / "results" / plan.engine)
    folders[1].mkdir(exist_ok=True, mode=0o700)
    engine = spark_engine if plan.engine == "spark" else local_engine
    done = engine.decide_all(question, shards, *folders, plan.workers)
    for _ in _each("Deciding", done, len(shards), progress):
        pass


def _each(name: str, found: Iterable[Any], total: int, progress: Progress) -> Iterator[Any]:
    progress.step(name, total)
    for one in found:
        progress.part()
        yield one
