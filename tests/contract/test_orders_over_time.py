"""One order asked about again and again, as it changes: ratings that go stale, answers, mixed-up patients."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from cards.annotation import RATING
from cds_service.first_order import read_sample

EXAMPLES = Path(__file__).parents[2] / "examples"
URL = "/cds-services/liver-lesion-order-select"
Json = dict[str, Any]


@pytest.fixture
def asked() -> Json:
    """The reference patient's PET/CT order, as of today."""
    return read_sample(EXAMPLES / "reference-patient-pet-ct.json", datetime.now(UTC).date())


def draft_of(asked: Json) -> Json:
    draft: Json = asked["context"]["draftOrders"]["entry"][0]["resource"]
    return draft


def answer(client: TestClient, asked: Json) -> Json:
    response = client.post(URL, json=asked)
    assert response.status_code == 200
    body: Json = response.json()
    return body


def with_draft(asked: Json, resource: Json) -> Json:
    changed = copy.deepcopy(asked)
    changed["context"]["draftOrders"]["entry"][0]["resource"] = copy.deepcopy(resource)
    return changed


def is_rated(resource: Json) -> bool:
    return any(extension["url"] == RATING for extension in resource.get("extension", ()))


@pytest.mark.parametrize(
    "change",
    [
        {"code": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "71250"}]}},
        {"reasonCode": [{"text": "Staging of lung cancer"}]},
    ],
    ids=["another-study", "another-reason"],
)
def test_our_rating_goes_when_the_order_leaves_the_topic(
    client: TestClient, asked: Json, change: Json
) -> None:
    rated = answer(client, asked)["systemActions"][0]["resource"]
    assert is_rated(rated)
    later = answer(client, with_draft(asked, {**rated, **change}))
    assert later["cards"] == []
    (removal,) = later["systemActions"]
    assert not is_rated(removal["resource"])
    assert removal["resource"].items() >= change.items()


def test_decimals_of_the_order_come_back_as_they_were_written(client: TestClient, asked: Json) -> None:
    draft_of(asked)["quantityQuantity"] = {"value": "DECIMAL"}
    body = json.dumps(asked).replace('"DECIMAL"', "1.00")
    text = client.post(URL, content=body, headers={"Content-Type": "application/json"}).text
    assert '"quantityQuantity":{"value":1.00}' in text


def test_an_answer_that_lost_its_coding_is_read_by_its_words(client: TestClient, asked: Json) -> None:
    sizeless = copy.deepcopy(asked)
    sizeless["prefetch"]["observations"] = None
    for entry in sizeless["prefetch"]["reports"]["entry"]:
        entry["resource"].pop("conclusion", None)
    draft = draft_of(sizeless)
    draft["reasonCode"] = [{"text": "Abnormal liver ultrasound"}]
    open_card = answer(client, sizeless)["cards"][0]
    assert "To rate" in open_card["summary"] or "answer" in open_card["summary"]
    draft["reasonCode"].append({"text": "Liver lesion under 1 cm"})
    assert "usually not appropriate" in answer(client, sizeless)["cards"][0]["summary"]


@pytest.mark.parametrize("kind", ["Immunization", "MedicationStatement", "Condition"])
def test_another_patients_resource_of_any_type_silences_everything(
    client: TestClient, asked: Json, kind: str
) -> None:
    member = "patient" if kind == "Immunization" else "subject"
    asked["prefetch"]["more"] = {
        "resourceType": kind,
        "id": "x",
        member: {"reference": "Patient/somebody-else"},
    }
    assert answer(client, asked) == {"cards": []}


def test_a_draft_for_another_patient_silences_everything_and_is_audited(
    client: TestClient, asked: Json, caplog: pytest.LogCaptureFixture
) -> None:
    other = {"resourceType": "NutritionOrder", "id": "n", "patient": {"reference": "Patient/somebody-else"}}
    asked["context"]["draftOrders"]["entry"].append({"resource": other})
    assert answer(client, asked) == {"cards": []}
    (event,) = [record for record in caplog.records if record.name == "cds_service"]
    assert event.levelname == "WARNING"
    assert "another patient" in event.getMessage()
    assert "somebody-else" not in str(event.__dict__)


def test_a_size_that_contradicts_the_chart_is_asked_about(client: TestClient, asked: Json) -> None:
    draft_of(asked)["reasonCode"] = [{"text": "3 cm indeterminate liver lesion"}]
    card = answer(client, asked)["cards"][0]
    assert card["indicator"] == "info"
    assert "different sizes" in card["detail"]


def test_an_order_without_reason_or_chart_is_no_fault(client: TestClient, asked: Json) -> None:
    draft_of(asked).pop("reasonCode")
    del asked["prefetch"]
    assert answer(client, asked) == {"cards": []}


def test_two_orders_are_not_both_turned_into_the_same_study(client: TestClient, asked: Json) -> None:
    biopsy = copy.deepcopy(draft_of(asked)) | {"id": "draft-biopsy"}
    biopsy["code"] = {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "47000"}]}
    asked["context"]["draftOrders"]["entry"].append({"resource": biopsy})
    asked["context"]["selections"].append("ServiceRequest/draft-biopsy")
    cards = answer(client, asked)["cards"]
    assert len(cards) == 2
    offers = [[s["label"] for s in card["suggestions"]] for card in cards]
    assert sum("MRI abdomen without and with" in label for labels in offers for label in labels) == 1
    assert "Offered with the other order: MRI abdomen without and with IV contrast." in cards[1]["detail"]
