"""Every clinical case three ways: the pure core, HTTP with prefetch, HTTP without prefetch."""

import asyncio
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from cds_service.consult import Desk
from cds_service.explanation import explain
from cds_service.vignettes.bundle import fetchable, request
from cds_service.vignettes.case import Case
from cds_service.vignettes.core import core_differences
from cds_service.vignettes.coverage import unreached
from cds_service.vignettes.run import consult_differences
from tests.fhir_server import FhirServer
from tests.vignettes.answers import assert_answered
from tests.vignettes.asking import ask
from tests.vignettes.conftest import CASES, NOW


def _named(case: Case) -> str:
    return case.name


every_case = pytest.mark.parametrize("case", CASES, ids=_named)
every_fetchable_case = pytest.mark.parametrize(
    "case", [case for case in CASES if fetchable(case)], ids=_named
)


@every_case
def test_pure_core(case: Case, desk: Desk) -> None:
    assert core_differences(case, desk.library, desk.topic) == []


@every_case
def test_facts_and_outcome_from_prefetch(case: Case, desk: Desk) -> None:
    differences = asyncio.run(consult_differences(case, desk, NOW, lambda: str(uuid4())))
    assert differences == []


@every_case
def test_http_with_prefetch(case: Case, desk: Desk, service: TestClient) -> None:
    assert_answered(case, desk, service, request(case, NOW.date()))


@every_fetchable_case
def test_http_without_prefetch(case: Case, desk: Desk, service: TestClient, charts: FhirServer) -> None:
    asked = request(case, NOW.date(), fhir_server=charts.base, token=charts.token)
    assert_answered(case, desk, service, asked)


def test_without_the_second_page_the_cases_are_not_what_they_are(desk: Desk, charts: FhirServer) -> None:
    """The server pages: decoys fill the first page of Conditions, and a case's own stand after it."""
    case = next(case for case in CASES if case.name == "The article's patient, PET/CT")
    chart = explain(ask(case, desk, charts, pages=1).consultation).to_json()["chart"]
    assert chart["extrahepatic_malignancy"]["value"] is None


def test_no_variant_row_answer_ask_or_verdict_is_left_out(desk: Desk) -> None:
    assert unreached(CASES, desk.library, desk.topic) == ()
