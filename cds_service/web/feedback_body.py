"""What an EHR tells about our cards, read as EHRs write it; CDS Hooks 2.0.1, section Feedback.

Beside what the standard says we take: one bare item for a list of one; the key `overrideReasons`; an
override reason that is a Coding itself (older clients), or that stands in an `extension` (reasons built in
the EHR); timestamps that end in "UTC". Messages name a member and never repeat what it holds.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from cds_service.errors import RequestUnreadable
from cds_service.recording import UUID
from cds_service.store.records import FeedbackItem
from cds_service.store.tables import SENT_LENGTH
from cds_service.strict_json import small_object

Json: TypeAlias = Mapping[str, Any]

OUTCOMES: Final = ("accepted", "overridden")
TIMESTAMP: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,12})?(?:[Zz]| ?UTC|[+-]\d{2}:\d{2})"
)
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
NUL: Final = "\x00"  # PostgreSQL keeps none in a text
MAX_DEPTH: Final = 4  # how far into an extension a coded reason is looked for


def read_feedback(body: bytes) -> tuple[FeedbackItem, ...]:
    """All items of a call. Raises RequestUnreadable if one of them cannot be read."""
    document = small_object(body)
    if "feedback" not in document and "outcome" in document:
        return (_item(document, ""),)
    items = document.get("feedback")
    if not isinstance(items, list) or not items:
        raise RequestUnreadable("`feedback` must be an array with at least one item.", "feedback")
    return tuple(_item(item, f"feedback[{place}]") for place, item in enumerate(items))


def _item(item: object, path: str) -> FeedbackItem:
    if not isinstance(item, dict):
        raise RequestUnreadable(f"`{path}` must be an object.", path)
    within = f"{path}." if path else ""
    outcome = item.get("outcome")
    if outcome not in OUTCOMES:
        raise _wrong(f"{within}outcome", "must be `accepted` or `overridden`")
    card = _card(_sent(item, "card", within))
    at = _moment(item.get("outcomeTimestamp"), f"{within}outcomeTimestamp")
    if outcome == "accepted":
        return FeedbackItem(card, outcome, at, accepted=_accepted(item, within))
    coding, comment = _override(item, within)
    return FeedbackItem(card, outcome, at, (), coding.get("system", ""), coding.get("code", ""), comment)


def _card(sent: str) -> str:
    """As the card was sent, whatever was done to its UUID on the way."""
    bare = sent.removeprefix("urn:uuid:")
    return bare.lower() if UUID.fullmatch(bare) else sent


def _accepted(item: Json, within: str) -> tuple[str, ...]:
    name = f"{within}acceptedSuggestions"
    taken = item.get("acceptedSuggestions")
    if not isinstance(taken, list) or not taken:
        raise _wrong(name, "must be an array with at least one suggestion")
    return tuple(_suggestion(each, f"{name}[{place}]") for place, each in enumerate(taken))


def _suggestion(taken: object, path: str) -> str:
    if not isinstance(taken, dict):
        raise _wrong(path, "must be an object")
    return _card(_sent(taken, "id", f"{path}."))


def _override(item: Json, within: str) -> tuple[Mapping[str, str], str]:
    """The reason's system and code as far as there are any, and the free text."""
    name = "overrideReason" if item.get("overrideReason") is not None else "overrideReasons"
    given, path = item.get(name), f"{within}{name}"
    if given is None:
        return _coding_within(item.get("extension")), ""
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    if not isinstance(given, dict):
        raise _wrong(path, "must be an object")
    comment = given.get("userComment")
    if not isinstance(comment, str | None):
        raise _wrong(f"{path}.userComment", "must be a string")
    coding = _reason(given, path) or _coding_within(given.get("extension") or item.get("extension"))
    if not coding and not (comment or "").strip() and "extension" not in given:
        raise _wrong(path, "must have a `reason` or a `userComment`")
    return coding, (comment or "").replace(NUL, "")


def _reason(given: Json, path: str) -> Mapping[str, str]:
    """The Coding under `reason`, or `given` itself where it is one."""
    coding = given if "code" in given and "reason" not in given else given.get("reason")
    if coding is None:
        return {}
    if not isinstance(coding, dict):
        raise _wrong(f"{path}.reason", "must be a Coding")
    within = f"{path}." if coding is given else f"{path}.reason."
    system = {"system": _sent(coding, "system", within)} if coding.get("system") is not None else {}
    return {"code": _sent(coding, "code", within), **system}


def _coding_within(extension: object, depth: int = MAX_DEPTH) -> Mapping[str, str]:
    """The first thing in an extension that looks like a Coding; where it stands differs by EHR."""
    if depth == 0 or not isinstance(extension, dict | list):
        return {}
    if isinstance(extension, dict) and _fits(extension.get("code")):
        system = extension.get("system")
        return {"code": extension["code"], **({"system": system} if _fits(system) else {})}
    inside = extension.values() if isinstance(extension, dict) else extension
    return next(filter(None, (_coding_within(value, depth - 1) for value in inside)), {})


def _sent(members: Json, name: str, within: str) -> str:
    value = members.get(name)
    if not _fits(value):
        words = f"must be a non-empty string of at most {SENT_LENGTH} characters, without control characters"
        raise _wrong(f"{within}{name}", words)
    return str(value).strip()


def _fits(value: object) -> bool:
    return (
        isinstance(value, str)
        and bool(value.strip())
        and len(value) <= SENT_LENGTH
        and not CONTROL.search(value)
    )


def _moment(value: object, path: str) -> datetime:
    try:
        if not isinstance(value, str) or not TIMESTAMP.fullmatch(value.strip()):
            raise ValueError
        iso = re.sub(r" ?UTC$", "Z", value.strip()).upper().replace(" ", "T")
        return datetime.fromisoformat(iso).astimezone(UTC)
    except (ValueError, OverflowError):  # no such day, or a year that no calendar of ours has
        raise _wrong(path, "must be a date and time like 2026-11-22T08:30:00Z") from None


def _wrong(path: str, words: str) -> RequestUnreadable:
    return RequestUnreadable(f"`{path}` {words}.", path)
