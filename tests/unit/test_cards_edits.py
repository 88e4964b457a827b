"""Edits on drafts: what is named changes, everything else stays, and no shape of draft breaks one."""

import copy
from typing import Any

import pytest

from cards import edits
from cards.advice import Answer, Study
from cards.vocabulary import ANSWER, CPT, LOINC, SNOMED_CT, Coding
from tests.advices import ORDER, SIZE

UNDER, OVER = SIZE.answers
MRI = Study(
    "mri",
    "MRI abdomen without and with IV contrast",
    (Coding(CPT, "74183"), Coding(LOINC, "24557-1", "MR abdomen"), Coding(SNOMED_CT, "1")),
    "MRI ABD WWO",
)


def order_of(*systems: str) -> dict[str, Any]:
    return {**ORDER, "code": {"coding": [{"system": system, "code": "1"} for system in systems]}}


def written(order: dict[str, Any], *, cpt_first: bool = False) -> list[str]:
    return [c["system"] for c in edits.with_study(order, MRI, cpt_first=cpt_first)["code"]["coding"]]


def test_another_study_changes_code_and_drops_order_detail() -> None:
    before = copy.deepcopy(ORDER)
    edited = edits.with_study(ORDER, MRI)
    assert edited["code"] == {
        "coding": [
            {"system": CPT, "code": "74183", "display": "MRI abdomen without and with IV contrast"},
            {"system": LOINC, "code": "24557-1", "display": "MR abdomen"},
            {"system": SNOMED_CT, "code": "1", "display": "MRI abdomen without and with IV contrast"},
        ],
        "text": "MRI ABD WWO",
    }
    assert "orderDetail" not in edited
    unchanged = set(ORDER) - {"code", "orderDetail"}
    assert {name: edited[name] for name in unchanged} == {name: ORDER[name] for name in unchanged}
    assert before == ORDER


def test_text_falls_back_to_the_title() -> None:
    assert edits.with_study(ORDER, Study("x", "X ray", (Coding(CPT, "1"),)))["code"]["text"] == "X ray"


@pytest.mark.parametrize(
    ("systems", "first"),
    [
        ((CPT,), CPT),
        ((LOINC,), LOINC),
        (("urn:oid:1.2.840.114350.1", LOINC, CPT), LOINC),
        (("urn:oid:2.16.840.1.113883.6.96",), SNOMED_CT),
        (("https://loinc.org/",), LOINC),
        (("http://www.radlex.org",), CPT),
        ((), CPT),
    ],
)
def test_the_drafts_first_code_system_comes_first(systems: tuple[str, ...], first: str) -> None:
    assert written(order_of(*systems))[0] == first
    assert sorted(written(order_of(*systems))) == sorted([CPT, LOINC, SNOMED_CT])


def test_cpt_comes_first_where_a_client_keeps_one_coding() -> None:
    assert written(order_of(LOINC), cpt_first=True)[:2] == [CPT, LOINC]


@pytest.mark.parametrize("code", [None, "x", [], {"coding": {"system": LOINC}}, {"coding": [None, "x", {}]}])
def test_odd_codes_do_not_break_a_replacement(code: Any) -> None:
    assert edits.with_study({**ORDER, "code": code}, MRI)["code"]["text"] == "MRI ABD WWO"


def test_an_stu3_procedure_request_keeps_its_own_members() -> None:
    draft = {"resourceType": "ProcedureRequest", "id": "1", "code": {}, "definition": [{"reference": "x"}]}
    edited = edits.with_answer(edits.with_study(draft, MRI), UNDER)
    assert edited["resourceType"] == "ProcedureRequest"
    assert edited["definition"] == [{"reference": "x"}]
    assert edited["reasonCode"] == [edits.answer_reason(UNDER)]


def test_an_answer_is_one_more_reason() -> None:
    edited = edits.with_answer(ORDER, UNDER)
    assert edited["reasonCode"] == [
        *ORDER["reasonCode"],
        {
            "coding": [
                {
                    "system": ANSWER,
                    "code": "lesion-size.under-1-cm",
                    "display": "Liver lesion under 1 cm",
                }
            ],
            "text": "Liver lesion under 1 cm",
        },
    ]
    assert {**edited, "reasonCode": ORDER["reasonCode"]} == ORDER


def test_a_later_answer_replaces_the_earlier_one_to_the_same_question_only() -> None:
    cancer = Answer((Coding(ANSWER, "extrahepatic-malignancy.yes"),), "Yes", "Cancer")
    order = edits.with_answer(edits.with_answer(ORDER, cancer), UNDER)
    edited = edits.with_answer(order, OVER)
    assert edited["reasonCode"] == [
        *ORDER["reasonCode"],
        edits.answer_reason(cancer),
        edits.answer_reason(OVER),
    ]


def test_an_answer_inside_a_clinicians_reason_goes_alone() -> None:
    mixed = {
        "coding": [{"system": ANSWER, "code": "lesion-size.over-1-cm"}, {"system": SNOMED_CT, "code": "2"}]
    }
    edited = edits.with_answer({**ORDER, "reasonCode": [mixed]}, UNDER)
    assert edited["reasonCode"] == [
        {"coding": [{"system": SNOMED_CT, "code": "2"}]},
        edits.answer_reason(UNDER),
    ]


def test_one_of_several_values_is_one_reason_with_all_codings() -> None:
    either = Answer((Coding(ANSWER, "q.a"), Coding(ANSWER, "q.b")), "A or B", "A or B")
    entry = edits.with_answer({"reasonCode": None}, either)["reasonCode"]
    assert [coding["code"] for coding in entry[0]["coding"]] == ["q.a", "q.b"]


@pytest.mark.parametrize(
    ("reasons", "kept"),
    [
        (None, []),
        ([], []),
        ("text", []),
        ({"text": "alone"}, [{"text": "alone"}]),
        ([None, {"text": "x"}, "y", {"coding": None}], [{"text": "x"}, "y", {"coding": None}]),
    ],
)
def test_odd_reasons_are_kept_as_far_as_they_are_any(reasons: Any, kept: list[Any]) -> None:
    order = {**ORDER, "reasonCode": reasons}
    assert edits.with_answer(order, UNDER)["reasonCode"] == [*kept, edits.answer_reason(UNDER)]
    assert edits.with_reason(order, {"text": "Liver lesion"})["reasonCode"] == [
        *kept,
        {"text": "Liver lesion"},
    ]


def test_a_new_draft_is_the_order_without_its_id() -> None:
    new = edits.as_new_draft({**ORDER, "status": "active"})
    assert new == {name: value for name, value in ORDER.items() if name != "id"}


@pytest.mark.parametrize(
    "order",
    [{}, {"id": "1"}, {"resourceType": "ServiceRequest"}, {"resourceType": "ServiceRequest", "id": 5}],
)
def test_a_draft_without_type_and_id_cannot_be_pointed_at(order: dict[str, Any]) -> None:
    assert edits.local_reference(order) == ""


def test_no_extension_is_no_member() -> None:
    assert "extension" not in edits.with_extensions(ORDER, [])
