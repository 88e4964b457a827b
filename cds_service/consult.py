"""consult(): one hook request in, one consultation out. The one place where the steps stand in order."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from secrets import token_bytes
from typing import TypeAlias, TypeVar

import httpx

from cards.advice import Advice
from cards.compose import compose
from cards.profiles import Profile
from cards.response import response_json
from cards.vocabulary import Verdict
from cds_service.advise import advise
from cds_service.auth.tenants import Tenant
from cds_service.consultation import Consultation, Grounds, Judgement, OrderOutcome, counts_of, outcome_of
from cds_service.errors import ChartUnavailable
from cds_service.fhir.access.client import FetchLimits, fetch_missing
from cds_service.fhir.access.line import Line
from cds_service.fhir.access.opened import open_all
from cds_service.fhir.access.prefetch import ResourceSet, State, read_prefetch
from cds_service.fhir.access.whose import foreign_resource
from cds_service.fhir.chart_reader import read_chart
from cds_service.fhir.datatypes.references import owner
from cds_service.fhir.orders import DraftOrder, Drafts, draft_orders
from cds_service.fhir.reasons import Allowance, Find, finder, read_reasons
from cds_service.guideline.assess import assess
from cds_service.guideline.chart import Chart
from cds_service.guideline.content.library import Library
from cds_service.guideline.content.schema import Procedure
from cds_service.guideline.content.topic_schema import GuidelineTopic
from cds_service.guideline.criteria import answers_in_words
from cds_service.guideline.finding import Finding, lines
from cds_service.guideline.indication import applies, with_reasons
from cds_service.guideline.terms.judging import NO_LOCAL_CODES, LocalCodes, Terms
from cds_service.hooks import HookRequest
from cds_service.rated_studies import Letterhead

CONDITIONS = "conditions"
NEEDS_PROBLEM_LIST = ("extrahepatic-malignancy", "chronic-liver-disease")

LARGE = 100_000  # bytes of prefetch: some 10 ms of reading
_BESIDE = ThreadPoolExecutor(1, "large-chart")

NewId: TypeAlias = Callable[[], str]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Desk:
    """What a consultation needs at hand. Built once, when the service starts."""

    library: Library
    topic: GuidelineTopic
    terms: Terms
    tenant: Tenant
    profile: Profile
    http: httpx.AsyncClient
    limits: FetchLimits
    public_url: str
    qcdsm: str
    imaging_window_days: int = 365
    egfr_max_age_days: int = 365
    local_codes: LocalCodes = NO_LOCAL_CODES
    seal: bytes = field(default_factory=lambda: token_bytes(16), repr=False)  # no other desk's
    line: Line = field(default_factory=Line)  # outlives the desk when a tenants file is read anew
    topics: tuple[GuidelineTopic, ...] = field(init=False)  # the service's own first
    in_words: Mapping[str, tuple[str, str]] = field(init=False)  # answers by the text they are written with
    heads: Mapping[str, Letterhead] = field(init=False)  # by topic

    def __post_init__(self) -> None:
        others = (topic for topic in self.library.topics.values() if topic.id != self.topic.id)
        topics = (self.topic, *others)
        words = (answers_in_words(topic) for topic in topics)
        object.__setattr__(self, "topics", topics)
        object.__setattr__(self, "in_words", {text: a for one in words for text, a in one.items()})
        object.__setattr__(self, "heads", {topic.id: self._head(topic) for topic in topics})

    def _head(self, topic: GuidelineTopic) -> Letterhead:
        return Letterhead(
            self.library,
            topic,
            self.public_url,
            self.qcdsm,
            {"egfr": self.egfr_max_age_days},
            self.local_codes,
            self.tenant.write_protocol,
        )


async def consult(request: HookRequest, desk: Desk, now: datetime, new_id: NewId) -> Consultation:
    """Answer one request.

    Raises ChartUnavailable when an order is in scope and the problem list can be had neither from the
    prefetch nor from the FHIR server.
    """
    base = request.fhir.base if request.fhir else None
    patient = owner(request.patient_id, base)
    drafts = draft_orders(request.context, request.hook, desk.terms, patient)
    if drafts.foreign:
        why = f"a draft ({drafts.foreign}) is for another patient"
        return replace(_unusable(request, desk, drafts, why), grounds=Grounds.ORDER)
    opened = cache(lambda: open_all(request.prefetch))
    prefetched = cache(lambda: read_prefetch(opened()))
    selected = _with_reasons(desk, drafts, finder(prefetched, patient))
    if not any(_may_apply(draft, desk) for draft in selected):
        looked = prefetched.cache_info().currsize
        answered = _answered(request, desk, drafts, selected, Chart({}), now.date(), new_id)
        return replace(answered, grounds=Grounds.SENT if looked else Grounds.ORDER)

    def chart_of(found: Mapping[str, ResourceSet]) -> Chart:
        days = desk.imaging_window_days
        return read_chart(found, desk.terms, request.patient_id, base, now.date(), days)

    def read_sent() -> tuple[str, Chart | None]:
        """In one go where nothing is to be fetched, so that few large charts are held at once."""
        foreign, found = foreign_resource(opened(), patient), prefetched()
        return foreign, None if foreign or request.fhir else chart_of(found)

    foreign, chart = await aside(request, read_sent)
    sent = sets = prefetched()
    if foreign:
        why = f"the prefetch holds another patient's {foreign}"
        return _resting_on(sent, sets, _unusable(request, desk, drafts, why))
    if chart is None:
        sets = await fetch_missing(sent, request.fhir, request.patient_id, desk.http, desk.limits, desk.line)
        chart = await aside(request, lambda: chart_of(sets))
    if chart.unusable:
        return _resting_on(sent, sets, _unusable(request, desk, drafts, chart.unusable))
    if sets is not sent:  # a reason may refer to what was fetched
        selected = _with_reasons(desk, drafts, finder(lambda: sets, patient))
    _require_problem_list(desk, chart, selected, sets)
    return _resting_on(sent, sets, _answered(request, desk, drafts, selected, chart, now.date(), new_id))


def _resting_on(
    sent: Mapping[str, ResourceSet], sets: Mapping[str, ResourceSet], answered: Consultation
) -> Consultation:
    """With how what was sent arrived, and whether a server was asked for more (`sets`)."""
    grounds = Grounds.SENT if sets is sent else Grounds.FETCHED
    return replace(answered, prefetch={key: str(one.state) for key, one in sent.items()}, grounds=grounds)


async def aside(request: HookRequest, step: Callable[[], T]) -> T:
    """A step that reads the chart; one of a large chart beside the event loop, where others need not wait.

    One at a time: threads share the interpreter, and many large charts would crowd out the small ones.
    """
    if len(request.sent) < LARGE:
        return step()
    return await asyncio.get_running_loop().run_in_executor(_BESIDE, step)


def _with_reasons(desk: Desk, drafts: Drafts, find: Find) -> tuple[DraftOrder, ...]:
    allowance = Allowance()
    return tuple(read_reasons(draft, desk.terms, find, desk.in_words, allowance) for draft in drafts.selected)


def _answered(
    request: HookRequest,
    desk: Desk,
    drafts: Drafts,
    selected: tuple[DraftOrder, ...],
    chart: Chart,
    today: date,
    new_id: NewId,
) -> Consultation:
    """Cards and annotations for every order; one outside the catalogue may carry an old rating of ours."""
    judged = [_judged(desk, chart, draft) for draft in (*selected, *drafts.unmapped)]
    advices = _without_repeats(_advise(desk, judgement, drafts, today) for judgement in judged)
    composed = [compose(advice, desk.profile, new_id) for advice in advices]
    body = response_json(composed, desk.tenant.annotate_orders, desk.tenant.annotate_in_extension)
    unreadable = (
        OrderOutcome(name, (), Verdict.UNREADABLE, why=tuple(lines(Finding(why, False))))
        for name, why in drafts.unreadable
    )
    return Consultation(
        revision=desk.library.revision,
        hook=request.hook,
        response=body,
        chart=judged[0][2].chart if selected and chart.facts else None,
        orders=(*map(outcome_of, judged, advices, composed), *unreadable),
        counts=counts_of(drafts),
        judged=tuple(judged),
    )


def _without_repeats(advices: Iterable[Advice]) -> list[Advice]:
    """What the card of one order leads with is not offered with the next one again."""
    told: list[Advice] = []
    led_with: list[str] = []
    for advice in advices:
        told.append(replace(advice, offered_elsewhere=tuple(led_with)) if led_with else advice)
        led_with += [study.study.id for study in advice.better if not study.withdrawn][:1]
    return told


def _may_apply(draft: DraftOrder, desk: Desk) -> bool:
    """False when the order alone shows that no topic is its subject: then no chart is touched."""
    if not all(reason.readable for reason in draft.order.reasons):
        return True
    return any(_in_scope(desk, topic, draft, Chart({})) is not False for topic in desk.topics)


def _in_scope(desk: Desk, topic: GuidelineTopic, draft: DraftOrder, chart: Chart) -> bool | None:
    told = with_reasons(chart, topic, draft.order)
    return applies(topic, _procedures(desk, draft), draft.order, told).holds


def _topic_of(desk: Desk, draft: DraftOrder, chart: Chart) -> GuidelineTopic:
    """The first topic that the order is about; the service's own when it is about none."""
    if len(desk.topics) == 1:
        return desk.topic
    about = (topic for topic in desk.topics if _in_scope(desk, topic, draft, chart))
    return next(about, desk.topic)


def _judged(desk: Desk, chart: Chart, draft: DraftOrder) -> Judgement:
    topic = _topic_of(desk, draft, chart)
    return draft, topic, assess(topic, desk.library.procedures, chart, draft.order)


def _procedures(desk: Desk, draft: DraftOrder) -> tuple[Procedure, ...]:
    return tuple(desk.library.procedures[name] for name in draft.order.procedures)


def _advise(desk: Desk, judgement: Judgement, drafts: Drafts, today: date) -> Advice:
    draft, topic, assessment = judgement
    others = (other for other in (*drafts.selected, *drafts.others) if other.raw is not draft.raw)
    drafted = [other.order.procedures[0] for other in others if len(other.order.procedures) == 1]
    return advise(desk.heads[topic.id], assessment, draft, drafted, today)


def _require_problem_list(
    desk: Desk, chart: Chart, selected: Iterable[DraftOrder], sets: Mapping[str, ResourceSet]
) -> None:
    """An order that the topic covers cannot be judged without the problem list."""
    if sets[CONDITIONS].state in (State.SENT, State.EMPTY):
        return
    for draft in selected:
        topic = _topic_of(desk, draft, chart)
        if not _in_scope(desk, topic, draft, chart):
            continue  # not in scope, or nothing tells that it is
        needed = [question for question in NEEDS_PROBLEM_LIST if question in topic.questions]
        if not all(question in draft.order.answers for question in needed) or not needed:
            raise ChartUnavailable(
                "The patient's problem list (Condition) was not in the prefetch and could not be fetched. "
                "Send it under the prefetch key 'conditions', or grant read access to Condition.",
                (CONDITIONS,),
            )


def _unusable(request: HookRequest, desk: Desk, drafts: Drafts, why: str) -> Consultation:
    """Something of another patient: nothing is used, no card, and the event is counted."""
    told = tuple(lines(Finding(why, False)))
    orders = [(d.reference, d.order.procedures) for d in drafts.selected]
    outcomes = [*orders, *((name, ()) for name, _ in drafts.unreadable)]
    counts = {**counts_of(drafts), "patient_mismatch": 1}
    return Consultation(
        desk.library.revision,
        request.hook,
        {"cards": []},
        orders=tuple(OrderOutcome(name, found, Verdict.UNREADABLE, why=told) for name, found in outcomes),
        counts=counts,
    )
