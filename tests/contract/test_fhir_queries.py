"""Our queries against a real FHIR server: they run as written, page, and respect its refusal."""

import asyncio
from collections.abc import Mapping

import pytest

from cds_service.fhir.access.client import FetchLimits, fetch_missing, new_client
from cds_service.fhir.access.prefetch import KEYS, PREGNANCY, TYPES, ResourceSet, State, read_prefetch
from cds_service.hooks import FhirAccess
from tests.fhir_server import FhirServer

PATIENT = "queries-1"
LIMITS = FetchLimits(deadline_s=30, loopback=True)
PROBLEMS = 55  # more than two of the server's pages of 20


@pytest.fixture(scope="module")
def server(fhir_server: FhirServer) -> FhirServer:
    subject = {"subject": {"reference": f"Patient/{PATIENT}"}}
    code = {"code": {"text": "something"}}
    size = {"system": "http://loinc.org", "code": "21889-1"}
    fhir_server.load(
        [
            {"resourceType": "Patient", "id": PATIENT, "gender": "female"},
            {"resourceType": "Patient", "id": f"{PATIENT}-other"},
            *(
                {"resourceType": "Condition", "id": f"{PATIENT}-c{number}", **code, **subject}
                for number in range(PROBLEMS)
            ),
            {
                "resourceType": "Condition",
                "id": f"{PATIENT}-strange",
                **code,
                "subject": {"reference": f"Patient/{PATIENT}-other"},
            },
            *(
                {
                    "resourceType": "Observation",
                    "id": f"{PATIENT}-o{number}",
                    "status": "final",
                    "code": {"coding": [coding]},
                    **subject,
                }
                for number, coding in enumerate(
                    [size, {**size, "code": PREGNANCY[0]}, {**size, "code": "8867-4"}]
                )
            ),
            {"resourceType": "DiagnosticReport", "id": f"{PATIENT}-r", "status": "final", **code, **subject},
            {"resourceType": "Device", "id": f"{PATIENT}-d", "patient": {"reference": f"Patient/{PATIENT}"}},
            {"resourceType": "ImagingStudy", "id": f"{PATIENT}-i", "status": "available", **subject},
        ]
    )
    return fhir_server


def fetch(access: FhirAccess, limits: FetchLimits = LIMITS) -> Mapping[str, ResourceSet]:
    async def run() -> Mapping[str, ResourceSet]:
        async with new_client(30) as http:
            return await fetch_missing(read_prefetch(None), access, PATIENT, http, limits)

    return asyncio.run(run())


def test_every_query_of_ours_is_answered(server: FhirServer) -> None:
    sets = fetch(FhirAccess(server.base, token=server.token))
    found = {key: len(sets[key].resources) for key in KEYS}
    assert found == {
        "patient": 1,
        "conditions": PROBLEMS,
        "observations": 2,
        "reports": 1,
        "allergies": 0,
        "devices": 1,
        "procedures": 0,
        "imaging": 1,
    }
    assert {key for key in KEYS if sets[key].state is State.EMPTY} == {"allergies", "procedures"}
    assert not any(each.cut_short for each in sets.values())
    for key, each in sets.items():
        assert {resource["resourceType"] for resource in each.resources} <= {TYPES[key]}


def test_a_page_limit_leaves_a_mark(server: FhirServer) -> None:
    limits = FetchLimits(deadline_s=30, pages=2, loopback=True)
    conditions = fetch(FhirAccess(server.base, token=server.token), limits)["conditions"]
    assert (len(conditions.resources), conditions.cut_short) == (40, True)


@pytest.mark.parametrize("token", ["wrong", None])
def test_without_its_token_the_server_gives_nothing(server: FhirServer, token: str | None) -> None:
    sets = fetch(FhirAccess(server.base, token=token))
    assert {each.state for each in sets.values()} == {State.FAILED}


def test_a_server_that_is_not_there(server: FhirServer) -> None:
    sets = fetch(FhirAccess("http://127.0.0.1:1/fhir", token=server.token))
    assert {each.state for each in sets.values()} == {State.FAILED}
