"""Edits on a draft order: each takes the client's own JSON and returns a new dict.

What an edit does not name stays identical, unknown members and extensions included: an `update` carries
the whole resource, so whatever is lost here is lost in the EHR. Drafts come in every shape
(`reasonCode` null or an object, `extension` missing), and none may break an edit.
Works for R4 ServiceRequest and STU3 ProcedureRequest alike.
"""

from collections.abc import Sequence
from typing import Any

from cards.advice import Answer, History, Json, Study
from cards.vocabulary import ANSWER, CPT, LOINC, RADLEX, SNOMED_CT, Coding

_STANDARD = frozenset((CPT, LOINC, SNOMED_CT, RADLEX))
_OTHER_SPELLINGS = {
    "urn:oid:2.16.840.1.113883.6.12": CPT,
    "urn:oid:2.16.840.1.113883.6.1": LOINC,
    "urn:oid:2.16.840.1.113883.6.96": SNOMED_CT,
    "urn:oid:2.16.840.1.113883.6.256": RADLEX,
    "http://www.radlex.org": RADLEX,
}


def with_study(order: Json, study: Study, *, cpt_first: bool = False) -> dict[str, Any]:
    """The same order for another study. `orderDetail` goes: it describes the study that was ordered."""
    edited = {name: value for name, value in order.items() if name != "orderDetail"}
    systems = ([CPT] if cpt_first else []) + _systems_of(order)
    # A site's own codes are written where the site uses that system, and nowhere else.
    known = (coding for coding in study.codings if coding.system in _STANDARD or coding.system in systems)
    codings = sorted(known, key=lambda coding: _place(coding.system, systems))
    edited["code"] = {
        "coding": [_titled(coding, study.title) for coding in codings],
        "text": study.text or study.title,
    }
    return edited


def with_reason(order: Json, reason: Json) -> dict[str, Any]:
    """One more `reasonCode` entry; every entry that was there stays."""
    return {**order, "reasonCode": [*entries(order, "reasonCode"), dict(reason)]}


def with_answer(order: Json, answer: Answer) -> dict[str, Any]:
    """The answer as one more reason. An earlier answer to the same question goes."""
    questions = {_question(coding.code) for coding in answer.codings}
    kept = (_unanswered(entry, questions) for entry in entries(order, "reasonCode"))
    reasons = [entry for entry in kept if entry is not None]
    return {**order, "reasonCode": [*reasons, answer_reason(answer)]}


def answer_reason(answer: Answer) -> dict[str, Any]:
    """The `reasonCode` entry of an answer. Several codings in it mean "one of these"."""
    return {"coding": [coding.to_json() for coding in answer.codings], "text": answer.reason_text}


def with_history(order: Json, history: History, protocol: str = "") -> dict[str, Any]:
    """The order with its indication for the radiologist; what stands there already is not said again."""
    edited = dict(order)
    if history.reason is not None:
        edited = with_reason(edited, history.reason)
    held = [entry.get("reference") for entry in entries(order, "reasonReference") if isinstance(entry, dict)]
    references = [{"reference": name} for name in history.references if name not in held]
    if references:
        edited["reasonReference"] = [*entries(order, "reasonReference"), *references]
    noted = [entry.get("text") for entry in entries(order, "note") if isinstance(entry, dict)]
    notes = [{"text": text} for text in (history.note, protocol) if text and text not in noted]
    if notes:
        edited["note"] = [*entries(order, "note"), *notes]
    return edited


def with_extensions(order: Json, extensions: Sequence[Any]) -> dict[str, Any]:
    """The order with exactly these extensions: FHIR allows no empty list, so none means no member."""
    edited = {name: value for name, value in order.items() if name != "extension"}
    return edited | ({"extension": list(extensions)} if extensions else {})


def as_new_draft(order: Json) -> dict[str, Any]:
    """The order as a new draft: the client gives it an id of its own."""
    return {name: value for name, value in order.items() if name != "id"} | {"status": "draft"}


def local_reference(order: Json) -> str:
    """ "ServiceRequest/x", or "" when the draft cannot be pointed at."""
    kind, identity = order.get("resourceType"), order.get("id")
    named = isinstance(kind, str) and isinstance(identity, str) and kind and identity
    return f"{kind}/{identity}" if named else ""


def entries(order: Json, member: str) -> list[Any]:
    """A repeating member as a list, whatever was sent: a lone object is one entry, null is none."""
    value = order.get(member)
    if isinstance(value, list | tuple):
        return [entry for entry in value if entry is not None]
    return [value] if isinstance(value, dict) else []


def _unanswered(entry: Any, questions: set[str]) -> Any:
    """The reason without answers to these questions; None when nothing else was in it."""
    codings = entries(entry, "coding") if isinstance(entry, dict) else []
    kept = [coding for coding in codings if not _answers(coding, questions)]
    if len(kept) == len(codings):
        return entry
    return {**entry, "coding": kept} if kept else None


def _answers(coding: Any, questions: set[str]) -> bool:
    if not isinstance(coding, dict) or coding.get("system") != ANSWER:
        return False
    return _question(str(coding.get("code"))) in questions


def _question(code: str) -> str:
    return code.partition(".")[0]


def _systems_of(order: Json) -> list[str]:
    code = order.get("code")
    codings = entries(code, "coding") if isinstance(code, dict) else []
    named = [coding.get("system") for coding in codings if isinstance(coding, dict)]
    return [_canonical(system) for system in named if isinstance(system, str)]


def _canonical(system: str) -> str:
    spelled = system.strip().rstrip("/").replace("https://", "http://", 1)
    return _OTHER_SPELLINGS.get(spelled, spelled)


def _place(system: str, systems: Sequence[str]) -> int:
    return systems.index(system) if system in systems else len(systems)


def _titled(coding: Coding, title: str) -> dict[str, str]:
    """A suggested coding always has a display: the Sandbox shows nothing else of the order."""
    shown = coding.to_json()
    return shown if coding.display else shown | {"display": title}
