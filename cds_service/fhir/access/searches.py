"""What a Bundle's self link says was searched, and whether that leaves out part of what we look for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

# Search parameters that leave out part of what we look for, by the type searched.
NARROWING: Mapping[str, frozenset[str]] = {
    kind: frozenset(f"_id _lastupdated _text _content _filter _has {names}".split())
    for kind, names in {
        "Condition": "code category clinical-status verification-status encounter body-site severity stage "
        "evidence evidence-detail asserter recorded-date onset-date onset-info onset-age abatement-date",
        "Observation": "code category encounter date status",
        "DiagnosticReport": "code category encounter date issued status",
        "AllergyIntolerance": "code category clinical-status criticality severity type verification-status",
        "Device": "type device-name model manufacturer status",
        "Procedure": "code category encounter date status",
        "ImagingStudy": "modality dicom-class bodysite encounter started status",
    }.items()
}
# Values of a narrowing parameter that keep everything which counts for us.
HARMLESS: Mapping[tuple[str, str], re.Pattern[str]] = {
    ("Condition", "category"): re.compile(r"problem-list-item"),
    ("Observation", "code"): re.compile(r",.*,.*,"),  # a list of codes is how we ask ourselves
    ("DiagnosticReport", "category"): re.compile(r"(^|[|,])(RAD|LP29684-5|imaging|radiology)\b", re.I),
}
_TYPES = frozenset((*NARROWING, "Patient"))
_MOST_PARAMETERS = 200


@dataclass(frozen=True, slots=True)
class Search:
    """`kind`: the type that was searched or read (`Condition` of `.../Condition?patient=1`), if one of ours.

    `narrowed`: it leaves out part of what we look for. `unresolved`: it still holds a prefetch token, so that
    it was not the search that was meant.
    """

    kind: str = ""
    narrowed: bool = False
    unresolved: bool = False


NO_SEARCH = Search()


def read_search(url: str | None) -> Search:
    """What a self link says; without one nothing is known."""
    if url is None:
        return NO_SEARCH
    path, _, query = url.partition("#")[0].partition("?")
    kind = _searched_type(path)
    narrowed = any(_narrows(kind, name, value) for name, value in _parameters(query))
    return Search(kind, narrowed, "{{" in unquote(url))


def _searched_type(path: str) -> str:
    segments = [segment for segment in path.split("/") if segment]
    return next((segment for segment in reversed(segments[-2:]) if segment in _TYPES), "")


def _parameters(query: str) -> list[tuple[str, str]]:
    """Name and value of each; none of them where there are too many."""
    if query.count("&") >= _MOST_PARAMETERS:
        return []
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    return [(_plain(name), _plain(value)) for name, _, value in pairs]


def _plain(text: str) -> str:
    return unquote(text.replace("+", " "))


def _narrows(kind: str, name: str, value: str) -> bool:
    bare = name.split(":")[0].lower()
    if bare not in NARROWING.get(kind, ()):
        return False
    pattern = HARMLESS.get((kind, bare))
    return pattern is None or pattern.search(value) is None
