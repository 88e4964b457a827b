"""A case put to the service: the request, what became of it, and what a taken suggestion changes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, TypeAlias

import orjson

from cards.advice import Answer
from cards.edits import with_answer
from cards.vocabulary import ANSWER, Coding
from cds_service.consult import Desk, NewId, consult
from cds_service.consultation import Consultation
from cds_service.errors import ChartUnavailable, RequestUnreadable
from cds_service.guideline.content.topic_schema import GuidelineTopic
from cds_service.hooks import parse_request
from cds_service.web.workbench.asked import HOOKS, Asked
from cds_service.web.workbench.bench import Bench
from cds_service.web.workbench.scenes import request_of

Json: TypeAlias = dict[str, Any]

ORDER_SELECT: Final = HOOKS[0]


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the service would answer instead of cards."""

    status: int
    words: str


@dataclass(frozen=True, slots=True)
class Answered:
    """`body`: the request as it would be sent. Exactly one of `consultation` and `refusal` is there."""

    asked: Asked
    body: bytes
    today: date
    consultation: Consultation | None = None
    refusal: Refusal | None = None

    @property
    def request(self) -> Json:
        """The request as an object; empty when it is none."""
        try:
            found = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def response(self) -> Json:
        """The response as the client reads it."""
        if self.consultation is None:
            return {}
        found: Json = orjson.loads(orjson.dumps(self.consultation.response))
        return found


async def answer(
    asked: Asked, bench: Bench, desk: Desk, now: datetime, new_id: NewId, *, offline: bool = False
) -> Answered:
    """What the service says: by the same code, and with the same refusals, as over HTTP.

    `offline`: a FHIR server that the request names is not asked.
    """
    built = request_of(asked, bench, desk.library, now.date()) if not asked.pasted else None
    body = orjson.dumps(built) if built is not None else asked.pasted.encode()
    try:
        request = parse_request(body, HOOKS)
        told = await consult(replace(request, fhir=None) if offline else request, desk, now, new_id)
        return Answered(asked, body, now.date(), told)
    except RequestUnreadable as error:
        return Answered(asked, body, now.date(), refusal=Refusal(400, str(error)))
    except ChartUnavailable as error:
        return Answered(asked, body, now.date(), refusal=Refusal(412, str(error)))


def take(answered: Answered, chosen: str) -> Asked:
    """The case after a suggestion was taken, as an EHR would carry it out. `chosen`: "card.suggestion".

    A choice that is not on the cards changes nothing.
    """
    suggestion = _chosen(answered.response, chosen)
    if suggestion is None:
        return answered.asked
    return _after(answered, suggestion["actions"], str(suggestion["label"]))


def answer_given(answered: Answered, topic: GuidelineTopic, chosen: str) -> Asked:
    """The case with an answer written on its first order, as a card's button would. `chosen`: its code."""
    question, _, value = chosen.partition(".")
    told = answered.consultation
    if told is None or not told.judged or value not in _values(topic, question):
        return answered.asked
    words = topic.questions[question].values[value].reason_text
    draft = orjson.loads(orjson.dumps(told.judged[0][0].raw))
    order = with_answer(draft, Answer((Coding(ANSWER, chosen, words),), words, words))
    return _after(answered, [{"type": "update", "resource": order}], words)


def _values(topic: GuidelineTopic, question: str) -> Collection[str]:
    return topic.questions[question].values if question in topic.questions else ()


def _after(answered: Answered, actions: Sequence[Json], label: str) -> Asked:
    context = answered.request["context"]
    changed = _carried_out(context, actions)
    taken = (*answered.asked.taken, label)
    if answered.asked.pasted:
        edited = {**answered.request, "context": {**context, **changed}}
        text = orjson.dumps(edited, option=orjson.OPT_INDENT_2)
        return replace(answered.asked, pasted=text.decode(), taken=taken)
    return replace(answered.asked, drafts=changed, taken=taken)


def _chosen(response: Json, chosen: str) -> Json | None:
    card, _, suggestion = chosen.partition(".")
    if not (card.isdecimal() and suggestion.isdecimal()):
        return None
    cards = response.get("cards", ())
    offered = cards[int(card)].get("suggestions", ()) if int(card) < len(cards) else ()
    return offered[int(suggestion)] if int(suggestion) < len(offered) else None


def _carried_out(context: Mapping[str, Any], actions: Sequence[Json]) -> Json:
    """The draft orders and selections after these actions."""
    bundle = context.get("draftOrders") or {}
    entries = (entry for entry in bundle.get("entry") or () if isinstance(entry, Mapping))
    drafts = [found for entry in entries if isinstance(found := entry.get("resource"), Mapping)]
    selections = list(context.get("selections") or ())
    for action in actions:
        match action["type"]:
            case "update":
                new = action["resource"]
                drafts = [new if named(old) == named(new) else old for old in drafts]
            case "create":
                new = {**action["resource"], "id": f"taken-{len(drafts)}"}
                drafts.append(new)
                selections.append(named(new))
            case "delete":
                gone = action["resourceId"]
                drafts = [old for old in drafts if named(old) != gone]
                selections = [name for name in selections if name != gone]
    changed: Json = {"draftOrders": {**bundle, "entry": [{"resource": draft} for draft in drafts]}}
    return {**changed, "selections": selections} if "selections" in context else changed


def named(resource: Mapping[str, Any]) -> str:
    """`ServiceRequest/x`"""
    return f"{resource.get('resourceType')}/{resource.get('id')}"
