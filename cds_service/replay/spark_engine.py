"""The same decisions on an Apache Spark cluster: shards in, rows out, the same as the local engine's.

Patients are grouped by Spark and decided by the very function the local engine calls. Executors need this
package and its dependencies, and the shards on a file system that they share with the driver.
"""

import os
import pickle
import sys
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from pathlib import Path
from shutil import rmtree
from typing import Any

from cds_service.replay import extras
from cds_service.replay.decide import Question, decider
from cds_service.replay.records import record
from cds_service.replay.rows import COLUMNS, spark_schema
from cds_service.replay.shards import shard_path

RESULT = "rows"
DONE = "_SUCCESS"  # written by Spark when all of the rows are there


def decide_all(
    question: Question, shards: Iterable[int], folder: Path, results: Path, workers: int
) -> Iterator[int]:
    """Decide all shards in one Spark job; tells their numbers when it is done.

    The cluster is the one that spark-submit names, else this machine with so many workers.
    """
    numbers = list(shards)
    target = results / RESULT
    if not (target / DONE).exists():
        rmtree(target, ignore_errors=True)
        paths = [str(path.absolute()) for shard in numbers if (path := shard_path(folder, shard)).exists()]
        _run(question, paths, target, workers)
    yield from numbers


def _run(question: Question, paths: list[str], target: Path, workers: int) -> None:
    session, started_here = _session(workers)
    try:
        if not paths:
            session.createDataFrame([], spark_schema()).write.parquet(str(target.absolute()))
            return
        asked = pickle.dumps(question)
        patients = session.read.parquet(*paths).groupBy("patient")
        # A lambda: Spark takes type hints for statements about data frames, and warns of ours.
        decided = patients.applyInPandas(lambda lines: decide_group(asked, lines), spark_schema())
        decided.write.parquet(str(target.absolute()))
    finally:
        if started_here:
            session.stop()


def decide_group(question: bytes, lines: Any) -> Any:
    """One patient's rows. `lines`: a data frame with the shard's columns."""
    pandas = extras.load("pandas")
    places = zip(lines["file"], lines["place"], map(bytes, lines["line"]), strict=True)
    found = record(str(lines["patient"].iloc[0]), ((int(file), int(at), line) for file, at, line in places))
    rows = [astuple(row) for row in decider(question).decide(found)]
    return pandas.DataFrame(rows, columns=list(COLUMNS), dtype=object)


def _session(workers: int) -> tuple[Any, bool]:
    """A Spark session, and whether it was started here (then it is stopped here too)."""
    extras.load("pandas")
    spark = extras.load("pyspark.sql").SparkSession
    running = spark.getActiveSession()
    if running is not None:
        return running, False
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    submitted = extras.load("pyspark").SparkConf().get("spark.master", "")
    settings = {"spark.ui.showConsoleProgress": "false"} | ({} if submitted else _local(workers))
    builder = spark.builder.appName("liver-cds replay")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session, True


def _local(workers: int) -> dict[str, str]:
    """Without spark-submit: this machine alone, and nothing that listens beyond it."""
    return {
        "spark.master": f"local[{workers}]",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": str(4 * workers),
    }
