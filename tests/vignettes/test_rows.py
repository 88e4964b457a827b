"""Every row of the published tables, and every suggestion of every card asked again."""

import asyncio
import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import count, groupby, islice
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from cards.annotation import RATING
from cards.invariants import violations
from cards.profiles import SANDBOX, SPEC, Profile
from cards.vocabulary import ACR_MEDIAN, ACR_RATING, Topic
from cds_service.cli import cli
from cds_service.consult import Desk, consult
from cds_service.explanation import explain
from cds_service.hooks import parse_request
from cds_service.vignettes.answered import answers_of
from cds_service.vignettes.bundle import request
from cds_service.vignettes.case import Case
from tests.vignettes.conftest import CASES, NOW

TABLES = json.loads((Path(__file__).parent.parent / "data" / "acr-liver-lesion-2020.json").read_text())
STUDIES = {
    "US": {"text": "US abdomen complete", "cpt": "76700"},
    "CT noncontrast": {"text": "CT abdomen without contrast", "cpt": "74150"},
    "CT single-phase": {"text": "CT abdomen with contrast, single phase", "cpt": "74160"},
    "MRI noncontrast": {"text": "MRI abdomen without contrast", "cpt": "74181"},
}
SIZES = {">1 cm": "14 mm", "<1 cm": "8 mm"}
PROBLEMS = {
    ("extrahepatic_malignancy", "known"): {"text": "Malignant neoplasm of colon", "icd-10-cm": "C18.9"},
    ("chronic_liver_disease", "known"): {"text": "Cirrhosis of liver", "icd-10-cm": "K74.60"},
}
FIRST_SEEN = date(2026, 5, 20)  # as vignettes write their dates


def _rows() -> Iterator[tuple[int, Mapping[str, Any], str, Mapping[str, Any]]]:
    """Every row with every kind of first study that its variant covers."""
    for variant in TABLES["variants"]:
        for row in variant["ratings"]:
            for first_study in variant["population"]["initial_imaging"]:
                yield variant["number"], variant["population"], first_study, row


ROWS = tuple(_rows())
ROW_IDS = [f"variant {number}, {row['procedure']}, {first}" for number, _, first, row in ROWS]


def _request(population: Mapping[str, Any], first_study: str, order: Mapping[str, Any]) -> dict[str, Any]:
    """The patient of a variant with a draft order, built through the shape of a vignette."""
    holding = [key for key in PROBLEMS if population[key[0]] == key[1]]
    case = Case.model_validate(
        {
            "name": f"{population['lesion_size']}, {first_study}, {holding}",
            "why": "a row of the published tables",
            "patient": {"age": 60, "sex": "male"},
            "problems": tuple(PROBLEMS[key] for key in holding),
            "studies": (
                {**STUDIES[first_study], "day": FIRST_SEEN, "size": SIZES[population["lesion_size"]]},
            ),
            "order": order,
            "reasons": ({"text": "Indeterminate liver lesion", "snomed-ct": "300331000"},),
            "expect": {"verdict": "no-criteria"},
        }
    )
    return request(case, NOW.date())


def _explained(asked: Mapping[str, Any], desk: Desk) -> dict[str, Any]:
    """What `liver-cds explain --json` prints for the request."""
    ids = count(1)
    consultation = asyncio.run(
        consult(
            parse_request(orjson.dumps(asked)), desk, NOW, lambda: f"00000000-0000-4000-8000-{next(ids):012x}"
        )
    )
    return explain(consultation).to_json()


@pytest.mark.parametrize(("variant", "population", "first_study", "row"), ROWS, ids=ROW_IDS)
def test_rated_as_published(
    variant: int, population: Mapping[str, Any], first_study: str, row: Mapping[str, Any], desk: Desk
) -> None:
    """By the publisher's own title of the study, in words only."""
    found = _explained(_request(population, first_study, {"text": row["procedure_title"]}), desk)["orders"][0]
    assert found["procedure"] == row["procedure"]
    assert (found["verdict"], found["variants"]) == ("rated", [variant])
    assert (found["rating"], found["median"]) == (row["category"], row["median"])


FIRST_ROWS = [row for _, group in groupby(ROWS, key=lambda row: row[0]) for row in islice(group, 1)]


@pytest.mark.parametrize(("variant", "population", "first_study", "row"), FIRST_ROWS, ids=range(1, 9))
def test_the_command_line_prints_the_same(
    variant: int,
    population: Mapping[str, Any],
    first_study: str,
    row: Mapping[str, Any],
    desk: Desk,
    tmp_path: Path,
) -> None:
    """`liver-cds explain --json` is what the tests above read."""
    asked = _request(population, first_study, {"text": row["procedure_title"]})
    (tmp_path / "request.json").write_text(json.dumps(asked))
    answer = CliRunner().invoke(cli, ["explain", str(tmp_path / "request.json"), "--json"])
    assert answer.exit_code == 0
    printed, expected = json.loads(answer.stdout), _explained(asked, desk)
    assert printed["orders"] == expected["orders"]
    assert printed["chart"] == expected["chart"]
    assert printed["orders"][0]["variants"] == [variant]


def test_there_are_89_rows() -> None:
    assert len({(number, row["procedure"]) for number, _, _, row in ROWS}) == 89


@pytest.fixture(params=[SPEC, SANDBOX], ids=lambda profile: str(profile.name))
def profiled(request: pytest.FixtureRequest, desk: Desk) -> Desk:
    profile: Profile = request.param
    return replace(desk, profile=profile)


@pytest.mark.parametrize(("population", "first_study", "row"), [row[1:] for row in ROWS], ids=ROW_IDS)
def test_every_suggestion_asked_again_gets_the_rating_it_carried(
    population: Mapping[str, Any], first_study: str, row: Mapping[str, Any], profiled: Desk
) -> None:
    asked = _request(population, first_study, {"text": row["procedure_title"]})
    explained = _explained(asked, profiled)
    suggestions = _suggestions(explained["response"])
    assert bool(suggestions) == (
        row["category"] != "usually-appropriate" and bool(explained["response"]["cards"])
    )
    for suggestion in suggestions:
        again, order = _asked_again(asked, suggestion)
        found = _explained(again, profiled)["orders"][0]
        assert found["verdict"] == "rated"
        assert _carried(order) == _as_carried(found), suggestion["label"]


# A caution card asks nothing: its study is usually appropriate in every case that a variant covers.
UNDETERMINED = [
    case
    for case in CASES
    if case.expect.asks and case.expect.card != "none" and case.expect.topic is not Topic.CONTRAINDICATION
]


@pytest.mark.parametrize("case", UNDETERMINED, ids=lambda case: case.name)
def test_every_offered_answer_settles_its_question(case: Case, profiled: Desk) -> None:
    """One click writes the answer; the next call no longer asks it."""
    asked = request(case, NOW.date())
    suggestions = [s for s in _suggestions(_explained(asked, profiled)["response"]) if _new_answers(asked, s)]
    assert suggestions
    for suggestion in suggestions:
        (question,) = {code.partition(".")[0] for code in _new_answers(asked, suggestion)}
        again, order = _asked_again(asked, suggestion)
        found = _explained(again, profiled)
        assert question in case.expect.asks
        assert question not in found["orders"][0]["asks"]
        assert (
            order["reasonCode"][: len(case.reasons)]
            == _draft(asked).get("reasonCode", [])[: len(case.reasons)]
        )
        assert violations(found["response"], [order]) == ()


def _suggestions(response: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [suggestion for card in response["cards"] for suggestion in card.get("suggestions", ())]


def _draft(asked: Mapping[str, Any]) -> dict[str, Any]:
    draft: dict[str, Any] = asked["context"]["draftOrders"]["entry"][0]["resource"]
    return draft


def _new_answers(asked: Mapping[str, Any], suggestion: Mapping[str, Any]) -> frozenset[str]:
    return answers_of(suggestion["actions"][0]["resource"]) - answers_of(_draft(asked))


def _asked_again(
    asked: Mapping[str, Any], suggestion: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The request of an EHR that took the suggestion, and the order as it then stands."""
    (action,) = suggestion["actions"]
    assert action["type"] == "update"
    again = copy.deepcopy(dict(asked))
    order: dict[str, Any] = copy.deepcopy(action["resource"])
    again["context"]["draftOrders"]["entry"][0]["resource"] = order
    return again, order


def _carried(order: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Our own codings (rating, and the median if there is one) on an order."""
    ratings = [e["valueCodeableConcept"]["coding"] for e in order["extension"] if e["url"] == RATING]
    return [(c["system"], c["code"]) for c in ratings[0] if c["system"] in (ACR_RATING, ACR_MEDIAN)]


def _as_carried(found: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    median = [(ACR_MEDIAN, str(found["median"]))] if found["median"] is not None else []
    return [(ACR_RATING, found["rating"]), *median]
