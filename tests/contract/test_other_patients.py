"""Data of another patient anywhere in a call: nothing is said, and the event is logged for an audit."""

import copy
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from cds_service.app import create_app
from cds_service.settings import Settings
from tests.callers import key_address
from tests.contract.planting import Json, one_of, vignettes

# Another patient, in the ways in which EHRs write that.
FOREIGN = (
    {"reference": "Patient/another"},
    {"reference": "Patient/another/_history/3"},
    {"reference": "https://ehr.example/fhir/Patient/another"},
    {"reference": "https://ehr.example/fhir/Patient/another", "type": "Patient", "display": "A. Nother"},
    {"reference": "HTTPS://EHR.EXAMPLE:443/fhir/Patient/another"},
)
SILENCE: Json = {"cards": []}


@pytest.fixture(scope="module")
def service() -> Iterator[TestClient]:
    with TestClient(create_app(Settings())) as client:
        yield client


def ask(service: TestClient, asked: Json) -> Json:
    answer = service.post(f"/cds-services/liver-lesion-{asked['hook']}", json=asked)
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


@pytest.fixture(scope="module")
def with_cards(service: TestClient) -> list[Json]:
    """The vignettes that speak, and so would speak about another patient as well."""
    found = []
    for asked in vignettes()[1::5]:
        answer = service.post(f"/cds-services/liver-lesion-{asked['hook']}", json=asked)
        if answer.json().get("cards"):
            found.append(asked)
    return found


def resources(value: object) -> list[Json]:
    """Every resource of a prefetch that says whose it is, and the patient."""
    if isinstance(value, list):
        return [found for item in value for found in resources(item)]
    if not isinstance(value, dict):
        return []
    kind = value.get("resourceType", "Bundle")
    if kind == "Patient" or (kind != "Bundle" and not {"subject", "patient"}.isdisjoint(value)):
        return [value]
    return [found for member in value.values() for found in resources(member)]


def made_foreign(resource: Json, reference: Json) -> None:
    if resource["resourceType"] == "Patient":
        resource["id"] = "another"
    else:
        resource["subject" if "subject" in resource else "patient"] = dict(reference)


@settings(max_examples=150)
@given(st.data())
def test_no_card_ever_rests_on_another_patient(
    service: TestClient, with_cards: list[Json], data: st.DataObject
) -> None:
    asked = copy.deepcopy(one_of(data, with_cards))
    reference = data.draw(st.sampled_from(FOREIGN))
    everything = resources(asked["prefetch"])
    drafts = [entry["resource"] for entry in asked["context"]["draftOrders"]["entry"]]
    number = data.draw(st.integers(0, len(everything) + len(drafts) - 1))
    chosen = (everything + drafts)[number]
    ways = ("replaced", "added", "contained")  # a contained Patient has a name of its own making: no sign
    whose = data.draw(st.sampled_from(ways[:2] if chosen["resourceType"] == "Patient" else ways))
    foreign = copy.deepcopy(chosen)
    made_foreign(foreign, reference)
    if whose == "replaced" or number >= len(everything):
        chosen.clear()
        chosen.update(foreign)
    elif whose == "added":
        asked["prefetch"][data.draw(st.sampled_from(("item9", "more")))] = foreign
    else:
        chosen["contained"] = [foreign]
    assert ask(service, asked) == SILENCE


def test_it_is_logged_for_an_audit_without_a_name(
    service: TestClient, with_cards: list[Json], caplog: pytest.LogCaptureFixture
) -> None:
    asked = copy.deepcopy(with_cards[0])
    made_foreign(resources(asked["prefetch"])[-1], {"reference": "Patient/Mrs-Private-Name"})
    caplog.set_level(logging.INFO, "cds_service")
    assert ask(service, asked) == SILENCE
    (event,) = [record for record in caplog.records if record.message.startswith("audit:")]
    assert event.levelno == logging.WARNING
    assert event.__dict__["fields"]["counts"]["patient_mismatch"] == 1
    assert "Mrs-Private-Name" not in caplog.text + str(event.__dict__)


def without_chart(asked: Json, base: str, **granted: Any) -> Json:
    grant = {
        "access_token": "t",
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "user/*.read",
        **granted,
    }
    left = {name: member for name, member in asked.items() if name != "prefetch"}
    return {**left, "fhirServer": base, "fhirAuthorization": {**grant, "subject": "cds"}}


def test_a_server_that_gives_another_patients_data_is_not_believed(
    service: TestClient, with_cards: list[Json]
) -> None:
    asked = with_cards[0]
    patient = asked["context"]["patientId"]
    foreign = {"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/another"}}
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": foreign}]}
    with key_address() as server:
        server.answers[f"/Condition?patient={patient}"] = (200, json.dumps(bundle).encode(), {})
        assert ask(service, without_chart(asked, server.base)) == SILENCE
        assert server.asked(f"/Condition?patient={patient}") == 1


def test_a_token_for_another_patient_is_never_used(service: TestClient, with_cards: list[Json]) -> None:
    with key_address() as server:
        asked = without_chart(with_cards[0], server.base, patient="another")
        answer = service.post(f"/cds-services/liver-lesion-{asked['hook']}", json=asked)
        assert answer.status_code == 412
        assert server.calls == []
