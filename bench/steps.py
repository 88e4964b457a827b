"""In-process: what each step of one request costs, in microseconds of CPU."""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from statistics import median
from typing import Any, Final
from uuid import uuid4

import orjson

from bench.charts import MARK, TODAY
from cds_service.app import build_desk
from cds_service.consult import Desk, consult
from cds_service.fhir.access.client import new_client
from cds_service.fhir.access.opened import open_all
from cds_service.fhir.access.prefetch import read_prefetch
from cds_service.fhir.access.whose import foreign_resource
from cds_service.fhir.chart_reader import read_chart
from cds_service.fhir.datatypes.references import owner
from cds_service.fhir.evidence import sort_out
from cds_service.fhir.facts.problems import read_problems
from cds_service.fhir.facts.studies import read_studies
from cds_service.fhir.facts.told import read_told
from cds_service.fhir.orders import draft_orders
from cds_service.fhir.reasons import finder, read_reasons
from cds_service.hooks import parse_request
from cds_service.settings import Settings

NOW: Final = datetime(TODAY.year, TODAY.month, TODAY.day, 9, tzinfo=UTC)
ROUNDS: Final = 15
_numbers = count(int(MARK) * 2)


def of(body: bytes, rounds: int = ROUNDS) -> dict[str, float]:
    """Medians by step. The parts of the chart are told apart as well, indented under it."""
    return asyncio.run(_of(body, rounds))


async def _of(body: bytes, rounds: int) -> dict[str, float]:
    http = new_client(1.0)
    async with http:
        desk = build_desk(Settings(), http)
        gc.collect()
        gc.freeze()
        for _ in range(3):
            await _whole(desk, fresh(body))
        gc.disable()  # serving looks for cycles so seldom that no one request pays for it
        each = [dict(_steps(desk, fresh(body))) for _ in range(rounds)]
        parts = [dict(_parts(desk, fresh(body))) for _ in range(rounds)]
        whole = [await _whole(desk, fresh(body)) for _ in range(rounds)]
        gc.enable()
        gc.unfreeze()
    found, apart = _medians(each), _medians(parts)
    total = median(whole)
    rest = max(total - sum(found.values()), 0.0)
    return {**found, **(apart if "chart" in found else {}), "assess, advise, compose": rest, "all": total}


def _medians(each: list[dict[str, float]]) -> dict[str, float]:
    return {name: median(one[name] for one in each) for name in each[0]}


def fresh(body: bytes) -> bytes:
    """The request as of another patient."""
    return body.replace(MARK.encode(), str(next(_numbers)).encode())


async def _whole(desk: Desk, body: bytes) -> float:
    started = time.process_time()
    answered = await consult(parse_request(body), desk, NOW, lambda: str(uuid4()))
    orjson.dumps(answered.response)
    return (time.process_time() - started) * 1e6


def _steps(desk: Desk, body: bytes) -> Iterator[tuple[str, float]]:
    """Each step with what the one before it gave. Words are new to the first that reads them."""
    request, us = _timed(lambda: parse_request(body))
    yield "skim the request", us
    patient = owner(request.patient_id, None)
    drafts, us = _timed(lambda: draft_orders(request.context, request.hook, desk.terms, patient))
    yield "draft orders", us
    find = finder(lambda: read_prefetch(None), patient)
    _, us = _timed(lambda: [read_reasons(each, desk.terms, find, desk.in_words) for each in drafts.selected])
    yield "reasons", us
    if not drafts.selected:
        return
    prefetch, us = _timed(lambda: open_all(request.prefetch))
    yield "parse the prefetch", us
    sets, us = _timed(lambda: read_prefetch(prefetch))
    yield "sort the prefetch", us
    _, us = _timed(lambda: foreign_resource(prefetch, patient))
    yield "whose it is", us
    _, us = _timed(lambda: read_chart(sets, desk.terms, request.patient_id, None, TODAY))
    yield "chart", us


def _parts(desk: Desk, body: bytes) -> Iterator[tuple[str, float]]:
    """What the chart's parts cost, of a request whose chart nobody has read yet."""
    request = parse_request(body)
    patient = owner(request.patient_id, None)
    sets = read_prefetch(open_all(request.prefetch))
    records, sorting = _timed(lambda: sort_out(sets, patient))
    told, reading = _timed(lambda: read_told(records, desk.terms))
    _, problems = _timed(lambda: read_problems(records, desk.terms))
    _, studies = _timed(lambda: read_studies(records, desk.terms, told))
    yield "  evidence sorted out", sorting
    yield "  reports in prose", reading
    yield "  problem list", problems
    yield "  imaging done", studies


def _timed(step: Callable[[], Any]) -> tuple[Any, float]:
    started = time.process_time()
    made = step()
    return made, (time.process_time() - started) * 1e6
