"""What an access token's scope lets us read: SMART App Launch v1 (`.read`) and v2 (`.rs`) syntax.

Scopes are written in many ways outside SMART. What we cannot read forbids nothing: the server decides.
"""

import re
from enum import StrEnum

# user/Condition.read · patient/*.* · system/Observation.rs?category=laboratory
_SMART = re.compile(
    r"(?:patient|user|system)/(?P<type>\*|[A-Z]\w*)\.(?P<rights>read|write|\*|c?r?u?d?s?)(?:\?(?P<only>.+))?"
)
_WITHOUT_RESOURCE = re.compile(
    r"openid|profile|fhirUser|email|address|phone|offline_access|online_access|launch(/\w+)?"
)


class Reach(StrEnum):
    """How far a scope covers a type of resource."""

    ALL = "all"
    PART = "part"  # only resources that match a filter in the scope
    NONE = "none"


def reach(scope: str | None, kind: str, *, search: bool) -> Reach:
    """Whether `scope` covers reading `kind` by id, or searching it. NONE only where the scope is plain."""
    rights, filtered = [], []
    for word in (scope or "").split():
        match = _SMART.fullmatch(word)
        if match is None:
            if not _WITHOUT_RESOURCE.fullmatch(word):
                return Reach.ALL  # a syntax of its own: allowed to try
            continue
        rights.append(word)
        if match["type"] in ("*", kind) and _grants(match["rights"], search):
            if match["only"] is None:
                return Reach.ALL
            filtered.append(match["only"])
    if not rights:
        return Reach.ALL  # says nothing about resources
    if not filtered:
        return Reach.NONE
    return Reach.ALL if kind == "Condition" and any(map(_problem_list, filtered)) else Reach.PART


def _grants(rights: str, search: bool) -> bool:
    return rights in ("read", "*") or (rights != "write" and ("s" if search else "r") in rights)


def _problem_list(only: str) -> bool:
    return "problem-list-item" in only
