"""How the lesion was found, whether MRI followed, and one study recorded three ways."""

from typing import Any

import pytest

from cds_service.fhir.facts.studies import MOST_RECORDS
from cds_service.guideline.chart import IMAGING_KINDS, Choice, Searched
from tests.charts import (
    CPT,
    ICD,
    LESION,
    LOINC,
    SNOMED,
    choice,
    concept,
    condition,
    patient,
    read,
    report,
    resource,
    size,
)

NAMED: dict[str, Any] = {"conclusionCode": [concept(LESION)]}
PDF: dict[str, Any] = {"presentedForm": [{"contentType": "application/pdf", "url": "Binary/1"}]}
MRI_FULL = "MRI ABDOMEN W WO CONTRAST"
YES_NO = ("yes", "no")


def first(*resources: dict[str, Any], **gaps: Any) -> Choice:
    return choice(read(patient(), *resources, **gaps), "initial_imaging")


def since(*resources: dict[str, Any], **gaps: Any) -> Choice:
    return choice(read(patient(), *resources, **gaps), "mri_since")


def us(day: str | None = "2026-05-20", **members: Any) -> dict[str, Any]:
    return report("us", "US ABDOMEN COMPLETE", day, **(members or NAMED))


def mri(day: str | None = "2026-05-28", title: str = MRI_FULL, **members: Any) -> dict[str, Any]:
    return report("mri", title, day, **members)


def images(name: str, modality: str, day: str, **members: Any) -> dict[str, Any]:
    coded = [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": modality}]
    return resource("ImagingStudy", name, status="available", started=day, modality=coded, **members)


@pytest.mark.parametrize(
    ("title", "kinds"),
    [
        ("US ABDOMEN COMPLETE", ("us",)),
        ("CT ABDOMEN WITHOUT CONTRAST", ("ct-noncontrast",)),
        ("CT ABDOMEN MULTIPHASE WITH IV CONTRAST", ("ct-multiphase",)),
        ("CT ABDOMEN W CONTRAST", ("ct-single-phase", "ct-multiphase")),
        ("CT ABDOMEN", ("ct-noncontrast", "ct-single-phase", "ct-multiphase")),
        ("MRI ABDOMEN WO CONTRAST", ("mri-noncontrast",)),
        (MRI_FULL, ("mri-with-contrast",)),
        ("CONTRAST ENHANCED ULTRASOUND LIVER", ("ceus",)),
    ],
)
def test_the_kind_of_study_comes_from_its_title(title: str, kinds: tuple[str, ...]) -> None:
    assert set(first(report("r1", title, **NAMED)).possible) == set(kinds)


@pytest.mark.parametrize(
    "code",
    [
        concept((LOINC, "24558-9", "")),
        concept((CPT, "76700", "")),
        concept((SNOMED, "45036003", "Ultrasonography of abdomen")),
    ],
)
def test_the_kind_of_study_comes_from_its_code(code: dict[str, Any]) -> None:
    assert first(us(code=code, **NAMED)).value == "us"


def test_a_report_describes_the_lesion_by_code_words_or_result() -> None:
    assert first(us(**NAMED)).value == "us"
    assert first(us(conclusion="8 mm liver lesion, indeterminate.")).value == "us"
    listed = us(result=[{"reference": "Observation/s1"}])
    assert first(listed, size("s1", 8, day="2026-05-22")).value == "us"
    assert first(us(conclusion="See findings."), size("s1", 8)).value == "us"  # same day, linked with nothing
    derived = size("s1", 8, day="2026-05-22", derivedFrom=[{"reference": "DiagnosticReport/us"}])
    assert first(us(conclusion="See findings."), derived).value == "us"
    stated = condition("c1", concept(LESION), evidence=[{"detail": [{"reference": "DiagnosticReport/us"}]}])
    assert first(us(conclusion="See findings."), stated).value == "us"


def test_a_report_about_something_else_is_not_the_first_imaging() -> None:
    other = report("ct", "CT CHEST", "2026-05-01", conclusion="No nodule.")
    fact = first(us(), other)
    assert fact.value == "us"
    assert [found.resource for found in fact.evidence] == ["DiagnosticReport/us"]


def test_ultrasound_and_limited_ct_are_open_between_them() -> None:
    ct = report("ct", "CT ABDOMEN WITHOUT CONTRAST", "2026-05-10", **NAMED)
    assert first(us(), ct).possible == ("us", "ct-noncontrast")


def test_a_study_that_could_have_characterized_it_decides() -> None:
    ct = report("ct", "CT ABDOMEN MULTIPHASE WITH IV CONTRAST", "2026-05-10", **NAMED)
    assert first(us(), ct).value == "ct-multiphase"
    ceus = report("ceus", "CONTRAST ENHANCED ULTRASOUND LIVER", "2026-05-11", **NAMED)
    assert first(us(), ct, ceus).possible == ("ct-multiphase", "ceus")


def test_only_the_last_twelve_months_count() -> None:
    assert first(us("2025-06-01")).value == "us"
    assert first(us("2025-05-31")).possible == IMAGING_KINDS
    assert first(us("2025")).value == "us"  # may have been within


def test_an_undated_report_counts_and_is_noted() -> None:
    fact = first(us(None))
    assert fact.value == "us"
    assert "undated" in fact.note


def test_a_report_of_tomorrow_is_not_read_as_done_later() -> None:
    assert first(us("2026-06-02")).value == "us"  # where the EHR is, tomorrow may have come
    assert first(us("2026-07-02")).possible == IMAGING_KINDS


@pytest.mark.parametrize("status", ["registered", "cancelled", "entered-in-error", "unknown"])
def test_reports_that_do_not_stand_are_not_counted(status: str) -> None:
    assert first(us(status=status, **NAMED)).possible == IMAGING_KINDS


def test_nothing_found_leaves_every_kind_open() -> None:
    fact = first()
    assert (fact.possible, fact.searched) == (IMAGING_KINDS, Searched.COMPLETE)
    assert first(not_sent=["reports"]).searched is Searched.NOT_SEARCHED


def test_silent_studies_count_only_when_no_report_speaks() -> None:
    lesion = condition("c1", concept(LESION), "2026-05-21")
    assert first(lesion, us(**PDF)).value == "us"
    ct = report("ct", "CT ABDOMEN WITHOUT CONTRAST", "2026-05-10", **NAMED)
    assert first(lesion, us(**PDF), ct).value == "ct-noncontrast"


def test_silent_studies_count_up_to_the_day_after_the_first_evidence() -> None:
    lesion = condition("c1", concept(LESION), "2026-05-19")
    assert first(lesion, us("2026-05-20", **PDF)).value == "us"
    assert first(lesion, us("2026-05-21", **PDF)).possible == IMAGING_KINDS
    undated = condition("c1", concept(LESION))
    assert first(undated, us("2026-05-21", **PDF)).value == "us"


def test_silent_studies_are_of_the_liver_and_may_be_images_or_procedures_alone() -> None:
    lesion = condition("c1", concept(LESION), "2026-05-21")
    assert first(lesion, report("r1", "CT CHEST", "2026-05-20", **PDF)).possible == IMAGING_KINDS
    assert first(lesion, images("i1", "US", "2026-05-20", description="ABDOMEN")).value == "us"
    done = resource(
        "Procedure", "x", status="completed", code=concept((CPT, "76700", "")), performedDateTime="2026-05-20"
    )
    assert first(lesion, done).value == "us"


def test_a_report_with_words_that_are_not_read_here_is_not_silent() -> None:
    text: dict[str, Any] = {"presentedForm": [{"contentType": "text/plain", "data": "Tm90aGluZw=="}]}
    assert first(condition("c1", concept(LESION), "2026-05-21"), us(**text)).possible == IMAGING_KINDS


def test_one_study_recorded_three_ways_is_one_study() -> None:
    order: dict[str, Any] = {"basedOn": [{"reference": "ServiceRequest/o1"}]}
    told = report("ct", "CT ABDOMEN", "2026-05-20", **NAMED, **order)
    shown = images("i1", "CT", "2026-05-20T10:00:00Z", description="ABDOMEN", **order)
    done = resource(
        "Procedure",
        "x",
        status="completed",
        code=concept((CPT, "74150", "")),
        performedDateTime="2026-05-20",
        **order,
    )
    fact = first(told, shown, done)
    assert fact.value == "ct-noncontrast"  # the procedure code tells what the title leaves open
    assert [found.resource for found in fact.evidence] == ["DiagnosticReport/ct"]


def test_two_reports_of_one_day_are_two_studies() -> None:
    ct = report("ct", "CT ABDOMEN WITHOUT CONTRAST", "2026-05-20", **NAMED)
    assert first(us(), ct).possible == ("us", "ct-noncontrast")


def test_a_study_that_cannot_be_relied_on_widens() -> None:
    modifier: dict[str, Any] = {"modifierExtension": [{"url": "http://x"}]}
    assert first(us(**NAMED, **modifier)).possible == IMAGING_KINDS
    ct = report("ct", "CT ABDOMEN WITHOUT CONTRAST", "2026-05-10", **NAMED, **modifier)
    assert first(us(), ct).possible == ("us", "ct-noncontrast")


def test_mri_after_another_study_has_followed_and_is_not_the_first_imaging() -> None:
    results: list[dict[str, Any]] = [{}, NAMED, PDF, {"conclusion": "Hemangioma."}]
    for result in results:
        chart = read(patient(), us(), mri(**result))
        assert choice(chart, "mri_since").value == "yes"
        assert choice(chart, "initial_imaging").value == "us"


@pytest.mark.parametrize(
    "title", ["MRI ABDOMEN WO CONTRAST", "CT ABDOMEN MULTIPHASE WITH IV CONTRAST", "MRI BRAIN W WO CONTRAST"]
)
def test_other_studies_do_not_end_the_topic(title: str) -> None:
    assert since(us(), mri(title=title)).value == "no"


def test_an_mri_before_the_other_study_has_not_followed() -> None:
    assert since(us("2026-05-29"), mri("2026-05-28", **NAMED)).value == "no"
    old = mri("2024-01-01", conclusionCode=[concept((SNOMED, "93469006", "Hemangioma of liver"))])
    assert since(us(), old).value == "no"
    assert first(us(), old).value == "us"


def test_an_mri_that_found_the_lesion_itself_is_the_first_imaging() -> None:
    chart = read(patient(), mri(**NAMED))
    assert choice(chart, "mri_since").value == "no"
    assert choice(chart, "initial_imaging").value == "mri-with-contrast"


def test_without_another_study_the_first_evidence_counts() -> None:
    assert since(condition("c1", concept(LESION), "2026-05-20"), mri()).value == "yes"
    assert since(condition("c1", concept(LESION), "2026-05-28"), mri()).value == "no"
    assert since(condition("c1", concept(LESION), "2026"), mri()).possible == YES_NO


def test_an_mri_whose_contrast_is_not_stated_leaves_it_open() -> None:
    chart = read(patient(), us(), mri(title="MRI ABDOMEN"))
    assert choice(chart, "mri_since").possible == YES_NO
    assert choice(chart, "initial_imaging").value == "us"
    described = read(patient(), us(), mri(title="MRI ABDOMEN", **NAMED))
    assert choice(described, "initial_imaging").possible == ("us", "mri-noncontrast")


def test_an_mri_of_the_same_day_leaves_it_open_unless_times_tell() -> None:
    assert since(us("2026-05-20"), mri("2026-05-20", **NAMED)).possible == YES_NO
    assert since(us("2026-05-20T09:00:00Z"), mri("2026-05-20T15:00:00Z", **NAMED)).value == "yes"


def test_an_undated_mri_leaves_it_open() -> None:
    assert since(us(), mri(None)).possible == YES_NO


def test_without_any_sighting_only_a_recent_unread_mri_leaves_it_open() -> None:
    assert since(mri("2026-04-01", **PDF)).possible == YES_NO
    assert since(mri("2026-04-01", conclusion="Normal liver.")).value == "no"
    assert since(mri("2024-04-01", **PDF)).value == "no"


def test_an_mri_that_cannot_be_relied_on_leaves_it_open() -> None:
    assert since(us(), mri(modifierExtension=[{"url": "http://x"}])).possible == YES_NO


def test_reports_not_searched_leave_it_open_unless_found() -> None:
    assert since(not_sent=["reports"]).possible == YES_NO
    assert since(cut_short=["reports"]).possible == YES_NO
    assert since(us(), mri(), cut_short=["reports"]).value == "yes"


def test_an_earlier_lesion_s_imaging_is_not_the_new_one_s() -> None:
    over: dict[str, Any] = {"clinicalStatus": concept(("x", "resolved", ""))}
    treated = condition("m1", concept((ICD, "C78.7", "")), "2026-01-10", **over)
    old = report(
        "ct", "CT ABDOMEN MULTIPHASE WITH IV CONTRAST", "2026-01-10", conclusionCode=[concept(LESION)]
    )
    assert first(treated, old, us()).value == "us"


def test_records_of_one_accession_number_are_one_study_though_their_days_differ() -> None:
    accession: dict[str, Any] = {"identifier": [{"system": "urn:acc", "value": "A1"}]}
    told = report("ct", "CT ABDOMEN", "2026-05-20", conclusionCode=[concept(LESION)], **accession)
    done = resource("Procedure", "x", status="completed", code=concept((CPT, "74150", "")), **accession)
    near = {**done, "performedDateTime": "2026-05-19T23:00:00Z"}
    assert first(told, near).value == "ct-noncontrast"
    far = {**done, "performedDateTime": "2026-04-01"}
    assert set(first(told, far).possible) == {"ct-noncontrast", "ct-single-phase", "ct-multiphase"}


def test_of_very_many_studies_the_newest_are_read() -> None:
    old = [images(f"i{number}", "CT", "2026-05-01", description="CT liver") for number in range(MOST_RECORDS)]
    found = read(patient(), *old, us("2026-05-20"))
    assert choice(found, "initial_imaging").possible == ("us",)
    assert choice(read(patient(), *old, us("2025-06-01")), "initial_imaging").possible != ("us",)
