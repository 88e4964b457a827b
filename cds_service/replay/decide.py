"""One patient's past orders, decided on with the production code: `consult`, as of each order.

For an order that needed the chart, the question is put up to three times: with what was known, with what
came later as well, and without what is doubtful (see `as_of`); a fourth time with other content to compare.
"""

import asyncio
import atexit
import pickle
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, TypeAlias

from cards.vocabulary import Verdict
from cds_service.consult import Desk, consult
from cds_service.consultation import Consultation
from cds_service.errors import ChartUnavailable
from cds_service.fhir.access.prefetch import KEY_OF_TYPE
from cds_service.fhir.datatypes.dates import When
from cds_service.fhir.datatypes.elements import word
from cds_service.guideline.terms.judging import Terms
from cds_service.hooks import HookRequest
from cds_service.replay.answers import Answer, answer_of, changes, compared_columns, told_columns
from cds_service.replay.as_of import as_of
from cds_service.replay.done import agreement, done_after
from cds_service.replay.past_orders import DECIDED, FAULT, REFUSED, PastOrder, as_draft, past_order, requester
from cds_service.replay.people import Person, person
from cds_service.replay.records import Found, Record
from cds_service.replay.rows import Row

Json: TypeAlias = Mapping[str, Any]
OpenDesk: TypeAlias = Callable[[], Desk]

HOOK = "order-sign"  # what a bulk export holds has been signed
NOBODY = "Practitioner/not-stated"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of every order; can be pickled, so that other processes and machines ask the same.

    `open_desk`, `open_other`: what the service decides with, and other content to compare it with.
    `exported`: resource types that the export covers; any other was not searched.
    """

    open_desk: OpenDesk
    exported: frozenset[str]
    open_other: OpenDesk | None = None


class Decider:
    """Decides in one process. Opened once: the content is read and compiled."""

    def __init__(self, question: Question) -> None:
        self.desk = question.open_desk()
        self.other = question.open_other() if question.open_other else None
        self.exported = question.exported
        self._runner = asyncio.Runner()

    def close(self) -> None:
        """Ends the event loop; the desk's HTTP client was never used."""
        self._runner.close()

    def decide(self, record: Record) -> list[Row]:
        """One row for each of the patient's imaging and biopsy orders, in the export's order."""
        patient = next(iter(record.of("Patient")), None)
        who = person(patient)
        rows = (self._row(found, record, who) for found in record.orders)
        return [row for row in rows if row is not None]

    def _row(self, found: Found, record: Record, who: Person) -> Row | None:
        order = past_order(found.raw, self.desk.terms)
        if order is None:
            return None
        stated = _stated(found, record.patient, order, who)
        if order.status != DECIDED or order.moment is None:
            return Row(**stated)
        try:
            return Row(**{**stated, **self._decided(order, record, order.moment)})
        except Exception:  # one order of millions must not end the run, and must not pass for silence
            return Row(**{**stated, "status": FAULT})

    def _decided(self, order: PastOrder, record: Record, moment: When) -> dict[str, Any]:
        chart, day = as_of(record.chart, moment), moment.first
        counts = {
            "known": len(chart.known),
            "later": len(chart.later),
            "doubtful": len(chart.doubtful),
        }
        draft = as_draft(order)
        try:
            told = self._consulted(self.desk, draft, record.patient, chart.known, day)
        except ChartUnavailable:
            return {"status": REFUSED, **counts}
        answer = answer_of(told, self.desk.terms, order.procedures)
        found: dict[str, Any] = {**counts, **told_columns(answer, told)}
        if told.chart is not None:  # else nothing of the chart was looked at
            if chart.later:
                later = self._asked_again(self.desk, draft, record, [*chart.known, *chart.later], day)
                found["later_changes"] = changes(answer, later)
                found["later_verdict"], found["later_rating"] = later.verdict, later.rating
            if chart.doubtful:
                certain = self._asked_again(self.desk, draft, record, chart.certain, day)
                found["doubtful_changes"] = changes(answer, certain)
        if self.other is not None:
            found |= compared_columns(answer, self._asked_again(self.other, draft, record, chart.known, day))
        return {**found, **_followed(order, record, day, answer, self.desk.terms)}

    def _asked_again(
        self, desk: Desk, draft: Json, record: Record, chart: Iterable[Json], day: date
    ) -> Answer:
        told = self._consulted(desk, draft, record.patient, chart, day)
        return answer_of(told, desk.terms, told.orders[0].procedures if told.orders else ())

    def _consulted(
        self, desk: Desk, draft: Json, patient: str, chart: Iterable[Json], day: date
    ) -> Consultation:
        request = HookRequest(
            hook=HOOK,
            hook_instance="replay",
            user_id=requester(draft) or NOBODY,
            patient_id=patient,
            context={"draftOrders": {"resourceType": "Bundle", "entry": [{"resource": draft}]}},
            at_hand=prefetch_of(chart, self.exported),
        )
        now = datetime.combine(day, time(12), UTC)
        return self._runner.run(consult(request, desk, now, _Ids()))


def prefetch_of(chart: Iterable[Json], exported: frozenset[str]) -> dict[str, Any]:
    """A chart as the EHR would have sent it: an empty search for what was exported and is not there."""
    by_type: dict[str, list[Json]] = defaultdict(list)
    for resource in chart:
        by_type[str(resource.get("resourceType"))].append({"resource": resource})
    return {
        key: {"resourceType": "Bundle", "type": "searchset", "entry": by_type[kind]}
        if by_type[kind]
        else None
        for kind, key in KEY_OF_TYPE.items()
        if kind in exported
    }


_opened: dict[bytes, Decider] = {}


def decider(question: bytes) -> Decider:
    """The process's decider for a pickled Question: opened once, used for every patient after that."""
    if question not in _opened:
        close_decider()
        _opened[question] = Decider(pickle.loads(question))  # noqa: S301 - made by our own parent or driver
    return _opened[question]


@atexit.register
def close_decider() -> None:
    """Close what `decider` opened, if it did."""
    while _opened:
        _opened.popitem()[1].close()


class _Ids:
    """Identifiers of cards that nobody will see."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        return f"00000000-0000-4000-8000-{self.count:012d}"


def _stated(found: Found, patient: str, order: PastOrder, who: Person) -> dict[str, Any]:
    """What the row says of any order, decided or not."""
    raw, day = found.raw, order.moment.first if order.moment and order.moment.exact else None
    coding = order.codings[0] if order.codings else None
    return {
        "order": "/".join(filter(None, (word(raw.get("resourceType")), word(raw.get("id"))))),
        "patient": patient,
        "file": found.file,
        "place": found.at,
        "status": order.status,
        "kind": order.kind,
        "authored_on": _plain(word(raw.get("authoredOn"))[:40]),
        "day": day.isoformat() if day else "",
        "requester": requester(raw),
        "code": _plain(f"{coding.system}|{coding.code}") if coding and coding.code else "",
        "title": _plain(order.title),
        "mapped": bool(order.procedures),
        "procedures": ";".join(order.procedures),
        "sex": who.sex,
        "age_band": who.age_band(day) if day else "",
        "race": _plain(who.race),
        "ethnicity": _plain(who.ethnicity),
        "language": _plain(who.language),
    }


def _plain(text: str) -> str:
    """Chart text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _followed(order: PastOrder, record: Record, day: date, answer: Answer, terms: Terms) -> dict[str, Any]:
    """What was done, for an order that the topic is about."""
    if answer.verdict in (Verdict.NOT_APPLICABLE.value, Verdict.UNREADABLE.value):
        return {}
    done = done_after(order.raw, day, record.chart, terms)
    told = {"agreement": agreement(done, order.procedures, answer.suggested.split(";"))}
    if done is None:
        return told
    return told | {
        "done": ";".join(done.procedures),
        "done_on": done.day.isoformat() if done.day else "",
        "done_how": done.how,
    }
