"""Consultations and feedback through the service: what is kept, and that keeping costs nobody a card."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from cards.annotation import CONSULT_ID
from cds_service.cli import cli
from cds_service.store import tables
from tests.store.serving import SELECT, SIGN, accepted, feedback, overridden, sample, service, written
from tests.store.stores import rows


def _card(answer: dict[str, Any]) -> dict[str, Any]:
    (card,) = answer["cards"]
    return dict(card)


def test_a_consultation_is_on_record_as_it_was_answered(url: str) -> None:
    asked = sample()
    with service(url) as client:
        answer = client.post(SELECT, json=asked).json()
        card = _card(answer)
        (kept,) = written(url, tables.consultations)
    assert (kept["tenant"], kept["service"], kept["hook"]) == (
        "open",
        SELECT.rsplit("/", 1)[1],
        "order-select",
    )
    assert (kept["mode"], kept["status"], kept["hook_instance"]) == ("visible", 200, asked["hookInstance"])
    assert kept["patient"] is None
    (judged,) = rows(url, tables.orders)
    assert (judged["procedure"], judged["verdict"]) == ("fdg-pet-ct-skull-base-to-mid-thigh", "rated")
    assert (judged["topic"], judged["variant"], judged["median"]) == ("liver-lesion", 6, 2)
    assert judged["rating"] == "usually-not-appropriate"
    extensions = answer["systemActions"][0]["resource"]["extension"]
    (consult_id,) = [e["valueUri"] for e in extensions if e["url"] == CONSULT_ID]
    assert consult_id == f"urn:uuid:{judged['consult_id']}"
    (made,) = rows(url, tables.cards)
    assert (made["uuid"], made["indicator"], made["topic"]) == (card["uuid"], "warning", "off-guideline")
    assert made["overrides"] == [reason["code"] for reason in card["overrideReasons"]]
    buttons = rows(url, tables.suggestions.select().order_by(tables.suggestions.c.position))
    assert [button["uuid"] for button in buttons] == [s["uuid"] for s in card["suggestions"]]
    assert buttons[0]["offers"] == "mri-abdomen-without-and-with-iv-contrast"
    recommended = [s.get("isRecommended", False) for s in card["suggestions"]]
    assert [button["recommended"] for button in buttons] == recommended


def test_what_a_clinician_took_is_counted_by_variant_procedure_and_reason(url: str) -> None:
    with service(url) as client:
        taken, kept = (_card(client.post(SELECT, json=sample()).json()) for _ in range(2))
        written(url, tables.cards, 2)
        reason = {"system": "urn:reasons", "code": "patient-refused"}
        told = feedback(
            accepted(taken["uuid"], taken["suggestions"][0]["uuid"]),
            overridden(kept["uuid"], overrideReason={"reason": reason, "userComment": "not today"}),
        )
        assert client.post(f"{SELECT}/feedback", json=told).status_code == 200
    environ = {"LIVER_CDS_DATABASE_URL": url}
    printed = CliRunner().invoke(cli, ["feedback", "--json"], env=environ)
    (report,) = json.loads(printed.stdout)["tenants"]
    assert (report["tenant"], report["cards"], report["accepted"], report["overridden"]) == ("open", 2, 1, 1)
    assert report["by_variant"] == [{"of": "6", "shown": 2, "accepted": 1, "overridden": 1}]
    pet = "fdg-pet-ct-skull-base-to-mid-thigh"
    assert report["by_procedure"] == [{"of": pet, "shown": 2, "accepted": 1, "overridden": 1}]
    mri = "mri-abdomen-without-and-with-iv-contrast"
    assert report["by_suggestion"] == [{"offers": mri, "cards": 1}]
    assert report["by_reason"] == [{"system": "urn:reasons", "code": "patient-refused", "cards": 1}]
    for_people = CliRunner().invoke(cli, ["feedback"], env=environ).stdout
    assert "2 cards shown: 1 accepted" in for_people
    assert "patient-refused" in for_people
    assert "not today" not in printed.stdout + for_people


def test_feedback_of_another_replicas_card_counts_too(url: str) -> None:
    with service(url) as one, service(url) as other:
        card = _card(one.post(SELECT, json=sample()).json())
        assert other.post(f"{SELECT}/feedback", json=feedback(overridden(card["uuid"]))).status_code == 200
        written(url, tables.cards)
    report = json.loads(
        CliRunner().invoke(cli, ["feedback", "--json"], env={"LIVER_CDS_DATABASE_URL": url}).stdout
    )
    assert [(t["overridden"], t["unknown"]) for t in report["tenants"]] == [(1, 0)]


def test_an_answer_that_failed_is_on_record_as_failed(url: str) -> None:
    asked = sample()
    del asked["prefetch"]["conditions"]
    asked.pop("fhirServer", None)
    with service(url) as client:
        assert client.post(SELECT, json=asked).status_code == 412
        (kept,) = written(url, tables.consultations)
    assert (kept["status"], rows(url, tables.orders)) == (412, [])


def test_a_prefetch_that_cannot_be_read_is_on_record_as_such(url: str) -> None:
    body = json.dumps(sample()).replace('"conditions":', '"conditions": null, "conditions":', 1)
    with service(url) as client:
        told = client.post(SELECT, content=body, headers={"Content-Type": "application/json"})
        (kept,) = written(url, tables.consultations)
    assert (told.status_code, kept["status"]) == (400, 400)


def test_a_hook_instance_that_is_no_uuid_is_not_kept(url: str) -> None:
    with service(url) as client:
        client.post(SELECT, json={**sample(), "hookInstance": "Wilhelmina Oaktree, born 1950"})
        (kept,) = written(url, tables.consultations)
    assert kept["hook_instance"] is None


def test_a_lost_store_costs_no_card_and_shows(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with service(f"sqlite:///{tmp_path / 'file' / 'store.sqlite3'}") as client:
        answer = client.post(SELECT, json=sample())
        assert answer.status_code == 200
        assert _card(answer.json())["indicator"] == "warning"
        assert client.get("/livez").status_code == 200
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["checks"]["store"]) == (503, "not reachable")
        refused = client.post(f"{SELECT}/feedback", json=feedback(overridden("c-1")))
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.json()["resourceType"] == "OperationOutcome"


def test_the_same_card_may_be_told_of_at_either_service(url: str) -> None:
    with service(url) as client:
        for address in (SELECT, SIGN):
            assert client.post(f"{address}/feedback", json=feedback(overridden("c-1"))).status_code == 200
    assert len(rows(url, tables.feedback)) == 1
