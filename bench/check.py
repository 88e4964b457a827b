"""`python -m bench.check [--write]`: whether the hot path costs more than when the figures were committed.

Costs are CPU in process, as multiples of a task that is Python's own pace and parsing, so that they hold on
other machines; the least of many rounds counts, since a busy machine only ever adds, and what looks dear is
measured again. The bound is wide: this finds the loop that became quadratic or a reader that is run twice,
not a few per cent.
"""

import asyncio
import gc
import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from uuid import uuid4

import orjson

from bench.bodies import bodies
from bench.steps import NOW, fresh
from cds_service.app import build_desk
from cds_service.consult import Desk, consult
from cds_service.fhir.access.client import new_client
from cds_service.hooks import parse_request
from cds_service.settings import Settings

FIGURES: Final = Path(__file__).parent / "results" / "check.json"
BOUND: Final = 1.6  # times the committed figure
ROUNDS: Final = 6
MOST_ROUNDS: Final = 24
MEASURED: Final = 4  # of the bodies: without tokens, and without what is sent only for show


def main() -> None:
    """Compare, or with `--write` commit to what is found now. Exit 1: something costs too much."""
    if "--write" in sys.argv[1:]:
        found = asyncio.run(_costs({}))
        FIGURES.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return
    committed = json.loads(FIGURES.read_text(encoding="utf-8"))
    found = asyncio.run(_costs(committed))
    dearer = _dearer(found, committed)
    for name, cost in found.items():
        verdict = " TOO MUCH" if name in dearer else ""
        print(f"{name}: {cost:.1f}, committed {committed.get(name, math.nan):.1f}{verdict}")
    if dearer:
        raise SystemExit(1)


def _dearer(found: dict[str, float], committed: dict[str, float]) -> list[str]:
    return [name for name, cost in found.items() if cost > BOUND * committed.get(name, cost)]


async def _costs(committed: dict[str, float]) -> dict[str, float]:
    """CPU of each request as a multiple of this machine's pace: the least of the rounds."""
    least: dict[str, float] = {}
    pace = _cpu(_pace)
    async with new_client(1.0) as http:
        desk = build_desk(Settings(), http)
        gc.collect()
        gc.disable()
        for body in bodies()[:MEASURED]:
            await _answer(desk, body.content)
        for done in range(MOST_ROUNDS):
            for body in bodies()[:MEASURED]:
                for mode, sent in (("fresh", fresh(body.content)), ("again", body.content)):
                    pace = min(pace, _cpu(_pace))
                    started = time.process_time()
                    await _answer(desk, sent)
                    name, cost = f"{body.name}, {mode}", time.process_time() - started
                    least[name] = min(least.get(name, cost), cost)
            gc.collect()
            found = {name: round(cost / pace, 2) for name, cost in least.items()}
            if done + 1 >= ROUNDS and not _dearer(found, committed) and committed:
                break
    return found


async def _answer(desk: Desk, body: bytes) -> None:
    answered = await consult(parse_request(body), desk, NOW, lambda: str(uuid4()))
    orjson.dumps(answered.response)


def _cpu(task: Callable[[], object]) -> float:
    started = time.process_time()
    task()
    return time.process_time() - started


def _pace() -> int:
    """About a millisecond of the kind of work that a request is: dicts, strings, calls."""
    held = [
        {"resourceType": "Condition", "id": str(number), "code": {"text": "x" * 20}} for number in range(500)
    ]
    texts = [one["code"]["text"].upper().split() for one in orjson.loads(orjson.dumps(held))]
    return sum(len(each) for each in sorted(texts))


if __name__ == "__main__":
    main()
