"""The default engine: shards are decided in worker processes of this machine."""

import pickle
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from cds_service.replay.decide import Question, decider
from cds_service.replay.records import records_of
from cds_service.replay.rows import write_rows
from cds_service.replay.shards import shard_path
from cds_service.replay.workers import over


def decide_all(
    question: Question, shards: Iterable[int], folder: Path, results: Path, workers: int
) -> Iterator[int]:
    """Decide what has not been decided yet; tells the number of each shard that is done."""
    waiting = []
    for shard in shards:
        if result_path(results, shard).exists():
            yield shard
        else:
            waiting.append(shard)
    yield from over(partial(decide_shard, pickle.dumps(question), folder, results), waiting, workers)


def decide_shard(question: bytes, folder: Path, results: Path, shard: int) -> int:
    """Decide the orders of one shard, patient after patient, and write their rows."""
    decide = decider(question).decide
    rows = (row for record in records_of(shard_path(folder, shard)) for row in decide(record))
    write_rows(rows, result_path(results, shard))
    return shard


def result_path(results: Path, shard: int) -> Path:
    """Where the rows of a shard lie once it is decided."""
    return results / f"rows-{shard:04d}.parquet"
