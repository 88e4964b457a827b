"""Putting text into the chart and the orders of a request, at every place where a text stands."""

import base64
import copy
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from hypothesis import strategies as st

from cds_service.vignettes.bundle import request
from cds_service.vignettes.reading import read_cases

Place: TypeAlias = tuple[str | int, ...]
Json: TypeAlias = dict[str, Any]

# What people and devices wrote. Codes, references, identifiers and dates are machine-read.
WORDS = frozenset(
    ("display", "text", "conclusion", "div", "data", "valueString", "unit", "title", "description", "name")
)
ROOM_FOR_WORDS = (("prefetch",), ("context", "draftOrders"))


@cache
def vignettes() -> tuple[Json, ...]:
    """Every clinical case as a request, as of today. Copy before you change one."""
    cases = read_cases(Path(__file__).parent.parent / "vignettes")
    return tuple(request(case, datetime.now(UTC).date()) for case in cases)


def one_of(data: st.DataObject, documents: Sequence[Json]) -> Json:
    """Any of them, drawn by its number: Hypothesis must not keep hold of what a test may change."""
    return documents[data.draw(st.integers(0, len(documents) - 1))]


def with_every_channel(asked: Json) -> Json:
    """The request with texts in members that the vignettes leave out, each where FHIR has it."""
    document = copy.deepcopy(asked)
    orders = [entry["resource"] for entry in document["context"]["draftOrders"]["entry"]]
    for order in orders:
        order["note"] = [{"text": "as discussed"}]
        order["patientInstruction"] = "fasting"
        order["orderDetail"] = [*order.get("orderDetail", []), {"text": "routine"}]
    for resource in _resources(document.get("prefetch")):
        resource["text"] = {"status": "generated", "div": "<div>as coded</div>"}
        resource["note"] = [{"text": "as told"}]
        match resource["resourceType"]:
            case "AllergyIntolerance":
                resource["reaction"] = [{"manifestation": [{"text": "urticaria"}], "description": "mild"}]
            case "Device":
                resource["deviceName"] = [{"name": "pacemaker", "type": "user-friendly-name"}]
                resource["manufacturer"] = "Maker"
            case "DiagnosticReport":
                report = b"Liver: 8 mm indeterminate lesion in segment 6."
                data = base64.b64encode(report).decode()
                resource["presentedForm"] = [{"contentType": "text/plain", "data": data, "title": "report"}]
            case "ImagingStudy":
                resource["description"] = "abdomen"
                resource["series"] = [{"description": "portal venous"}]
    return document


def _resources(value: object) -> Iterator[Json]:
    if isinstance(value, dict):
        if "resourceType" in value and value["resourceType"] != "Bundle":
            yield value
            return
        for member in value.values():
            yield from _resources(member)
    elif isinstance(value, list):
        for item in value:
            yield from _resources(item)


def places(document: Json, *, words_only: bool = True) -> list[Place]:
    """Where texts stand in the chart and the orders."""
    return [path for root in ROOM_FOR_WORDS for path in _texts(_at(document, root), root, words_only)]


def _texts(value: object, path: Place, words_only: bool) -> Iterator[Place]:
    if isinstance(value, dict):
        for name, member in value.items():
            if isinstance(member, str):
                if not words_only or name in WORDS:
                    yield (*path, name)
            else:
                yield from _texts(member, (*path, name), words_only)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, (*path, number), words_only)


def _at(document: Any, path: Place) -> Any:
    for step in path:
        document = document.get(step) if isinstance(document, dict) else document[step]
    return document


def planted(document: Json, place: Place, text: str, how: str) -> None:
    """Put `text` there: `how` is "instead", "before", "after" or "amid" what stands there."""
    parent, name = _at(document, place[:-1]), place[-1]
    encoded = name == "data"
    was = base64.b64decode(parent[name]).decode() if encoded else parent[name]
    first, blank, rest = was.partition(" ")
    now = {
        "instead": text,
        "before": f"{text} {was}",
        "after": f"{was} {text}",
        "amid": f"{first}{blank}{text}{blank}{rest}",
    }[how]
    parent[name] = base64.b64encode(now.encode("utf-8", "replace")).decode() if encoded else now
