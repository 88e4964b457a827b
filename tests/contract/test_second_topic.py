"""A topic is content: a second one, added as a file, is consulted without a line of Python."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from starlette.testclient import TestClient

from cds_service.app import create_app
from cds_service.first_order import read_sample
from cds_service.guideline.content.library import SHIPPED
from cds_service.settings import Settings

EXAMPLE = Path(__file__).parents[2] / "examples" / "reference-patient-pet-ct.json"


def _second_topic(directory: Path) -> None:
    """The shipped topic under another name, about orders whose reason is a liver disease."""
    text = (SHIPPED / "topics" / "liver-lesion.yaml").read_text(encoding="utf-8")
    begin, end = text.index("  reasons:\n"), text.index("  lesion_fact:")
    text = text[:begin] + "  reasons: [chronic-liver-disease]\n" + text[end:]
    text = text.replace("id: liver-lesion\n", "id: liver-disease\n").replace(
        "title: Liver Lesion—Initial Characterization", "title: Liver disease"
    )
    (directory / "topics" / "liver-disease.yaml").write_text(text, encoding="utf-8")


def test_an_order_is_judged_by_the_topic_that_it_is_about(tmp_path: Path) -> None:
    content = tmp_path / "guidelines"
    shutil.copytree(SHIPPED, content)
    _second_topic(content)
    asked = read_sample(EXAMPLE, datetime.now(UTC).date())
    draft = asked["context"]["draftOrders"]["entry"][0]["resource"]
    with TestClient(create_app(Settings(guidelines=content))) as client:
        first = client.post("/cds-services/liver-lesion-order-select", json=asked).json()
        draft["reasonCode"] = [{"text": "Cirrhosis of liver"}]
        second = client.post("/cds-services/liver-lesion-order-select", json=asked).json()
        page = client.get("/guidelines/liver-disease")
    assert "/guidelines/liver-lesion/" in first["cards"][0]["links"][0]["url"]
    assert "/guidelines/liver-disease/" in second["cards"][0]["links"][0]["url"]
    assert page.status_code == 200
