"""What a replay costs: `python -m bench.replay [--patients N]`. In CPU seconds: a busy machine is no fault.

Each step on a synthetic export, then the decision beside its floor: `consult` called in a loop on charts that
lie ready in memory. The ratio of the two is what reading, sharding by patient and looking as of a day cost.
"""

import asyncio
import pickle
import resource
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from functools import partial
from pathlib import Path
from typing import Any

import typer

from cds_service.app import open_desk
from cds_service.consult import Desk, consult
from cds_service.consultation import Consultation
from cds_service.hooks import HookRequest
from cds_service.replay.decide import Decider, Question, prefetch_of
from cds_service.replay.inputs import CHART_TYPES, batches_of, find_export
from cds_service.replay.local_engine import decide_shard
from cds_service.replay.past_orders import requester
from cds_service.replay.records import records_of
from cds_service.replay.shards import buckets_of, gather, shard_path, shards_for
from cds_service.replay.staging import stage
from cds_service.settings import Settings
from tests.replay.synthetic.export import Shape, write_export

OPEN = partial(open_desk, Settings(open_profile="spec"))


class Recording(Decider):
    """Keeps every request that it puts, with its day."""

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.asked: list[tuple[HookRequest, datetime]] = []

    def _consulted(
        self, desk: Desk, draft: Any, patient: str, chart: Iterable[Any], day: date
    ) -> Consultation:
        resources = list(chart)
        context = {"draftOrders": {"resourceType": "Bundle", "entry": [{"resource": draft}]}}
        prefetch = prefetch_of(resources, self.exported)
        request = HookRequest(
            "order-sign", "bench", requester(draft) or "x", patient, context, at_hand=prefetch
        )
        self.asked.append((request, datetime.combine(day, time_of_day(12), UTC)))
        return super()._consulted(desk, draft, patient, resources, day)


def main(patients: int = 1000, noise: int = 56, seed: int = 7) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written = write_export(folder / "export", patients, seed, Shape(packed=0.3, noise=noise))
        size = sum(path.stat().st_size for path in (folder / "export").iterdir())
        orders = sum(known.row for known in written.known)
        typer.echo(
            f"{patients} patients, {orders} imaging orders, {sum(written.resources.values())} resources,"
        )
        typer.echo(f"{size / 1e6:.0f} MB as exported")
        _steps(folder, orders)
    typer.echo(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _steps(folder: Path, orders: int) -> None:
    for name in ("staged", "shards", "results", "spill"):
        (folder / name).mkdir()
    export = find_export(folder / "export")
    shards = range(shards_for(export.files))

    def read() -> None:
        for batch in batches_of(export):
            stage(batch, len(shards), folder / "staged")

    def sort() -> None:
        for bucket in buckets_of(len(shards)):
            gather(bucket, folder / "staged", folder / "shards", folder / "spill")

    question = Question(OPEN, CHART_TYPES)
    pickled = pickle.dumps(question)
    decide_shard(pickled, folder / "shards", folder / "results", shards[0])  # of nothing yet: opens the desk

    def decide() -> None:
        for shard in shards:
            decide_shard(pickled, folder / "shards", folder / "results", shard)

    for title, step in (("read", read), ("sort by patient", sort), ("decide", decide)):
        _tell(title, _cpu(step), orders)
    _beside_a_loop(question, folder, shards)


def _beside_a_loop(question: Question, folder: Path, shards: range) -> None:
    recording = Recording(question)
    for shard in shards:
        for record in records_of(shard_path(folder / "shards", shard)):
            recording.decide(record)
    pickled = pickle.dumps(question)

    def loop() -> None:
        with asyncio.Runner() as runner:
            for request, now in recording.asked:
                runner.run(consult(request, recording.desk, now, lambda: "x"))

    def replay() -> None:
        for shard in shards:
            decide_shard(pickled, folder / "shards", folder / "results", shard)

    pairs = [(_cpu(loop), _cpu(replay)) for _ in range(3)]
    floor, own = (min(times) for times in zip(*pairs, strict=True))
    count = len(recording.asked)
    typer.echo(f"{count} consultations: {1e3 * floor / count:.2f} ms each in a loop over charts in memory,")
    typer.echo(f"{1e3 * own / count:.2f} ms each in the replay: {own / floor:.2f} times the loop")
    recording.close()


def _tell(title: str, seconds: float, orders: int) -> None:
    hours = seconds / orders * 1e6 / 3600
    typer.echo(f"{title:<16} {seconds:8.2f} s CPU  {1e3 * seconds / orders:8.3f} ms an order")
    typer.echo(f"{'':<16} {hours:8.2f} core hours for a million orders")


def _cpu(step: Callable[[], object]) -> float:
    before = time.process_time()
    step()
    return time.process_time() - before


if __name__ == "__main__":
    typer.run(main)
