"""The whole chart: identity, gaps, real samples, and whatever JSON may come."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds_service.fhir.access.prefetch import TYPES, read_prefetch
from cds_service.fhir.chart_reader import read_chart
from cds_service.guideline.chart import Chart, Choice, Measure
from tests.charts import (
    BASE,
    ICD,
    LESION,
    TODAY,
    choice,
    concept,
    condition,
    measure,
    observation,
    patient,
    read,
    report,
    sets,
    size,
    terms,
)

SAMPLES = Path(__file__).parents[1] / "data" / "fhirdata"
FACTS = {
    *(
        "liver_lesion",
        "lesion_size_mm",
        "initial_imaging",
        "extrahepatic_malignancy",
        "chronic_liver_disease",
    ),
    *("egfr", "acute_kidney_injury", "dialysis", "gadolinium_reaction", "iodinated_contrast_reaction"),
    *("ultrasound_contrast_reaction", "implant", "pregnancy", "platelets", "inr", "mri_since"),
    *("radiation_12_months", "liver_malignancy", "mri_result"),
}


def the_reference_patient() -> list[dict[str, Any]]:
    return [
        patient(),
        condition("c1", concept((ICD, "C34.11", ""), text="Lung cancer, s/p lobectomy 2023"), "2023-03-01"),
        report("us-1", "US ABDOMEN COMPLETE", "2026-05-20", conclusionCode=[concept(LESION)]),
        size("s1", 8, "mm", "2026-05-20"),
    ]


def test_the_reference_patient() -> None:
    chart = read(*the_reference_patient())
    assert choice(chart, "liver_lesion").value == "indeterminate"
    assert measure(chart, "lesion_size_mm").value == 8
    assert choice(chart, "initial_imaging").value == "us"
    assert choice(chart, "extrahepatic_malignancy").value == "yes"
    assert choice(chart, "chronic_liver_disease").value == "no"
    assert choice(chart, "mri_since").value == "no"
    assert (chart.age, chart.sex, chart.unusable, chart.remarks) == (60, "female", "", ())


def test_every_fact_is_there_even_of_an_empty_chart() -> None:
    assert set(read().facts) == FACTS
    assert set(read(not_sent=list(TYPES)).facts) == FACTS


def test_nothing_is_claimed_when_nothing_was_searched() -> None:
    for fact in read(not_sent=list(TYPES)).facts.values():
        assert fact.value is None


def test_a_resource_of_another_patient_empties_the_chart() -> None:
    foreign = observation(
        "x", concept(text="x"), subject={"reference": "https://ehr.example/fhir/Patient/p2"}
    )
    chart = read(*the_reference_patient(), foreign)
    assert (dict(chart.facts), chart.age, chart.sex) == ({}, None, None)
    assert chart.unusable == "the chart holds a resource of another patient (Observation)"


@pytest.mark.parametrize(
    ("born", "age"),
    [
        ("1966-06-01", 60),
        ("1966-06-02", 59),
        ("1966", 59),
        ("2008-06", None),  # turns 18 this month, or has not yet
        ("2008-06-02", 17),
        ("2026-12-01", None),
        ("1899", 126),
        (None, None),
        ("x", None),
    ],
)
def test_age_in_whole_years(born: str | None, age: int | None) -> None:
    assert read(patient(birthDate=born)).age == age


def test_sex_is_male_or_female_or_not_known() -> None:
    assert [read(patient(gender=g)).sex for g in ("male", "Female", "other", None, 3)] == [
        "male",
        "female",
        None,
        None,
        None,
    ]


def test_what_could_not_be_relied_on_is_remarked_without_patient_data() -> None:
    (remark,) = read(patient(), condition("secret-id", concept(text="Lung cancer"), subject=None)).remarks
    assert remark.startswith("1 record ")
    assert "secret" not in remark
    assert "ancer" not in remark


def test_the_order_of_resources_never_matters() -> None:
    resources = [*the_reference_patient(), condition("c2", concept((ICD, "K74.60", "")))]
    assert read(*resources).facts == read(*reversed(resources)).facts


def test_nothing_given_is_changed() -> None:
    resources = the_reference_patient()
    before = json.dumps(resources)
    read(*resources)
    assert json.dumps(resources) == before


def samples() -> list[Path]:
    return sorted(path for path in SAMPLES.rglob("*.json"))


def bundle_of(path: Path) -> Any:
    content = json.loads(path.read_text(encoding="utf-8"))
    return content.get("body", content)  # captures wrap what the server answered


def owner_of(resources: Sequence[Mapping[str, Any]]) -> str:
    """The patient the first resource names."""
    for one in resources:
        named = one.get("subject") or one.get("patient") or {}
        reference = named.get("reference", "")
        if one["resourceType"] == "Patient":
            return str(one["id"])
        if reference:
            return str(reference.rpartition("/")[2].removeprefix("urn:uuid:"))
    return "nobody"


@pytest.mark.parametrize("path", samples(), ids=lambda path: path.stem)
def test_real_samples_are_read(path: Path) -> None:
    found = read_prefetch({"chart": bundle_of(path)})
    resources = [one for each in found.values() for one in each.resources]
    chart = read_chart(found, terms(), owner_of(resources), None, TODAY)
    assert not chart.unusable
    assert set(chart.facts) == FACTS
    assert not any("could not be read" in remark for remark in chart.remarks)
    if resources:
        assert read_chart(found, terms(), "somebody-else", None, TODAY).facts.keys() in (set(), FACTS)


def read_sample(name: str) -> Chart:
    found = read_prefetch({"chart": bundle_of(SAMPLES / name)})
    resources = [one for each in found.values() for one in each.resources]
    return read_chart(found, terms(), owner_of(resources), None, TODAY)


@pytest.mark.parametrize("name", ["nsclc-stage1", "colon-primary", "secondary-malignant-neoplasm-of-colon"])
def test_synthea_cancers_are_found(name: str) -> None:
    assert choice(read_sample(f"synthea-java-2021/{name}.json"), "extrahepatic_malignancy").value == "yes"


def test_family_history_in_the_standard_s_example_is_no_cancer() -> None:
    fact = choice(read_sample("hl7-r4-examples/Condition-family-history.json"), "extrahepatic_malignancy")
    assert fact.evidence == ()


def test_epic_s_lab_results_are_read() -> None:
    chart = read_sample("ehr-epic-sandbox/observation-lab-erXuFYUfucBZaryVksYEcMg3.json")
    assert isinstance(chart.facts["platelets"], Measure)


NAMES = [
    *("code", "coding", "system", "display", "text", "subject", "patient", "reference", "status", "bodySite"),
    *(
        "clinicalStatus",
        "verificationStatus",
        "valueQuantity",
        "value",
        "unit",
        "comparator",
        "component",
        "result",
    ),
    *(
        "effectiveDateTime",
        "effectivePeriod",
        "start",
        "end",
        "conclusion",
        "conclusionCode",
        "identifier",
        "id",
    ),
    *(
        "contained",
        "modifierExtension",
        "meta",
        "versionId",
        "lastUpdated",
        "series",
        "modality",
        "description",
    ),
    *(
        "reaction",
        "severity",
        "manifestation",
        "substance",
        "deviceName",
        "name",
        "type",
        "safety",
        "category",
    ),
    *(
        "presentedForm",
        "contentType",
        "data",
        "evidence",
        "detail",
        "focus",
        "derivedFrom",
        "basedOn",
        "issued",
    ),
    *(
        "onsetDateTime",
        "recordedDate",
        "abatementDateTime",
        "valueString",
        "valueCodeableConcept",
        "valueRange",
    ),
    *(
        "low",
        "high",
        "valueBoolean",
        "valueInteger",
        "birthDate",
        "gender",
        "started",
        "procedureCode",
        "notDone",
    ),
]
WORDS = [
    *(
        "Patient/p1",
        "#a",
        "urn:uuid:x",
        "Observation/a",
        "2026-05",
        "2026-13-41T99:99:99+9999",
        "0000",
        "9999-12-31",
    ),
    *(
        "8 mm",
        "<1 cm",
        "liver lesion",
        "33728-7",
        "777-3",
        "98979-8",
        "2160-0",
        "final",
        "http://loinc.org",
        "mm",
    ),
    *(
        "mg/dL",
        "300331000",
        "10200004",
        "http://snomed.info/sct",
        "CT ABDOMEN",
        "MRI ABDOMEN W WO CONTRAST",
        "US",
    ),
]
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS) | st.text(max_size=8)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=10,
)
KINDS = st.sampled_from(list(TYPES.values()))
ANYTHING = st.builds(
    lambda members, kind: {**members, "resourceType": kind},
    st.dictionaries(st.sampled_from(NAMES), JSON, max_size=10),
    KINDS,
)
OURS = {"subject": {"reference": "Patient/p1"}, "patient": {"reference": "Patient/p1"}}
RESOURCES = st.lists(
    ANYTHING.map(lambda one: one | OURS if one["resourceType"] != "Patient" else one | {"id": "p1"}),
    max_size=4,
)
FEW = settings(max_examples=150, suppress_health_check=list(HealthCheck))


@FEW
@given(RESOURCES)
def test_no_json_breaks_it(resources: list[dict[str, Any]]) -> None:
    chart = read_chart(sets(resources), terms(), "p1", BASE, TODAY)
    for fact in chart.facts.values():
        assert not isinstance(fact, Choice) or fact.possible
        for found in fact.evidence:
            assert len(found.text) <= 200
            assert "\n" not in found.text


@FEW
@given(ANYTHING, st.sampled_from(["subject", "patient"]), st.integers(0, 4))
def test_another_patient_s_resource_always_empties_it(
    strange: dict[str, Any], member: str, position: int
) -> None:
    strange |= {member: {"reference": "Patient/p2"}} if strange["resourceType"] != "Patient" else {"id": "p2"}
    resources = the_reference_patient()
    resources.insert(position, strange)
    chart = read_chart(sets(resources), terms(), "p1", BASE, TODAY)
    assert chart.unusable
    assert not chart.facts


@FEW
@given(st.dates(date(2020, 1, 1), date(2026, 5, 31)), st.sampled_from([3.0, 8.0, 10.0, 25.0]))
def test_a_size_is_never_invented(day: date, value: float) -> None:
    chart = read(patient(), size("s1", value, day=day.isoformat()))
    recent = day >= date(2025, 6, 1)  # an older size says nothing of today
    assert measure(chart, "lesion_size_mm").value == (value if recent else None)
