"""Running a vignette: the pure core, and consult() in process with the chart as prefetch.

The HTTP ways of running (with prefetch, without it against a FHIR server) send the same requests and are
judged by the same functions; they live in the tests, which have the servers.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from cds_service.consult import Desk, consult
from cds_service.consultation import Consultation
from cds_service.errors import ChartUnavailable
from cds_service.explanation import EVERY_VALUE, YES_NO, explain
from cds_service.hooks import parse_request
from cds_service.vignettes.answered import response_differences
from cds_service.vignettes.bundle import request
from cds_service.vignettes.case import Bound, Case, Dated, FactValue
from cds_service.vignettes.core import (
    RADIATION_HISTORY,
    UNKNOWN,
    core_assessment,
    core_differences,
    difference,
    outcome_differences,
)


@dataclass(frozen=True, slots=True)
class Ran:
    """One vignette run: how its ways differ from what it expects. Nothing = it holds."""

    case: Case
    core: tuple[str, ...]
    consultation: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """True when no way differs."""
        return not (self.core or self.consultation)


async def run(case: Case, desk: Desk, now: datetime, new_id: Callable[[], str]) -> Ran:
    """The case through the pure core and through consult() with prefetch."""
    core = core_differences(case, desk.library, desk.topic)
    return Ran(case, tuple(core), tuple(await consult_differences(case, desk, now, new_id)))


async def consult_differences(case: Case, desk: Desk, now: datetime, new_id: Callable[[], str]) -> list[str]:
    """One line per difference between a consultation on the case's request and what it expects."""
    asked = request(case, now.date())
    try:
        consultation = await consult(parse_request(orjson.dumps(asked)), desk, now, new_id)
    except ChartUnavailable as refused:
        line = difference("refused for", list(case.expect.refused), list(refused.missing))
        return [line] if line else []
    if case.expect.refused:
        return [f"expected to be refused for want of {', '.join(case.expect.refused)}"]
    return [
        *_fact_differences(case, consultation),
        *_order_differences(case, desk, consultation),
        *response_differences(case, asked, consultation.response, desk.terms),
    ]


def _order_differences(case: Case, desk: Desk, consultation: Consultation) -> list[str]:
    found = next(iter(consultation.orders), None)
    if found is None:
        return ["no order was judged"]
    stated = core_assessment(case, desk.library, desk.topic).procedures
    study = difference("study", sorted(stated), sorted(found.procedures))
    # Most cases come with some study that was not free of radiation; those that are about it say so.
    cautions = [c for c in found.cautions if c != RADIATION_HISTORY or c in case.expect.cautions]
    outcome = outcome_differences(
        case.expect, found.verdict, found.variants, found.rating, found.medians, found.asks, cautions
    )
    return [line for line in (study, *outcome) if line]


def _fact_differences(case: Case, consultation: Consultation) -> list[str]:
    """The chart's facts against the stated ones. An order judged without the chart shows none."""
    if consultation.chart is None:
        return []
    shown = explain(consultation).to_json()["chart"]
    stated = ((name, value) for name, value in case.facts.items() if name in shown)
    lines = (_fact_difference(name, value, shown[name]) for name, value in stated)
    return [line for line in lines if line]


def _fact_difference(name: str, stated: FactValue, shown: Mapping[str, Any]) -> str:
    value = shown["value"]
    match stated:
        case float() | int():
            same = value is not None and math.isclose(value, stated, rel_tol=1e-6)
            return "" if same else difference(name, stated, value)
        case Dated():
            return _fact_difference(name, stated.value, shown)
        case Bound():
            bounds = ("below", "at_most", "above", "at_least")
            found = {bound: shown[bound] for bound in bounds if bound in shown}
            return difference(name, stated.model_dump(exclude_none=True), found)
        case str() if stated == UNKNOWN:
            return difference(name, (None, None), (value, shown.get("one_of")))
        case str():
            return difference(name, stated, value)
        case _:
            every = () if value is not None else EVERY_VALUE.get(name, YES_NO)
            return difference(name, sorted(stated), sorted(shown.get("one_of", every)))
