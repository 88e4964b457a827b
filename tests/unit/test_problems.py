"""Facts of the problem list: extrahepatic malignancy, chronic liver disease, liver malignancy."""

from typing import Any

import pytest

from cds_service.fhir.datatypes.references import owner
from cds_service.fhir.evidence import sort_out
from cds_service.fhir.facts.problems import (
    LIVER_LESION_CONCEPTS,
    LIVER_SITE,
    NO_WORDS,
    OTHER_CONCEPTS,
    UNREADABLE,
    yes_no,
)
from cds_service.guideline.chart import Choice, Searched
from cds_service.guideline.content.library import load
from tests.charts import ICD, LIVER, SNOMED, choice, concept, condition, patient, read, sets

YES_NO = ("yes", "no")


def cancer(*conditions: dict[str, Any], **gaps: Any) -> Choice:
    return choice(read(patient(), *conditions, **gaps), "extrahepatic_malignancy")


def liver_disease(*conditions: dict[str, Any], **gaps: Any) -> Choice:
    return choice(read(patient(), *conditions, **gaps), "chronic_liver_disease")


def status(**members: str) -> dict[str, Any]:
    return {name: concept(("x", value, "")) for name, value in members.items()}


def test_every_concept_that_is_read_is_in_the_library() -> None:
    assert {*LIVER_LESION_CONCEPTS, *OTHER_CONCEPTS, LIVER_SITE} <= set(load().concepts)


@pytest.mark.parametrize(
    "code",
    [
        concept((ICD, "C34.11", "")),
        concept(("urn:oid:2.16.840.1.113883.6.90", "C34.11", "")),
        concept((SNOMED, "254637007", "Non-small cell lung cancer (disorder)")),
        concept((ICD, "Z85.118", "")),
        concept((ICD, "C78.7", "")),
        concept(text="Lung cancer, s/p lobectomy 2023"),
        concept(("urn:oid:1.2.840.114350.1", "99", "local"), (ICD, "C50.911", ""), text="Breast cancer"),
    ],
)
def test_these_prove_a_cancer(code: dict[str, Any]) -> None:
    fact = cancer(condition("c1", code, "2023-01-02"))
    assert fact.value == "yes"
    assert [found.resource for found in fact.evidence] == ["Condition/c1"]


@pytest.mark.parametrize(
    "code",
    [
        concept(text="Benign neoplasm of brain"),
        concept(text="Colon cancer screening declined"),
        concept((SNOMED, "312824007", "Family history of cancer of colon")),
        concept((ICD, "D05.11", "")),
        concept((ICD, "C44.311", "")),
        concept((ICD, "C22.0", "")),
        concept((ICD, "Z85.05", "")),
        concept((ICD, "I10", "Essential hypertension")),
    ],
)
def test_these_are_no_cancer(code: dict[str, Any]) -> None:
    fact = cancer(condition("c1", code))
    assert (fact.value, fact.searched) == ("no", Searched.COMPLETE)


@pytest.mark.parametrize("clinical", ["active", "inactive", "resolved", "remission"])
def test_a_cancer_counts_whether_active_or_past(clinical: str) -> None:
    assert (
        cancer(condition("c1", concept((ICD, "C34.1", "")), **status(clinicalStatus=clinical))).value == "yes"
    )


@pytest.mark.parametrize("verification", ["unconfirmed", "provisional", "differential", "made-up"])
def test_an_unconfirmed_cancer_leaves_it_open(verification: str) -> None:
    fact = cancer(condition("c1", concept((ICD, "C34.1", "")), **status(verificationStatus=verification)))
    assert fact.possible == YES_NO
    assert "unconfirmed" in fact.note


@pytest.mark.parametrize("verification", ["refuted", "entered-in-error"])
def test_a_refuted_cancer_is_none(verification: str) -> None:
    fact = cancer(condition("c1", concept((ICD, "C34.1", "")), **status(verificationStatus=verification)))
    assert fact.value == "no"


def test_a_suspected_cancer_leaves_it_open() -> None:
    assert cancer(condition("c1", concept(text="Suspected lung cancer"))).possible == YES_NO


def test_a_condition_without_code_or_words_leaves_it_open() -> None:
    fact = cancer(condition("c1", concept(("urn:oid:1.2.840", "12345", ""))))
    assert fact.possible == YES_NO
    assert NO_WORDS in fact.note


def test_what_cannot_be_relied_on_leaves_it_open_and_never_proves() -> None:
    code = concept((ICD, "C34.1", ""))
    for broken in (
        {"modifierExtension": [{"url": "http://x"}]},
        {"subject": None},
        {"subject": {"display": "A"}},
    ):
        fact = cancer(condition("c1", code, **broken))
        assert fact.possible == YES_NO
        assert "relied on" in fact.note
    unrelated = condition("c1", concept((ICD, "I10", "Hypertension")), subject=None)
    assert cancer(unrelated).value == "no"


def test_one_sure_entry_outweighs_doubtful_ones() -> None:
    sure = condition("c1", concept((ICD, "C34.1", "")))
    doubtful = condition("c2", concept(text="Possible colon cancer"))
    assert cancer(doubtful, sure).value == "yes"


def test_nothing_found_counts_only_as_far_as_the_search_went() -> None:
    assert cancer().value == "no"
    cut = cancer(cut_short=["conditions"])
    assert (cut.possible, cut.searched) == (YES_NO, Searched.CUT_SHORT)
    missing = cancer(not_sent=["conditions"])
    assert (missing.possible, missing.searched) == (YES_NO, Searched.NOT_SEARCHED)


def test_what_was_found_counts_though_the_search_was_cut_short() -> None:
    fact = cancer(condition("c1", concept((ICD, "C34.1", ""))), cut_short=["conditions"])
    assert (fact.value, fact.searched) == ("yes", Searched.CUT_SHORT)


def test_a_cancer_located_in_the_liver_by_its_site_is_not_outside_it() -> None:
    fact = cancer(condition("c1", concept(text="Malignant neoplasm"), bodySite=[LIVER]))
    assert fact.value != "yes"


def test_evidence_is_newest_first_and_in_the_entry_s_own_words() -> None:
    old = condition("c1", concept((ICD, "C18.9", ""), text="Colon cancer"), "2015-01-01")
    new = condition("c2", concept((ICD, "C34.1", ""), text="Lung\ncancer"), "2023-01-01")
    fact = cancer(old, new)
    assert [(found.resource, found.text) for found in fact.evidence] == [
        ("Condition/c2", "Lung cancer"),
        ("Condition/c1", "Colon cancer"),
    ]


@pytest.mark.parametrize(
    "code",
    [
        concept((ICD, "K74.60", "")),
        concept((SNOMED, "19943007", "Cirrhosis of liver")),
        concept((ICD, "B18.2", "")),
    ],
)
def test_these_are_chronic_liver_disease(code: dict[str, Any]) -> None:
    assert liver_disease(condition("c1", code)).value == "yes"


@pytest.mark.parametrize(
    "code", [concept((ICD, "K76.0", "")), concept((ICD, "K76.89", "")), concept((ICD, "R93.2", ""))]
)
def test_these_are_not(code: dict[str, Any]) -> None:
    assert liver_disease(condition("c1", code)).value == "no"


def test_liver_disease_that_is_over_leaves_it_open() -> None:
    code = concept((ICD, "B18.2", "Chronic viral hepatitis C"))
    for members in (status(clinicalStatus="resolved"), {"clinicalStatus": None, "abatementDateTime": "2020"}):
        assert liver_disease(condition("c1", code, **members)).possible == YES_NO
    assert liver_disease(condition("c1", code, clinicalStatus=None)).value == "yes"


def test_liver_malignancy_needs_an_active_confirmed_entry() -> None:
    code = concept((ICD, "C78.7", ""))
    active = read(patient(), condition("c1", code))
    assert choice(active, "liver_malignancy").value == "yes"
    past = read(patient(), condition("c1", code, **status(clinicalStatus="resolved")))
    assert choice(past, "liver_malignancy").possible == YES_NO
    assert choice(read(patient()), "liver_malignancy").value == "no"


def test_a_condition_that_could_not_be_read_leaves_it_open() -> None:
    records = sort_out(sets([]), owner("p1", None))
    records.unread.add("Condition/c9")
    fact = yes_no([], "extrahepatic-malignancy", records)
    assert (fact.possible, fact.note) == (YES_NO, UNREADABLE)
