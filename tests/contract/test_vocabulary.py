"""Our words against the standard's, pinned: a client compares them letter by letter.

Sources: CDS Hooks 2.0.1 (indicator, selection behaviour, action and link types), HL7 Terminology
(card types, non-adherence reasons), Argonaut "CDS Hooks for PAMA" (extensions and ratings).
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cards import annotation, invariants, profiles, vocabulary
from cards.card import ActionType, SelectionBehavior
from cards.vocabulary import Band, Indicator, Rating, Topic, Verdict
from cds_service.guideline.content import library

DATA = Path(__file__).parents[1] / "data"

# http://terminology.hl7.org/CodeSystem/cdshooks-card-type, version 1.0.0
CARD_TYPES = {
    "coverage-info",
    "unsolicited-determ",
    "claim",
    "insurance",
    "limits",
    "network",
    "appropriate-use",
    "cost",
    "therapy-alternatives-opt",
    "therapy-alternatives-req",
    "clinical-reminder",
    "duplicate-therapy",
    "contraindication",
    "guideline",
    "off-guideline",
}


def _concepts(level: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for concept in level:
        yield concept["code"], concept["display"]
        yield from _concepts(concept.get("concept", []))


def test_indicators_are_the_standards_without_critical() -> None:
    assert {indicator.value for indicator in Indicator} == {"info", "warning"}
    assert {"info", "warning", "critical"} == invariants.INDICATORS


def test_selection_behavior_action_and_link_types() -> None:
    assert {behavior.value for behavior in SelectionBehavior} == {"at-most-one", "any"}
    assert {action.value for action in ActionType} == {"create", "update", "delete"}
    assert {"absolute", "smart"} == invariants.LINK_TYPES


def test_topics_are_card_types() -> None:
    assert vocabulary.CARD_TYPE == "http://terminology.hl7.org/CodeSystem/cdshooks-card-type"
    assert {topic.value for topic in Topic} <= CARD_TYPES


@pytest.mark.parametrize("topic", Topic)
def test_epic_topics_are_alphanumeric_and_short(topic: Topic) -> None:
    code = profiles.EPIC.topic(topic).code
    assert code.isascii()
    assert code.isalnum()
    assert len(code) <= 100


def test_override_reasons_of_hl7_keep_code_and_display() -> None:
    system = json.loads((DATA / "cds-hooks/CodeSystem-non-adherence-reason-codes.json").read_text())
    assert system["url"] == vocabulary.NON_ADHERENCE
    concepts = dict(_concepts(system["concept"]))
    ours = [reason for reason in library.load().override_reasons if reason.system == vocabulary.NON_ADHERENCE]
    assert ours
    assert {(reason.code, reason.display) for reason in ours} <= set(concepts.items())


def test_every_override_reason_has_a_system_a_code_and_a_display() -> None:
    for reason in library.load().override_reasons:
        assert reason.system.startswith(("http://", "https://"))
        assert reason.code
        assert reason.display


def test_argonaut_extensions_and_codes() -> None:
    base = "http://fhir.org/argonaut/Extension/"
    assert base + "pama-rating" == annotation.RATING
    assert base + "pama-rating-qcdsm-consulted" == annotation.QCDSM_CONSULTED
    assert base + "pama-rating-consult-id" == annotation.CONSULT_ID
    assert base + "pama-rating-auc-applied" == annotation.AUC_APPLIED
    assert vocabulary.ARGONAUT_RATING == "http://fhir.org/argonaut/CodeSystem/pama-rating"
    codes = {annotation.APPROPRIATE.code, annotation.NOT_APPROPRIATE.code, annotation.NO_CRITERIA_APPLY.code}
    assert codes == {"appropriate", "not-appropriate", "no-criteria-apply"} == invariants.ARGONAUT_CODES


def test_our_own_systems_and_codes_are_the_contracts() -> None:
    base = "https://liver-lesion-cds.example/fhir/CodeSystem/"
    assert base + "acr-rating" == vocabulary.ACR_RATING
    assert base + "acr-median" == vocabulary.ACR_MEDIAN
    assert base + "answer" == vocabulary.ANSWER
    assert [rating.value for rating in Rating] == [
        "usually-appropriate",
        "may-be-appropriate",
        "may-be-appropriate-disagreement",
        "usually-not-appropriate",
    ]
    assert (annotation.UNDETERMINED.system, annotation.UNDETERMINED.code) == (
        vocabulary.ACR_RATING,
        "undetermined",
    )


def test_verdicts_are_those_that_explain_prints() -> None:
    assert {verdict.value for verdict in Verdict} == {
        "rated",
        "undetermined",
        "conflicting",
        "no-criteria",
        "after-mri",
        "not-applicable",
        "unreadable",
    }


def test_code_systems_are_spelled_as_fhir_does() -> None:
    assert vocabulary.CPT == "http://www.ama-assn.org/go/cpt"
    assert vocabulary.LOINC == "http://loinc.org"
    assert vocabulary.SNOMED_CT == "http://snomed.info/sct"
    assert vocabulary.ICD_10_CM == "http://hl7.org/fhir/sid/icd-10-cm"
    assert vocabulary.RADLEX == "http://radlex.org"


def test_a_disagreement_is_flagged_within_its_band() -> None:
    assert Rating.MAY_BE_APPROPRIATE_DISAGREEMENT.band is Rating.MAY_BE_APPROPRIATE.band is Band.MAY_BE
    assert "disagreed" in Rating.MAY_BE_APPROPRIATE_DISAGREEMENT.words
