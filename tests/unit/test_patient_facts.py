"""Facts that cautions rest on: kidneys, contrast reactions, implants, pregnancy, bleeding, radiation."""

import math
from typing import Any

import pytest

from cds_service.guideline.chart import Choice, Measure
from tests.charts import (
    ICD,
    LOINC,
    SNOMED,
    choice,
    concept,
    condition,
    measure,
    observation,
    patient,
    read,
    report,
    resource,
)

YES_NO = ("yes", "no")
ANY_REACTION = ("no", "mild", "moderate", "severe")


def fact(name: str, *resources: dict[str, Any], **gaps: Any) -> Choice:
    return choice(read(patient(), *resources, **gaps), name)


def over(clinical: str = "resolved") -> dict[str, Any]:
    return {"clinicalStatus": concept(("x", clinical, ""))}


def allergy(text: str, *reactions: dict[str, Any], **members: Any) -> dict[str, Any]:
    given = {"code": concept(text=text), "reaction": list(reactions), "recordedDate": "2020-01-01", **members}
    return resource("AllergyIntolerance", "a1", "patient", **given)


def device(**members: Any) -> dict[str, Any]:
    return resource("Device", "d1", "patient", **{"status": "active", **members})


def test_acute_kidney_injury_is_one_that_is_not_over() -> None:
    code = concept((ICD, "N17.9", "Acute kidney failure, unspecified"))
    assert fact("acute_kidney_injury", condition("c1", code)).value == "yes"
    assert fact("acute_kidney_injury", condition("c1", code, **over())).value == "no"
    assert fact("acute_kidney_injury").value == "no"
    assert fact("acute_kidney_injury", not_sent=["conditions"]).possible == YES_NO


def test_dialysis_by_problem_list_or_by_a_recent_procedure() -> None:
    assert fact("dialysis", condition("c1", concept((ICD, "Z99.2", "")))).value == "yes"
    code = concept((SNOMED, "108241001", "Dialysis procedure"))
    recent = resource("Procedure", "p", status="completed", code=code, performedDateTime="2026-05-01")
    assert fact("dialysis", recent).value == "yes"
    assert fact("dialysis", {**recent, "performedDateTime": "2020-05-01"}).possible == YES_NO
    assert fact("dialysis").value == "no"
    assert fact("dialysis", not_sent=["procedures"]).possible == YES_NO


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Gadolinium contrast", "gadolinium_reaction"),
        ("Iodinated contrast media", "iodinated_contrast_reaction"),
        ("Lumason", "ultrasound_contrast_reaction"),
    ],
)
def test_the_three_kinds_of_contrast_are_three_facts(text: str, name: str) -> None:
    others = {"gadolinium_reaction", "iodinated_contrast_reaction", "ultrasound_contrast_reaction"} - {name}
    chart = read(patient(), allergy(text, {"severity": "mild"}))
    assert choice(chart, name).value == "mild"
    assert {choice(chart, other).value for other in others} == {"no"}


@pytest.mark.parametrize(
    ("reactions", "possible"),
    [
        ([{"severity": "mild"}, {"severity": "severe"}], ("severe",)),
        ([{"severity": "moderate"}], ("moderate",)),
        ([{"manifestation": [concept((SNOMED, "39579001", "Anaphylactic reaction"))]}], ("severe",)),
        ([{"manifestation": [concept(text="Anaphylaxis")], "severity": "mild"}], ("severe",)),
        ([{"manifestation": [concept(text="Hives")]}], ("mild", "moderate", "severe")),
        ([], ("mild", "moderate", "severe")),
    ],
)
def test_the_worst_degree_stated_counts(reactions: list[dict[str, Any]], possible: tuple[str, ...]) -> None:
    assert fact("gadolinium_reaction", allergy("Gadolinium", *reactions)).possible == possible


def test_the_reaction_that_makes_it_severe_is_told_first() -> None:
    shock = allergy("Gadobutrol", {"severity": "severe"}, id="a1", recordedDate="2010-03-01")
    rash = allergy("Gadoterate", {"severity": "mild"}, id="a2", recordedDate="2020-03-01")
    told = choice(read(patient(), rash, shock), "gadolinium_reaction")
    assert told.possible == ("severe",)
    assert [found.text for found in told.evidence] == ["Gadobutrol", "Gadoterate"]


def test_an_unspecified_contrast_allergy_leaves_the_kinds_open() -> None:
    chart = read(patient(), allergy("Contrast dye"))
    assert choice(chart, "gadolinium_reaction").possible == ANY_REACTION


def test_an_allergy_without_words_or_of_an_unclear_owner_leaves_it_open() -> None:
    assert fact("gadolinium_reaction", allergy("", code=None)).possible == ANY_REACTION
    assert fact("gadolinium_reaction", allergy("Gadolinium", patient=None)).possible == ANY_REACTION
    assert fact("gadolinium_reaction", allergy("Possible gadolinium allergy")).possible == ANY_REACTION


def test_an_unconfirmed_or_past_allergy_leaves_it_open() -> None:
    unconfirmed = {"verificationStatus": concept(("x", "unconfirmed", ""))}
    assert fact("gadolinium_reaction", allergy("Gadolinium", **unconfirmed)).possible == ANY_REACTION
    assert fact("gadolinium_reaction", allergy("Gadolinium", **over())).possible == ANY_REACTION
    refuted = {"verificationStatus": concept(("x", "refuted", ""))}
    assert fact("gadolinium_reaction", allergy("Gadolinium", **refuted)).value == "no"


def test_a_contrast_allergy_on_the_problem_list_counts() -> None:
    coded = condition("c1", concept((ICD, "Z91.041", "Radiographic dye allergy status")))
    assert fact("iodinated_contrast_reaction", coded).possible == ("mild", "moderate", "severe")


def test_other_allergies_and_a_search_not_made() -> None:
    assert fact("gadolinium_reaction", allergy("Penicillin")).value == "no"
    assert fact("gadolinium_reaction", not_sent=["allergies"]).possible == ANY_REACTION


def test_implants_from_devices_conditions_and_procedures() -> None:
    pacemaker = concept(text="Cardiac pacemaker")
    assert fact("implant", device(type=pacemaker)).value == "yes"
    assert fact("implant", condition("c1", concept((ICD, "Z95.0", "")))).value == "yes"
    assert fact("implant", device(type=concept(text="Infusion pump"))).value == "no"
    assert fact("implant", device(type=pacemaker, status="entered-in-error")).value == "no"
    assert fact("implant", device(type=pacemaker, patient=None)).possible == YES_NO
    assert fact("implant", device()).possible == YES_NO
    assert fact("implant", not_sent=["devices"]).possible == YES_NO


def test_only_the_device_itself_says_mr_unsafe() -> None:
    pacemaker = concept(text="Cardiac pacemaker")
    assert fact("implant", device(type=pacemaker, safety=[concept(text="MR Unsafe")])).value == "mr-unsafe"
    assert fact("implant", device(type=pacemaker, safety=[concept(text="MR Conditional")])).value == "yes"


@pytest.mark.parametrize(
    ("value", "possible"),
    [
        ((SNOMED, "77386006", "Pregnant"), ("yes",)),
        ((LOINC, "LA26683-5", "Not pregnant"), ("no",)),
        ((LOINC, "LA4489-6", "Unknown"), YES_NO),
    ],
)
def test_pregnancy_by_the_latest_status(value: tuple[str, str, str], possible: tuple[str, ...]) -> None:
    status = observation(
        "o1", concept((LOINC, "82810-3", "")), "2026-05-01", valueCodeableConcept=concept(value)
    )
    assert fact("pregnancy", status).possible == possible


def test_a_pregnancy_of_years_ago_says_nothing_of_today() -> None:
    code = concept((LOINC, "82810-3", ""))
    old = observation(
        "o1", code, "2022-05-01", valueCodeableConcept=concept((SNOMED, "77386006", "Pregnant"))
    )
    assert fact("pregnancy", old).value == "no"
    listed = condition("c1", concept((ICD, "Z33.1", "")), "2026-03-01")
    assert fact("pregnancy", listed).value == "yes"
    assert fact("pregnancy", {**listed, "recordedDate": "2022-03-01"}).value == "no"
    assert choice(read(patient(gender="male"), listed), "pregnancy").value == "no"


@pytest.mark.parametrize(
    ("value", "unit", "found"),
    [
        (45, "10*3/uL", 45),
        (45, "K/uL", 45),
        (45000, "/uL", 45),
        (45, "x10E9/L", 45),
        (45, None, None),
        (45, "%", None),
    ],
)
def test_platelets_in_their_units(value: float, unit: str | None, found: float | None) -> None:
    quantity = {"value": value, **({"unit": unit} if unit else {})}
    made = observation("o1", concept((LOINC, "777-3", "")), "2026-05-01", valueQuantity=quantity)
    assert measure(read(patient(), made), "platelets").value == found


def test_inr() -> None:
    made = observation(
        "o1", concept((LOINC, "6301-6", "INR")), "2026-05-01", valueQuantity={"value": 1.9, "unit": "{INR}"}
    )
    assert measure(read(patient(), made), "inr").value == 1.9


def radiation(*made: dict[str, Any], **sent: Any) -> Measure:
    found = read(patient(), *made, **sent).facts["radiation_12_months"]
    assert isinstance(found, Measure)
    return found


@pytest.mark.parametrize(
    ("studies", "low", "high"),
    [
        ([], 0, 0),
        ([("US ABDOMEN", "2026-01-05"), ("MRI ABDOMEN", "2026-01-06")], 0, 0),
        ([("CT CHEST W CONTRAST", "2026-01-05")], 1, 10),
        ([("CT CHEST W CONTRAST", "2024-01-05")], 0, 0),
        ([("CT ABDOMEN W CONTRAST MULTIPHASE", "2026-01-05")], 10, 30),
        ([("CT ABDOMEN W CONTRAST", "2026-01-05")], 1, 30),  # its phase is not stated
        ([("CT CHEST", "2026-01-05"), ("FDG PET CT", "2026-02-05"), ("XR CHEST", "2026-03-05")], 11, 40.1),
    ],
)
def test_radiation_is_the_sum_of_the_ranges(studies: list[tuple[str, str]], low: float, high: float) -> None:
    found = radiation(*(report(f"r{i}", words, day) for i, (words, day) in enumerate(studies)))
    assert found.interval.low == low
    assert found.interval.high == pytest.approx(high)


def test_radiation_that_is_not_known_is_never_none() -> None:
    strange = report("r1", "Special study", "2026-01-05", category=[concept(("x", "RAD", ""))])
    unlisted = report("r2", "CT CHEST ABDOMEN PELVIS W CONTRAST", "2026-01-05")
    for found in (radiation(strange), radiation(unlisted), radiation(not_sent=["reports"])):
        assert found.interval.high == math.inf
    assert "the dose of 1 study is not known" in radiation(unlisted).note
    both = radiation(unlisted, report("r3", "CT HEAD", "2026-01-05"))
    assert both.note == "1 study, about 1-10 mSv; the dose of 1 study is not known"
