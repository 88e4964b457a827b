"""Patients with 800 Conditions, on both servers: every page is read, and the last one counts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from cards.vocabulary import Verdict
from cds_service.consult import Desk
from cds_service.explanation import explain
from cds_service.vignettes.answered import response_differences
from cds_service.vignettes.bundle import chart_resources, request
from cds_service.vignettes.case import Case
from tests.fhir_server import FhirServer
from tests.peers.medplum import part
from tests.vignettes.asking import ask
from tests.vignettes.conftest import CASES, NOW
from tests.vignettes.decoys import decoys

CONDITIONS = 800
PAGES = {"fhir_server": 40, "medplum": 80}  # 20 and 10 resources at a time
NEITHER = "Under 1 cm, normal liver, no cancer, PET/CT"  # not known before the last page
NAMES = ("The article's patient, PET/CT", "Cancer and cirrhosis, under 1 cm on ultrasound, PET/CT", NEITHER)
# The same patients under ids of their own: only these have long charts.
LONG = {
    case.name: case.model_copy(update={"name": f"{case.name}, long chart"})
    for case in CASES
    if case.name in NAMES
}


@dataclass(frozen=True)
class LongCharts:
    """A server that holds them, and how many pages each patient's Conditions take there."""

    server: FhirServer
    pages: int


@pytest.fixture(scope="module", params=PAGES)
def long_charts(request: pytest.FixtureRequest) -> LongCharts:
    server: FhirServer = request.getfixturevalue(request.param)
    if request.param == "medplum":
        server = part(server, "long")
    for case in LONG.values():
        server.load(_chart(case))
    return LongCharts(server, PAGES[request.param])


def _chart(case: Case) -> Iterator[dict[str, Any]]:
    """The decoys first, so that the case's own Conditions stand on the last page."""
    resources = chart_resources(case, NOW.date())
    own = sum(resource["resourceType"] == "Condition" for resource in resources)
    yield from decoys(case, CONDITIONS - own)
    yield from resources


@pytest.mark.parametrize("name", NAMES)
def test_every_page_is_read_once_and_the_answer_is_right(
    name: str, desk: Desk, long_charts: LongCharts
) -> None:
    case = LONG[name]
    asked = ask(case, desk, long_charts.server)
    assert len(asked.queries) == len(set(asked.queries)) == long_charts.pages + 7
    [outcome] = asked.consultation.orders
    assert (outcome.verdict, outcome.rating) == (case.expect.verdict, case.expect.rating)
    sent = request(case, NOW.date())
    assert response_differences(case, sent, asked.consultation.response, desk.terms) == []


def test_when_pages_are_left_unread_nothing_counts_as_absent(desk: Desk, long_charts: LongCharts) -> None:
    asked = ask(LONG[NEITHER], desk, long_charts.server, pages=long_charts.pages - 1)
    assert len(asked.queries) == long_charts.pages - 1 + 7
    chart = explain(asked.consultation).to_json()["chart"]
    for fact in ("extrahepatic_malignancy", "chronic_liver_disease"):
        assert chart[fact]["value"] is None
    [outcome] = asked.consultation.orders
    assert outcome.verdict is not Verdict.NO_CRITERIA
