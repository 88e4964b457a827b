"""What a suggested order tells the radiologist: references, one note, the protocol, a site's own code."""

from dataclasses import replace

from cards.advice import History, Study
from cards.compose import compose
from cards.edits import with_history, with_study
from cards.profiles import SPEC
from cards.vocabulary import CPT, Coding
from tests.advices import MRI, WARNING, counting_ids

ORDER = {"resourceType": "ServiceRequest", "id": "a", "note": [{"text": "fasting"}], "extra": {"kept": 1}}
REASON = {"coding": [{"system": "http://snomed.info/sct", "code": "300331000"}], "text": "Liver lesion, 8 mm"}
HISTORY = History("Liver lesion, 8 mm", ("Condition/lung", "DiagnosticReport/us"), REASON)


def test_history_is_added_and_nothing_else_changes() -> None:
    edited = with_history(ORDER, HISTORY, "multiphasic")
    assert edited["note"] == [{"text": "fasting"}, {"text": "Liver lesion, 8 mm"}, {"text": "multiphasic"}]
    assert edited["reasonReference"] == [
        {"reference": "Condition/lung"},
        {"reference": "DiagnosticReport/us"},
    ]
    assert edited["reasonCode"] == [REASON]
    added = {"note", "reasonReference", "reasonCode"}
    assert {k: v for k, v in edited.items() if k not in added} == {
        k: v for k, v in ORDER.items() if k not in added
    }


def test_what_stands_there_is_not_said_again() -> None:
    once = with_history(ORDER, replace(HISTORY, reason=None))
    assert with_history(once, replace(HISTORY, reason=None)) == once


def test_suggestions_carry_it_and_the_rating_of_the_ordered_study_does_not() -> None:
    advice = replace(WARNING, history=HISTORY, better=(replace(MRI, protocol="multiphasic"),))
    composed = compose(advice, SPEC, counting_ids())
    (suggestion,) = composed.cards[0].to_json()["suggestions"]
    resource = suggestion["actions"][0]["resource"]
    assert [note["text"] for note in resource["note"]][-2:] == ["Liver lesion, 8 mm", "multiphasic"]
    (action,) = composed.actions
    assert "multiphasic" not in str(action.to_json())


def test_a_sites_own_code_comes_first_where_the_site_uses_it_and_nowhere_else() -> None:
    codings = (Coding(CPT, "74183", "MRI"), Coding("urn:oid:1.2.3", "IMG123", "MRI"))
    study = Study("mri", "MRI", codings, "MRI")
    local = with_study({"code": {"coding": [{"system": "urn:oid:1.2.3", "code": "IMG999"}]}}, study)
    assert [coding["code"] for coding in local["code"]["coding"]] == ["IMG123", "74183"]
    elsewhere = with_study({"code": {"coding": [{"system": CPT, "code": "78815"}]}}, study)
    assert [coding["code"] for coding in elsewhere["code"]["coding"]] == ["74183"]
