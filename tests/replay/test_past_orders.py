"""Which orders are replayed, and as what draft."""

from typing import Any

import pytest

from cds_service.replay.done import agreement, done_after
from cds_service.replay.past_orders import as_draft, past_order, requester
from cds_service.replay.people import person
from cds_service.replay.resource import fhir_version
from tests.charts import CPT, SNOMED, concept, terms

LOINC = "http://loinc.org"
DAY = "2026-05-20T10:00:00-05:00"


def order(code: Any = None, **members: Any) -> dict[str, Any]:
    """A signed order for a PET/CT."""
    return {
        "resourceType": "ServiceRequest",
        "id": "o1",
        "status": "completed",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
        "authoredOn": DAY,
        "code": concept((CPT, "78815", ""), text="PET CT SKULL BASE TO MID THIGH") if code is None else code,
        **members,
    }


def _kind(code: Any, **members: Any) -> str:
    found = past_order(order(code, **members), terms())
    return found.kind if found else ""


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (concept((CPT, "78815", "")), "imaging"),
        (concept((CPT, "47000", "")), "biopsy"),
        (concept(text="US GUIDED BREAST BIOPSY"), "biopsy"),
        (concept((CPT, "70450", "")), "imaging"),
        (concept((CPT, "73721-RT", "")), "imaging"),
        (concept(text="XR WRIST LEFT"), "imaging"),
        (concept((CPT, "80053", "")), ""),
        (concept((LOINC, "58410-2", "CBC panel")), ""),
        (concept(text="Physical therapy evaluation"), ""),
        ({}, ""),
    ],
)
def test_imaging_and_biopsy_orders_are_told_from_others(code: Any, kind: str) -> None:
    assert _kind(code) == kind


@pytest.mark.parametrize("category", [concept((SNOMED, "363679005", "Imaging")), concept(text="Radiology")])
def test_a_local_code_is_imaging_by_its_category(category: Any) -> None:
    assert _kind(concept(("urn:oid:1.2", "IMG1", "X")), category=[category]) == "imaging"


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({}, "decided"),
        ({"status": "revoked"}, "decided"),
        ({"authoredOn": "2026-05-20"}, "decided"),
        ({"authoredOn": None}, "no-authored-on"),
        ({"authoredOn": "last week"}, "no-authored-on"),
        ({"authoredOn": "2026-05"}, "authored-on-without-day"),
        ({"authoredOn": "9999-12-31"}, "no-authored-on"),
        ({"authoredOn": "0001-01-01"}, "no-authored-on"),
        ({"status": "entered-in-error"}, "entered-in-error"),
        ({"intent": "proposal"}, "proposal-or-plan"),
        ({"intent": "filler-order"}, "filler-order"),
        ({"doNotPerform": True}, "not-to-be-done"),
    ],
)
def test_why_an_order_is_not_replayed(members: dict[str, Any], status: str) -> None:
    found = past_order(order(**members), terms())
    assert found is not None
    assert found.status == status


def test_a_draft_is_the_order_without_what_came_later() -> None:
    notes = [
        {"time": "2026-05-19", "text": "before"},
        {"time": "2026-06-01", "text": "after"},
        {"text": "when"},
    ]
    rated = [{"url": "http://fhir.org/argonaut/Extension/pama-rating"}]
    found = past_order(order(note=notes, extension=rated, supportingInfo=[{}]), terms())
    assert found is not None
    draft = as_draft(found)
    assert draft["status"] == "draft"
    assert [note["text"] for note in draft["note"]] == ["before", "when"]
    assert not {"extension", "supportingInfo"} & draft.keys()


def test_orders_of_other_releases() -> None:
    r5 = order(
        {"concept": concept((CPT, "78815", ""))},
        reason=[{"concept": {"text": "Liver lesion"}}, {"reference": {"reference": "Condition/c1"}}],
    )
    found = past_order(r5, terms())
    assert found is not None
    assert found.raw["reasonCode"] == [{"text": "Liver lesion"}]
    assert found.raw["reasonReference"] == [{"reference": "Condition/c1"}]
    assert found.procedures == past_order(order(), terms()).procedures  # type: ignore[union-attr]
    stu3 = {**order(), "resourceType": "ProcedureRequest"}
    assert [fhir_version(raw) for raw in (order(), r5, stu3)] == ["R4", "R5", "STU3"]


@pytest.mark.parametrize(
    ("stated", "name"),
    [
        ({"reference": "Practitioner/dr-1"}, "Practitioner/dr-1"),
        ({"reference": "https://ehr.example/fhir/PractitionerRole/r"}, "PractitionerRole/r"),
        ({"agent": {"reference": "Practitioner/dr-2"}}, "Practitioner/dr-2"),
        ({"extension": [{"url": "absent"}]}, ""),
        (None, ""),
    ],
)
def test_who_ordered(stated: Any, name: str) -> None:
    assert requester(order(requester=stated)) == name


def _done(**members: Any) -> dict[str, Any]:
    mri = concept((CPT, "74183", ""))
    return {"resourceType": "ImagingStudy", "status": "available", "procedureCode": [mri], **members}


def test_the_study_that_was_done() -> None:
    from datetime import date

    day = date(2026, 5, 20)
    own = _done(basedOn=[{"reference": "ServiceRequest/o1"}], started="2026-09-01")
    near, late = _done(started="2026-06-01"), _done(started="2026-09-01")
    withdrawn = _done(status="entered-in-error", started="2026-05-21")
    mri = ("mri-abdomen-without-and-with-iv-contrast",)
    found = done_after(order(), day, [late, near, own, withdrawn], terms())
    assert found is not None
    assert (found.procedures, found.day, found.how) == (mri, date(2026, 9, 1), "based-on-the-order")
    found = done_after(order(), day, [late, near, withdrawn], terms())
    assert found is not None
    assert (found.day, found.how) == (date(2026, 6, 1), "next-study")
    assert done_after(order(), day, [late, withdrawn, _done()], terms()) is None
    assert agreement(found, mri, ()) == "as-ordered"
    assert agreement(found, ("us-abdomen",), mri) == "as-suggested"
    assert agreement(found, ("us-abdomen",), ()) == "another-study"
    assert agreement(None, mri, mri) == "none-found"


def _us_core(name: str, *categories: str, text: str = "") -> dict[str, Any]:
    parts: list[dict[str, Any]] = [
        {"url": "ombCategory", "valueCoding": {"code": c, "display": c}} for c in categories
    ]
    url = f"http://hl7.org/fhir/us/core/StructureDefinition/us-core-{name}"
    return {"url": url, "extension": [*parts, {"url": "text", "valueString": text}]}


def test_groups_of_patients() -> None:
    from datetime import date

    raw = {
        "gender": "Female",
        "birthDate": "1958-05-21",
        "extension": [_us_core("race", "Asian", "White"), _us_core("ethnicity", text="Not stated")],
        "communication": [
            {"language": {"coding": [{"code": "en"}]}},
            {"language": {"coding": [{"code": "es-MX"}]}, "preferred": True},
        ],
    }
    found = person(raw)
    assert (found.sex, found.race, found.ethnicity, found.language) == (
        "female",
        "More than one",
        "Not stated",
        "es",
    )
    assert found.age_band(date(2026, 5, 20)) == "60–69"
    assert found.age_band(date(2028, 5, 21)) == "70–79"
    assert found.age_band(date(1950, 1, 1)) == ""
    assert person({"birthDate": "1930"}).age_band(date(2026, 1, 1)) == "80 and over"
    assert (
        person(
            {"extension": [_us_core("race", "Asian")], "communication": [{"language": {"text": "Hmong"}}]}
        ).language
        == "Hmong"
    )
    assert person(None).age_band(date(2026, 1, 1)) == ""
