"""Time linear in the text, whatever it holds: no pattern can be made to go back over it again and again.

Narrative is mostly read by RE2, which is linear by construction. Where the standard library's `re` is
used, its patterns are looked at here; what Python does around them is counted in calls, not in seconds.
"""

import ast
import asyncio
import copy
import importlib
import itertools
import json
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import httpx
import pytest

import cards
import cds_service
from cds_service.app import build_desk
from cds_service.consult import Desk, consult
from cds_service.hooks import parse_request
from cds_service.settings import Settings
from tests.contract.planting import places, planted, vignettes, with_every_channel

ROOT = Path(__file__).parents[2]
# What `re` compiles with: its own reading of a pattern.
parser: Any = importlib.import_module("re._parser")
constants: Any = importlib.import_module("re._constants")
UNBOUNDED = 200  # times; repeats below that are as good as written out
REPEATS = (constants.MAX_REPEAT, constants.MIN_REPEAT)

# Patterns with several unbounded repeats in a row: why they cannot be made to go back over a text often.
SEVERAL_REPEATS = {
    "cards.escaping._ADDRESS_BREAKS": "runs of white space are single blanks before it is used",
    "cards.invariants._LOCAL": "a slash between them; our own answers",
    "cds_service.auth.tokens._COMPACT": "a full stop between them",
    "cds_service.fhir.access.scopes._SMART": "a full stop between them",
    "cds_service.fhir.access.searches.HARMLESS": "a search of limited length; two commas are soon found",
    "cds_service.fhir.datatypes.dates._DATE": "digits, then blanks: nothing is both",
    "cds_service.fhir.datatypes.quantities._AMOUNT": "texts of 80 characters at most",
    "cds_service.fhir.datatypes.references._REFERENCE": "references up to LONGEST are looked at",
    "cds_service.fhir.datatypes.references._BASE": "part of a reference; delimiters between them",
    "cds_service.fhir.facts.conclusions._NEW_LINE": "conclusions up to LONGEST are looked at",
    "cds_service.fhir.facts.conclusions._HEADING": "conclusions up to LONGEST are looked at",
    "cds_service.fhir.facts.conclusions._NOT_FINDINGS": "a heading of 41 characters at most",
    "cds_service.fhir.facts.conclusions._FINDINGS": "a heading of 41 characters at most",
    "cds_service.fhir.narrative.layout._END": "told by its first character: quotes or white space",
    "cds_service.fhir.narrative.layout._ITEM": "sixty characters at most",
    "cds_service.fhir.narrative.measures._SPAN": "what LENGTH matched, which has no unbounded repeat",
    "cds_service.fhir.narrative.markup._TAG": "alternatives that each end at the next angle bracket",
    "cds_service.fhir.narrative.markup._RTF": "alternatives",
    "cds_service.fhir.narrative.patterns._SECTION": "our own file",
    "cds_service.guideline.content.strict_yaml._INTEGER": "our own files",
    "cds_service.guideline.content.strict_yaml._FLOAT": "our own files",
    "cds_service.guideline.content.topic_checks._SENTENCE_BREAK": "our own files",
    "cds_service.replay.inputs._NAMED_TYPE": "file names; letters that end before a delimiter",
    "cds_service.replay.report.quality._BULK_NAME": "file names; letters that end before a delimiter",
    "cds_service.web.worker_files._OF_A_LIVE_GAUGE": "names of our own files",
}
# Parsers of the standard library that take quadratic time for what never closes.
QUADRATIC = ("html.parser", "xml", "sgmllib", "markupbase")


def modules() -> Iterator[ModuleType]:
    for package in (cards, cds_service):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in found.name:
                yield importlib.import_module(found.name)


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Every pattern that a module holds, under the name that it has there."""
    for module in modules():
        for name, value in vars(module).items():
            for pattern in _patterns_in(value):
                yield f"{module.__name__}.{name}", pattern


def _patterns_in(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from _patterns_in(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _patterns_in(item)


def unbounded(pattern: re.Pattern[Any]) -> list[int]:
    """How deep each unbounded repeat lies in others. Possessive ones and atomic groups never go back."""
    flags = pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    return list(_repeats(parser.parse(pattern.pattern, flags), 0))


def _repeats(parsed: Any, depth: int) -> Iterator[int]:
    for operation, argument in parsed:
        inner = depth
        if operation in REPEATS and argument[1] >= UNBOUNDED:
            yield depth
            inner = depth + 1
        for part in _parts(operation, argument):
            yield from _repeats(part, inner)


def _parts(operation: Any, argument: Any) -> list[Any]:
    if operation in (*REPEATS, constants.POSSESSIVE_REPEAT):
        return [argument[2]]
    if operation is constants.SUBPATTERN:
        return [argument[-1]]
    if operation is constants.BRANCH:
        return list(argument[1])
    if operation in (constants.ASSERT, constants.ASSERT_NOT):
        return [argument[1]]
    return [argument] if operation is constants.ATOMIC_GROUP else []


def test_the_inspection_finds_what_it_looks_for() -> None:
    assert unbounded(re.compile(r"^(a+)+$")) == [0, 1]
    assert unbounded(re.compile(r"(?:a|b*)*c")) == [0, 1]
    assert unbounded(re.compile(rb"\s*a\s*")) == [0, 0]
    assert unbounded(re.compile(r"(?:a++|b)*+c{1,9}(?>d+)")) == [0]


def test_no_repeat_stands_inside_another() -> None:
    assert [name for name, pattern in patterns() if any(unbounded(pattern))] == []


def test_patterns_with_several_repeats_are_known_and_why_they_may() -> None:
    found = {name for name, pattern in patterns() if len(unbounded(pattern)) > 1}
    assert found == set(SEVERAL_REPEATS)


def test_no_pattern_is_made_up_while_a_request_is_read() -> None:
    """Where texts of a chart are read, every pattern stands in a module, and so is looked at here."""
    made = []
    for folder in ("cards", "cds_service/fhir"):
        for path in (ROOT / folder).rglob("*.py"):
            calls = [
                node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)
            ]
            made += [
                f"{path.name}:{call.lineno}"
                for call in calls
                if isinstance(call.func, ast.Attribute)
                and isinstance(call.func.value, ast.Name)
                and (call.func.value.id, call.func.attr)
                in {("re", name) for name in dir(re)} - {("re", "compile")}
                and not (call.args and isinstance(call.args[0], ast.Constant))
            ]
    assert made == []


def test_no_quadratic_parser_is_used() -> None:
    used = []
    for folder in ("cards", "cds_service"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                names = [node.module] if isinstance(node, ast.ImportFrom) else []
                names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                used += [f"{path.name}: {name}" for name in names if (name or "").startswith(QUADRATIC)]
    assert used == []


HOSTILE = (
    "a",
    " \n",
    "8 mm liver lesion. ",
    "3 x ",
    "<a/",
    "<div a='",
    "&#",
    "{\\rtf1 ",
    "www.@",
    "IMPRESSION: ",
)


@pytest.fixture(scope="module")
def desk() -> Desk:
    return build_desk(Settings(), httpx.AsyncClient())


def calls_for(desk: Desk, body: bytes) -> int:
    """How many calls of Python functions and built-in ones an answer takes."""
    counted = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    async def answer() -> None:
        await consult(parse_request(body), desk, datetime.now(UTC), lambda: "x")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        asyncio.run(answer())
    finally:
        sys.setprofile(before)
    return counted


@pytest.mark.parametrize("piece", HOSTILE)
def test_twice_the_text_takes_at_most_twice_the_steps(desk: Desk, piece: str) -> None:
    case = next(
        asked for asked in vignettes() if "reports" in asked["prefetch"] and "allergies" in asked["prefetch"]
    )
    whole = with_every_channel(case)

    def steps(length: int) -> int:
        document = copy.deepcopy(whole)
        for place in places(document):
            planted(document, place, piece * (length // len(piece)), "after")
        return calls_for(desk, json.dumps(document).encode())

    steps(1000)  # what is only done once
    first, second, third = (steps(length) for length in (1_500, 3_000, 6_000))
    assert third - second <= 2.3 * max(second - first, 500)


def one_order(**members: Any) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "id": "o",
        "status": "draft",
        "code": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "78815"}]},
        "reasonCode": [{"text": "liver lesion"}],
        **members,
    }


def call(orders: list[dict[str, Any]], *chart: dict[str, Any]) -> bytes:
    """A call with these drafts and this chart, which has a problem list and a report in any case."""
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "conclusion": "8 mm lesion. " * 40,
    }
    mine = {"subject": {"reference": "Patient/p1"}, "patient": {"reference": "Patient/p1"}}
    entries = [{"resource": {**resource, **mine}} for resource in (report, *chart)]
    drafts = {"resourceType": "Bundle", "entry": [{"resource": {**order, **mine}} for order in orders]}
    context = {"userId": "Practitioner/1", "patientId": "p1", "draftOrders": drafts}
    prefetch = {"conditions": None, "all": {"resourceType": "Bundle", "type": "searchset", "entry": entries}}
    return json.dumps(
        {"hook": "order-sign", "hookInstance": "x", "context": context, "prefetch": prefetch}
    ).encode()


NEVER_SEEN = itertools.count()  # what words mean is remembered: others are read each time


def _conditions(count: int) -> bytes:
    listed = (
        {"resourceType": "Condition", "id": f"c{n}", "code": {"text": f"cancer {next(NEVER_SEEN)}"}}
        for n in range(count)
    )
    return call([one_order()], *listed)


MANY: Mapping[str, Callable[[int], bytes]] = {
    "drafts": lambda count: call([one_order(id=f"o{n}") for n in range(count)]),
    "reasons": lambda count: call([one_order(reasonCode=[{"text": f"lesion {n}"} for n in range(count)])]),
    "references to one report": lambda count: call(
        [one_order(reasonReference=[{"reference": "DiagnosticReport/r"}] * count)]
    ),
    "drafts that refer to one report": lambda count: call(
        [one_order(id=f"o{n}", reasonReference=[{"reference": "DiagnosticReport/r"}]) for n in range(count)]
    ),
    "notes": lambda count: call([one_order(note=[{"text": f"{n} mm lesion"} for n in range(count)])]),
    "conditions": _conditions,
    "codings": lambda count: call(
        [
            one_order(
                reasonCode=[{"coding": [{"code": str(n), "display": f"lesion {n}"} for n in range(count)]}]
            )
        ]
    ),
}


@pytest.mark.parametrize("kind", MANY)
def test_twice_as_many_take_at_most_twice_the_steps(desk: Desk, kind: str) -> None:
    calls_for(desk, MANY[kind](10))
    first, second, third = (calls_for(desk, MANY[kind](count)) for count in (100, 200, 400))
    assert third - second <= 2.3 * max(second - first, 5_000)


def test_a_report_is_read_once_however_many_refer_to_it(desk: Desk) -> None:
    few, many = (
        calls_for(desk, call([one_order(reasonReference=[{"reference": "DiagnosticReport/r"}] * count)]))
        for count in (1, 50)
    )
    assert many < 1.5 * few
