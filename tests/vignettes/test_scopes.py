"""A FHIR server that gives no Observations away: what stands there is unknown, and the card says so."""

import pytest

from cards.vocabulary import Verdict
from cds_service.consult import Desk
from cds_service.explanation import explain
from cds_service.fhir.access.prefetch import TYPES
from cds_service.vignettes.case import Case
from tests.fhir_server import FhirServer
from tests.vignettes.asking import Asked, ask

# Its lesion's size is an Observation, and the study asked for is rated by it.
CASE = "The article's patient, PET/CT"
IN_OBSERVATIONS = ("lesion_size_mm", "egfr", "platelets", "inr", "pregnancy")
ALL_BUT_OBSERVATION = sorted(set(TYPES.values()) - {"Observation"})
EVERYTHING = "patient/*.read"


@pytest.fixture(scope="module")
def case(cases: tuple[Case, ...]) -> Case:
    return next(case for case in cases if case.name == CASE)


def scopes(form: str) -> str:
    return " ".join(form.format(kind) for kind in ALL_BUT_OBSERVATION)


def assert_size_unknown(asked: Asked, desk: Desk, because: str) -> None:
    """As the vignette "Size unknown, PET/CT": the size is asked for, and nothing is taken for absent."""
    chart = explain(asked.consultation).to_json()["chart"]
    assert {name: chart[name]["value"] for name in IN_OBSERVATIONS} == dict.fromkeys(IN_OBSERVATIONS)
    assert chart["extrahepatic_malignancy"]["value"] == "yes"
    [outcome] = asked.consultation.orders
    assert (outcome.verdict, outcome.asks) == (Verdict.UNDETERMINED, ("lesion-size",))
    [card] = asked.consultation.response["cards"]
    size = desk.topic.questions["lesion-size"].subject
    [said] = [line for line in card["detail"].splitlines() if line.startswith("- Not known:")]
    assert f"{size} \\({because}\\)" in said


@pytest.mark.parametrize("form", ["patient/{}.read", "user/{}.rs", "system/{}.*", "patient/{}.cruds"])
def test_what_the_scope_leaves_out_is_not_asked_for(
    form: str, case: Case, desk: Desk, charts: FhirServer
) -> None:
    asked = ask(case, desk, charts, scopes(form))
    assert asked.of("Observation") == 0
    assert {kind for kind in TYPES.values() if asked.of(kind)} == set(ALL_BUT_OBSERVATION)
    assert_size_unknown(asked, desk, "not searched")


def test_a_refusal_leaves_the_fact_unknown(case: Case, desk: Desk, charts: FhirServer) -> None:
    refusing = charts.limited(scopes("system/{}.read"))  # the server grants less than the request says
    asked = ask(case, desk, refusing, EVERYTHING)
    assert asked.of("Observation") == 1
    assert_size_unknown(asked, desk, "could not be read")


def test_with_the_whole_scope_the_same_server_tells_the_size(
    case: Case, desk: Desk, charts: FhirServer
) -> None:
    asked = ask(case, desk, charts, EVERYTHING)
    assert explain(asked.consultation).to_json()["chart"]["lesion_size_mm"]["value"] == 8.0
    assert [outcome.verdict for outcome in asked.consultation.orders] == [Verdict.RATED]
