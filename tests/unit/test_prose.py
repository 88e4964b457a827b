"""Reports in prose as evidence: the same facts as from codes, and what follows an MRI."""

import base64
from typing import Any

import pytest

from cds_service.guideline.chart import Chart, Measure
from tests.charts import LESION, choice, concept, condition, measure, patient, read, report

ULTRASOUND = (
    "EXAM: US abdomen complete\nHISTORY: resected lung cancer.\n"
    "FINDINGS: The liver measures 16.2 cm. New 8 mm hypoechoic lesion in the right lobe. Spleen 11 cm.\n"
    "IMPRESSION: 8 mm indeterminate liver lesion, too small to characterize."
)
US_DAY, MRI_DAY = "2026-05-20", "2026-05-28"
FULL_MRI = "MRI ABDOMEN WITHOUT AND WITH CONTRAST"


def form(text: str, kind: str = "text/plain") -> dict[str, Any]:
    return {"contentType": kind, "data": base64.b64encode(text.encode()).decode()}


def ultrasound(**members: Any) -> dict[str, Any]:
    return report("us1", "US ABDOMEN", US_DAY, **{"presentedForm": [form(ULTRASOUND)], **members})


def after(mri_text: str, title: str = FULL_MRI) -> Chart:
    return read(patient(), ultrasound(), report("mr1", title, MRI_DAY, conclusion=mri_text))


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"presentedForm": [], "conclusion": "8 mm indeterminate liver lesion."},
        {"presentedForm": [form(f"<p>{ULTRASOUND}</p>", "text/html")]},
        {"presentedForm": [], "text": {"div": "<div>Liver: 8 mm hypoechoic lesion, indeterminate.</div>"}},
    ],
)
def test_a_report_in_prose_gives_the_lesion_its_size_and_its_study(members: dict[str, Any]) -> None:
    chart = read(patient(), ultrasound(**members))
    assert choice(chart, "liver_lesion").value == "indeterminate"
    assert choice(chart, "initial_imaging").value == "us"
    size = measure(chart, "lesion_size_mm")
    assert size.value == 8
    assert "8 mm" in size.evidence[0].text
    assert size.evidence[0].resource == "DiagnosticReport/us1"


def test_the_technique_says_how_contrast_was_given() -> None:
    text = (
        "TECHNIQUE: CT of the abdomen in late arterial, portal venous and delayed phases.\n"
        "IMPRESSION: Indeterminate 14 mm liver lesion."
    )
    chart = read(patient(), report("ct1", "CT ABDOMEN W CONTRAST", US_DAY, presentedForm=[form(text)]))
    assert choice(chart, "initial_imaging").value == "ct-multiphase"


def test_a_laboratory_report_is_not_read_for_lesions() -> None:
    words = {"conclusion": "Liver lesion 8 mm.", "category": [concept(("x", "LAB", ""))]}
    assert (
        choice(read(patient(), report("l1", "Pathology", US_DAY, **words)), "liver_lesion").value
        != "indeterminate"
    )


@pytest.mark.parametrize(
    ("words", "result"),
    [
        ("8 mm lesion in segment 6 is consistent with metastasis.", ("metastasis",)),
        ("8 mm lesion in segment 6 is a hemangioma.", ("benign",)),
        ("The 8 mm liver lesion remains indeterminate.", ("indeterminate",)),
    ],
)
def test_what_the_mri_since_concludes(words: str, result: tuple[str, ...]) -> None:
    chart = after(words)
    assert choice(chart, "mri_since").value == "yes"
    assert choice(chart, "mri_result").possible == result
    assert choice(chart, "initial_imaging").value == "us"


def test_an_mri_without_a_readable_result_leaves_every_next_step() -> None:
    assert len(choice(after(""), "mri_result").possible) == 3


def test_a_limited_mri_neither_ends_the_topic_nor_is_the_first_study() -> None:
    chart = after("Limited study: severe motion degraded images. The liver lesion is not well seen.")
    assert choice(chart, "mri_since").value == "no"
    assert choice(chart, "initial_imaging").value == "us"
    assert any("technically limited" in remark and "repeating" in remark for remark in chart.remarks)


def test_a_perfusion_anomaly_is_named_as_a_mimic() -> None:
    words = "Transient hepatic attenuation difference in segment 4. Indeterminate 8 mm liver lesion."
    chart = read(patient(), report("ct1", "CT ABDOMEN W CONTRAST", US_DAY, conclusion=words))
    assert any("mimic" in remark for remark in chart.remarks)


def test_studies_of_the_last_month_are_known_as_done() -> None:
    chart = read(
        patient(),
        condition("c1", concept(LESION), "2026-05-01"),
        report("mr1", FULL_MRI, MRI_DAY),
        report("us1", "US ABDOMEN", "2026-04-01"),
        report("ct1", "CT ABDOMEN", MRI_DAY),  # which one is not stated
    )
    assert [done.procedure for done in chart.done_lately] == ["mri-abdomen-without-and-with-iv-contrast"]


def test_a_coded_size_and_the_same_size_in_prose_are_one() -> None:
    fact = read(patient(), ultrasound(), report("us2", "US ABDOMEN", US_DAY)).facts["lesion_size_mm"]
    assert isinstance(fact, Measure)
    assert fact.value == 8
