"""Everything the workbench's template shows, from one answered case."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from cds_service.consult import Desk
from cds_service.explanation import explain
from cds_service.web.operation_outcome import outcome
from cds_service.web.services import SERVICES
from cds_service.web.workbench.answered import Answered
from cds_service.web.workbench.asked import LARGEST_MM, SMALLEST_MM, Asked, of_patient
from cds_service.web.workbench.bench import Bench
from cds_service.web.workbench.decision import Decision, decisions_of
from cds_service.web.workbench.facts import other_facts
from cds_service.web.workbench.panel import cards_shown, drafts_shown
from cds_service.web.workbench.scenes import orders_of

SERVICE_OF_HOOK: Final = {service.hook: service.id for service in SERVICES}
FOLDED: Final = ("later", "kidney", "allergy", "implant", "pregnancy", "list")
USUAL_MM: Final = 8.0  # where the ruler stands while nothing is measured


def context_of(answered: Answered, bench: Bench, desk: Desk, *, tokens: bool) -> dict[str, Any]:
    """`tokens`: whether callers of the service need one."""
    asked, response = answered.asked, answered.response
    told = answered.consultation
    decisions = decisions_of(told, desk, answered.today) if told else ()
    orders = orders_of(bench, desk.library)
    return {
        "asked": asked,
        "bench": bench,
        "orders": orders,
        "order_shown": _order_shown(answered, orders),
        "size_shown": asked.size_mm or USUAL_MM,
        "size_range": (SMALLEST_MM, LARGEST_MM),
        "drafts": drafts_shown(answered.request, response),
        "drafts_json": orjson.dumps(asked.drafts).decode() if asked.drafts else "",
        "cards": cards_shown(response, desk.public_url),
        "refusal": answered.refusal,
        "decisions": decisions,
        "others": tuple(other_facts(explain(told))) if told else (),
        "said": _said(answered, decisions),
        "link": _link(asked, bench),
        "more_set": _more_set(asked, bench),
        "topic": desk.topic,
        "public_url": desk.public_url,
        "tokens": tokens,
        **_wire(answered, desk, tokens=tokens),
    }


def _order_shown(answered: Answered, orders: Mapping[str, str]) -> str:
    """What the list of orders stands on: once a suggestion was taken, the study that it led to."""
    told = answered.consultation
    if answered.asked.drafts is None or told is None or not told.orders:
        return answered.asked.order
    found = told.orders[0].procedures
    return found[0] if len(found) == 1 and found[0] in orders else answered.asked.order


def _more_set(asked: Asked, bench: Bench) -> int:
    """How many of the controls that are folded away say something."""
    return sum(asked.choices[name] != bench.unset(name) for name in FOLDED)


def _said(answered: Answered, decisions: tuple[Decision, ...]) -> str:
    """One sentence for who does not see the page change."""
    if answered.refusal:
        return f"No answer: {answered.refusal.words}"
    summaries = [str(card["summary"]) for card in answered.response.get("cards", ())]
    if summaries:
        return f"Card: {'; '.join(summaries)}"
    return " ".join(["No card.", *(f"{one.study}: {one.headline}." for one in decisions)])


def _link(asked: Asked, bench: Bench) -> str:
    """This case as an address, "" where it holds words that do not belong into one."""
    stated = of_patient(bench, asked.ready)
    if asked.pasted or asked.drafts or asked.report != stated.report:
        return ""
    if asked.reason != stated.reason and asked.reason not in ("", *bench.reasons):
        return ""
    fields = {name: option for name, option in asked.choices.items() if option != stated.choices[name]}
    if asked.size_mm != stated.size_mm:
        sized = {"size": f"{asked.size_mm or USUAL_MM:g}"}
        fields |= sized if asked.size_mm is not None else {**sized, "unmeasured": "1"}
    pairs = (
        ("age", asked.age, stated.age),
        ("sex", asked.sex, stated.sex),
        ("order", asked.order, stated.order),
    )
    fields |= {name: str(now or "") for name, now, before in pairs if now != before}
    fields |= {"reason": asked.reason} if asked.reason != stated.reason else {}
    fields |= {"hook": asked.hook} if asked.hook != stated.hook else {}
    return "/?" + urlencode({"patient": asked.ready.id, **fields})


def _wire(answered: Answered, desk: Desk, *, tokens: bool) -> dict[str, str]:
    """Request, response and a command that sends the one and gets the other."""
    refused = answered.refusal
    response = outcome(refused.status, refused.words) if refused else answered.response
    hook = answered.request.get("hook")
    service = SERVICE_OF_HOOK.get(hook if isinstance(hook, str) else "", SERVICES[0].id)
    return {
        "request_json": _pretty(answered.body),
        "response_json": orjson.dumps(response, option=orjson.OPT_INDENT_2).decode(),
        "status": str(refused.status if refused else 200),
        "address": f"{desk.public_url}/cds-services/{service}",
        "curl": _curl(f"{desk.public_url}/cds-services/{service}", answered.body, tokens=tokens),
    }


def _pretty(body: bytes) -> str:
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")


def _curl(address: str, body: bytes, *, tokens: bool) -> str:
    """The body goes in by a here-document, so that no quote in it means anything to a shell."""
    try:
        sent = orjson.dumps(orjson.loads(body)).decode()
    except orjson.JSONDecodeError:
        return ""
    token = ' \\\n  -H "Authorization: Bearer $TOKEN"' if tokens else ""
    return (
        f"curl -s '{address}' \\\n  -H 'Content-Type: application/json'{token} \\\n"
        f"  --data-binary @- <<'REQUEST'\n{sent}\nREQUEST"
    )
