"""`python -m bench.check [--write]`: whether the hot path costs more than when the figures were committed.

Costs are CPU in process, as multiples of a task that is Python's own pace and parsing, so that they hold on
other machines; the least of many rounds counts, since a busy machine only ever adds. The bound is wide: this
finds the loop that became quadratic or a reader that is run twice, not a few per cent.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from uuid import uuid4

import orjson

from bench.bodies import Body, bodies
from bench.steps import NOW, fresh
from cds_service.app import build_desk
from cds_service.consult import Desk, consult
from cds_service.fhir.access.client import new_client
from cds_service.hooks import parse_request
from cds_service.settings import Settings

FIGURES: Final = Path(__file__).parent / "results" / "check.json"
BOUND: Final = 1.6  # times the committed figure
ROUNDS: Final = 12


def main() -> None:
    """Compare, or with `--write` commit to what is found now. Exit 1: something costs too much."""
    found = asyncio.run(_costs(bodies()))
    if "--write" in sys.argv[1:]:
        FIGURES.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return
    committed = json.loads(FIGURES.read_text(encoding="utf-8"))
    dearer = {name: cost for name, cost in found.items() if cost > BOUND * committed[name]}
    for name, cost in found.items():
        print(f"{name}: {cost:.1f}, committed {committed[name]:.1f}{' TOO MUCH' if name in dearer else ''}")
    if dearer:
        raise SystemExit(1)


async def _costs(kinds: tuple[Body, ...]) -> dict[str, float]:
    async with new_client(1.0) as http:
        desk = build_desk(Settings(), http)
        gc.collect()
        gc.disable()
        return {body.name: round(await _cost(desk, body.content), 2) for body in kinds}


async def _cost(desk: Desk, body: bytes) -> float:
    """CPU of a request as a multiple of the pace of this machine at this moment."""
    await _answer(desk, fresh(body))
    rounds = ROUNDS if len(body) < 1_000_000 else 3
    ours, paces = [], []
    for _ in range(rounds):
        asked = fresh(body)
        paces.append(_cpu(_pace))
        started = time.process_time()
        await _answer(desk, asked)
        ours.append(time.process_time() - started)
    return min(ours) / min(paces)


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
