"""Is there a liver lesion, and has it a diagnosis: what outweighs what, and when."""

from typing import Any

import pytest

from cds_service.fhir.facts.conclusions import sentences
from cds_service.guideline.chart import Choice, Searched
from tests.charts import (
    ICD,
    LESION,
    LIVER,
    SNOMED,
    choice,
    concept,
    condition,
    observation,
    patient,
    read,
    report,
    size,
)

ALL = ("indeterminate", "characterized", "none")
OPEN = ("indeterminate", "characterized")
HEMANGIOMA = concept((SNOMED, "93469006", "Hemangioma of liver"))
METASTASIS = concept((ICD, "C78.7", "Secondary malignant neoplasm of liver"))


def lesion(*resources: dict[str, Any], **gaps: Any) -> Choice:
    return choice(read(patient(), *resources, **gaps), "liver_lesion")


def state(clinical: str) -> dict[str, Any]:
    return {"clinicalStatus": concept(("x", clinical, ""))}


def seen(day: str | None = "2026-05-20", **members: Any) -> dict[str, Any]:
    return report("us-1", "US ABDOMEN", day, **{"conclusionCode": [concept(LESION)], **members})


@pytest.mark.parametrize(
    "resource",
    [
        condition("c1", concept(LESION)),
        condition("c1", concept((ICD, "D37.6", ""))),
        condition("c1", concept(text="Liver mass")),
        condition("c1", concept(text="Mass"), bodySite=[LIVER]),
        condition("c1", concept((ICD, "K76.89", ""), text="Indeterminate liver lesion")),
        condition("c1", HEMANGIOMA, verificationStatus=concept(("x", "provisional", ""))),
        condition("c1", METASTASIS, verificationStatus=concept(("x", "differential", ""))),
        condition("c1", concept(text="Probable hemangioma of liver")),
        seen(),
        report(
            "r1", "US ABDOMEN", conclusion="Gallstones. New 8 mm hypoechoic lesion in the right hepatic lobe."
        ),
        observation("o1", concept(LESION)),
        observation("o1", concept(LESION), valueBoolean=True),
        observation("o1", concept(text="Finding"), valueCodeableConcept=concept(LESION)),
        observation("o1", concept(text="Imaging"), component=[{"code": concept(LESION)}]),
        observation("o1", concept(text="Impression"), valueString="Gallstones. 8 mm liver lesion."),
        size("s1", 8),
    ],
)
def test_a_lesion_without_a_definite_diagnosis_is_indeterminate(resource: dict[str, Any]) -> None:
    fact = lesion(resource)
    assert fact.value == "indeterminate"
    assert fact.evidence[0].resource == f"{resource['resourceType']}/{resource['id']}"


@pytest.mark.parametrize(
    "resource",
    [
        condition("c1", HEMANGIOMA),
        condition("c1", HEMANGIOMA, verificationStatus=None, clinicalStatus=None),
        condition("c1", METASTASIS),
        condition("c1", concept((ICD, "C22.0", ""))),
        report("r1", "MRI LIVER W WO CONTRAST", conclusionCode=[HEMANGIOMA]),
        observation("o1", concept(text="Finding"), valueCodeableConcept=HEMANGIOMA),
    ],
)
def test_a_definite_diagnosis_characterizes_it(resource: dict[str, Any]) -> None:
    assert lesion(resource).value == "characterized"


@pytest.mark.parametrize(
    "resource",
    [
        condition("c1", METASTASIS, **state("resolved")),
        condition("c1", concept(LESION), **state("inactive")),
        observation("o1", concept(LESION), valueBoolean=False),
        observation("o1", concept(LESION), valueCodeableConcept=concept((SNOMED, "2667000", "Absent"))),
        observation("o1", concept(LESION), valueString="No focal lesion seen"),
        observation("o1", concept(text="Family history"), valueCodeableConcept=METASTASIS),
        report("r1", "US ABDOMEN", conclusion="No focal liver lesion."),
        report("r1", "US ABDOMEN", conclusion="No focal\nliver lesion is seen."),
        report("r1", "CT ABDOMEN", conclusion="Status post resection of liver metastasis."),
        observation(
            "o1", concept(text="Finding"), component=[{"code": concept(LESION), "modifierExtension": [{}]}]
        ),
        report("r1", "US ABDOMEN", conclusion="INDICATION: liver lesion.\nIMPRESSION: Normal abdomen."),
        report("r1", "US ABDOMEN", status="cancelled", conclusionCode=[concept(LESION)]),
        size("s1", 8, bodySite=concept(text="Kidney")),
    ],
)
def test_these_leave_no_lesion(resource: dict[str, Any]) -> None:
    assert lesion(resource).value == "none"


def test_a_code_that_covers_diagnosed_lesions_leaves_it_open() -> None:
    assert lesion(condition("c1", concept((ICD, "K76.89", "")))).possible == OPEN


def test_words_settle_an_unspecific_code() -> None:
    code = concept((ICD, "K76.89", ""), text="Simple cyst of liver")
    assert lesion(condition("c1", code)).value == "characterized"


def test_abnormal_imaging_alone_does_not_tell() -> None:
    assert lesion(condition("c1", concept((ICD, "R93.2", "")))).possible == ("indeterminate", "none")


def test_a_diagnosis_in_a_report_counts_when_it_is_of_every_lesion() -> None:
    assert lesion(report("r1", "US ABDOMEN", conclusion="Simple hepatic cyst.")).value == "characterized"
    both = "Simple hepatic cyst. Additional 7 mm liver lesion, too small to characterize."
    assert lesion(report("r1", "US ABDOMEN", conclusion=both)).value == "indeterminate"


def test_one_report_with_a_diagnosed_and_an_undiagnosed_lesion_leaves_it_open() -> None:
    assert lesion(seen(conclusionCode=[HEMANGIOMA, concept(LESION)])).possible == OPEN


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        (condition("c1", HEMANGIOMA, "2019-04-02"), ("indeterminate",)),
        (condition("c1", HEMANGIOMA, "2019"), ("indeterminate",)),
        (condition("c1", METASTASIS, "2019-04-02", **state("resolved")), ("indeterminate",)),
        (condition("c1", HEMANGIOMA, "2026-05-25"), ("characterized",)),
        (condition("c1", HEMANGIOMA, None), OPEN),
        (condition("c1", HEMANGIOMA, "2026"), OPEN),
        (condition("c1", HEMANGIOMA, "2026-05-25", onsetDateTime="2026-05-01"), OPEN),
    ],
)
def test_newer_evidence_reopens_the_question_and_older_does_not(
    old: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert lesion(old, seen("2026-05-20")).possible == expected


def test_an_undated_lesion_beside_a_diagnosis_is_open() -> None:
    assert (
        lesion(condition("c1", HEMANGIOMA, "2026-05-25"), condition("c2", concept(LESION))).possible == OPEN
    )


def test_a_new_size_beside_an_old_diagnosis_is_open() -> None:
    assert lesion(condition("c1", HEMANGIOMA, "2019-04-02"), size("s1", 8)).possible == OPEN


def test_a_lesion_that_was_treated_since_may_be_gone() -> None:
    treated = condition("c1", METASTASIS, "2026-05-25", **state("resolved"))
    assert lesion(treated, seen("2026-05-20")).possible == ("indeterminate", "none")


def test_what_cannot_be_relied_on_only_widens() -> None:
    modifier: dict[str, Any] = {"modifierExtension": [{"url": "http://x"}]}
    assert lesion(seen(**modifier)).possible == ("indeterminate", "none")
    assert lesion(seen(), condition("c1", HEMANGIOMA, "2026-05-25", **modifier)).possible == OPEN


def test_nothing_found_counts_only_as_far_as_the_search_went() -> None:
    assert lesion().value == "none"
    for key in ("conditions", "reports"):
        cut = lesion(cut_short=[key])
        assert (cut.possible, cut.searched, cut.evidence) == (ALL, Searched.CUT_SHORT, ())
        assert lesion(not_sent=[key]).searched is Searched.NOT_SEARCHED


def test_a_report_that_could_not_be_read_may_hold_one() -> None:
    pdf: dict[str, Any] = {"presentedForm": [{"contentType": "application/pdf", "url": "Binary/1"}]}
    fact = lesion(report("r1", "US ABDOMEN", **pdf))
    assert (fact.possible, fact.evidence) == (ALL, ())
    assert "could not be read" in fact.note
    assert lesion(report("r1", "XR CHEST", **pdf)).value == "none"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. Liver lesion 0.8 cm.\n2. Gallstones.", ["1.", "Liver lesion 0.8 cm.", "2.", "Gallstones."]),
        ("A lesion measuring\n8 mm in the liver.", ["A lesion measuring 8 mm in the liver."]),
        ("COMPARISON: CT 2019, liver lesion\n\nFINDINGS: Clear.", ["Clear."]),
        ("", []),
    ],
)
def test_conclusions_are_read_by_sentence(text: str, expected: list[str]) -> None:
    assert list(sentences(text)) == expected
