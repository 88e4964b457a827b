"""When we speak, how loudly, and what we offer: every row of the table, for every profile."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from cards import profiles
from cards.advice import Advice, FactLine, Radiation, RatedStudy, Study
from cards.annotation import RATING
from cards.compose import TABLE, compose
from cards.invariants import violations
from cards.profiles import EPIC, PROFILES, SANDBOX, SPEC, Profile
from cards.response import response_json
from cards.vocabulary import ACR_RATING, CPT, LOINC, Coding, Indicator, Rating, Verdict
from tests.advices import (
    AFTER_MRI,
    CAUTIONED,
    CEUS,
    CONFLICT,
    CT,
    LOW_EGFR,
    MAY_BE,
    MRI,
    NO_REASON,
    OPEN,
    OPEN_CAUTIONED,
    ORDER,
    PET,
    PLAIN_MRI,
    SEVERE_REACTION,
    SILENT,
    SOURCE,
    SPEAKING,
    TOPIC_PAGE,
    USUAL,
    WARNING,
    counting_ids,
)

GOLDEN = Path(__file__).parents[1] / "data" / "cards" / "reference-pet-ct.json"
GFM = MarkdownIt("gfm-like", {"linkify": True, "html": True})
ALL = {**SPEAKING, "usual": USUAL, **{verdict.value: advice for verdict, advice in SILENT.items()}}


def card_of(advice: Advice, profile: Profile = SPEC) -> dict[str, Any]:
    (card,) = compose(advice, profile, counting_ids()).cards
    return card.to_json()


def labels(card: dict[str, Any]) -> list[str]:
    return [suggestion["label"] for suggestion in card.get("suggestions", [])]


def resources(card: dict[str, Any]) -> list[dict[str, Any]]:
    return [s["actions"][0]["resource"] for s in card["suggestions"] if "resource" in s["actions"][0]]


def rating_codes(order: dict[str, Any]) -> list[tuple[str, str]]:
    ratings = [e for e in order.get("extension", []) if e["url"] == RATING]
    return [(c["system"], c["code"]) for e in ratings for c in e["valueCodeableConcept"]["coding"]]


def recommended(card: dict[str, Any]) -> list[str]:
    return [s["label"] for s in card.get("suggestions", []) if s.get("isRecommended")]


# --- when, and how loudly --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("advice", "indicator", "topic"),
    [
        (WARNING, "warning", "off-guideline"),
        (MAY_BE, "info", "appropriate-use"),
        (NO_REASON, "info", "appropriate-use"),
        (OPEN, "info", "appropriate-use"),
        (CONFLICT, "info", "guideline"),
        (AFTER_MRI, "info", "guideline"),
        (CAUTIONED, "info", "contraindication"),
        (OPEN_CAUTIONED, "info", "contraindication"),
    ],
    ids=list(SPEAKING),
)
def test_each_verdict_speaks_as_loudly_as_the_table_says(advice: Advice, indicator: str, topic: str) -> None:
    card = card_of(advice)
    assert card["indicator"] == indicator
    assert card["source"]["topic"]["code"] == topic
    assert card["source"]["label"] == "Liver Lesion CDS"
    assert card["source"]["url"] == TOPIC_PAGE


@pytest.mark.parametrize(
    "advice",
    [
        USUAL,
        *SILENT.values(),
        replace(MAY_BE, better=()),
        replace(OPEN, best_case=Rating.USUALLY_APPROPRIATE, worst_case=Rating.USUALLY_APPROPRIATE),
        replace(OPEN, best_case=None, worst_case=None),
        replace(WARNING, ordered=None),
    ],
)
@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_silence(advice: Advice, profile: Profile) -> None:
    assert compose(advice, profile, counting_ids()).cards == ()


def test_every_row_of_the_table_is_reached() -> None:
    made = {card_of(advice)["summary"].partition(" ")[0] for advice in SPEAKING.values()}
    assert len(SPEAKING) == len(TABLE)
    assert made == {"Consider", "Add", "Check", "Discuss"}
    assert all(row.indicator in Indicator for row in TABLE)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
@pytest.mark.parametrize("advice", ALL.values(), ids=ALL)
def test_what_we_send_is_valid(advice: Advice, profile: Profile) -> None:
    answer = response_json([compose(advice, profile, counting_ids())], annotate=True, in_extension=True)
    assert violations(answer, [ORDER]) == ()
    json.dumps(answer)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
@pytest.mark.parametrize("advice", ALL.values(), ids=ALL)
def test_the_same_advice_and_ids_give_the_same_bytes(advice: Advice, profile: Profile) -> None:
    first, second = (
        json.dumps(response_json([compose(advice, profile, counting_ids())], True, True)) for _ in range(2)
    )
    assert first == second


# --- the reference card ----------------------------------------------------------------------------


def test_the_reference_card_is_the_one_we_agreed_on() -> None:
    answer = response_json([compose(WARNING, SPEC, counting_ids())], annotate=True, in_extension=False)
    assert answer == json.loads(GOLDEN.read_text())


def test_the_reference_card_leads_with_what_to_do() -> None:
    card = card_of(WARNING)
    assert card["summary"] == (
        "Consider MRI abdomen without and with IV contrast instead: "
        "FDG-PET/CT skull base to mid-thigh is usually not appropriate here"
    )
    assert card["detail"].startswith(
        "**Consider MRI abdomen without and with IV contrast instead.** FDG-PET/CT"
    )


def test_the_detail_fits_a_panel() -> None:
    shown = MarkdownIt().parse(card_of(WARNING)["detail"])
    words = sum(len(token.content.split()) for token in shown if token.type == "inline")
    assert words <= 220


@pytest.mark.parametrize(
    "said",
    [
        "score 2 of 9, expert consensus, 10-30 mSv of radiation",
        "It is too insensitive under 1 cm to characterize the lesion.",
        "Lesion size: 8 mm, “8 mm hypoechoic lesion” (imaging report, 2026-05-20)",
        "usually appropriate, score 8 of 9, strong evidence, no radiation",
        "American College of Radiology (ACR Appropriateness Criteria)",
        "Revised 2020",
        "variant 6: lesion under 1 cm",
        "Not yet reviewed for clinical use, which needs the publisher's licence.",
    ],
)
def test_the_reference_card_says_what_it_rests_on(said: str) -> None:
    assert said in card_of(WARNING)["detail"]


def test_reviewed_content_shows_its_own_licence_notice() -> None:
    detail = card_of(replace(WARNING, source=replace(SOURCE, unreviewed=False)))["detail"]
    assert detail.endswith(SOURCE.licence_notice)
    assert "Not yet reviewed" not in detail


def test_links_lead_to_our_page_and_the_publishers() -> None:
    urls = [link["url"] for link in card_of(WARNING)["links"]]
    assert urls == [f"{TOPIC_PAGE}/variants/6", "https://publisher.example/narrative"]
    both = [link["url"] for link in card_of(CONFLICT)["links"]]
    assert both[:2] == [f"{TOPIC_PAGE}/variants/3", f"{TOPIC_PAGE}/variants/5"]


def test_a_page_is_linked_once() -> None:
    same = replace(WARNING, source=replace(SOURCE, source_url=SOURCE.page_url))
    assert len(card_of(same)["links"]) == 1


# --- alternatives ----------------------------------------------------------------------------------


def test_up_to_three_alternatives_best_first_and_the_best_is_marked() -> None:
    card = card_of(WARNING)
    assert labels(card) == [
        "Change to MRI abdomen without and with IV contrast (usually appropriate, no radiation)",
        "Change to CT abdomen with IV contrast multiphase (may be appropriate, 10-30 mSv of radiation)",
        "Change to US abdomen with IV contrast (may be appropriate, no radiation)",
    ]
    assert recommended(card) == labels(card)[:1]
    assert card["selectionBehavior"] == "at-most-one"
    assert PLAIN_MRI.study.title in card["detail"]


def test_each_alternative_carries_its_own_rating_and_mechanism() -> None:
    ratings = [rating_codes(order)[1][1] for order in resources(card_of(WARNING))]
    assert ratings == ["usually-appropriate", "may-be-appropriate", "may-be-appropriate"]


def test_a_study_without_exact_codes_is_named_but_never_one_click() -> None:
    inexact = replace(MRI, study=Study("mri", MRI.study.title))
    card = card_of(replace(WARNING, better=(inexact, CT)))
    assert labels(card) == [
        "Change to CT abdomen with IV contrast multiphase (may be appropriate, 10-30 mSv of radiation)"
    ]
    assert recommended(card) == []
    assert card["summary"].startswith("Consider MRI abdomen without and with IV contrast instead")
    assert MRI.study.title in card["detail"]


def test_what_is_drafted_already_is_said_and_not_suggested() -> None:
    card = card_of(replace(WARNING, already_drafted=(CT.study.id,)))
    assert labels(card) == [
        "Change to MRI abdomen without and with IV contrast (usually appropriate, no radiation)"
    ]
    assert "Already drafted: CT abdomen with IV contrast multiphase." in card["detail"]


@pytest.mark.parametrize("advice", [WARNING, MAY_BE, CONFLICT])
def test_nothing_lesser_is_offered_beside_a_drafted_best_study(advice: Advice) -> None:
    card = card_of(replace(advice, already_drafted=(MRI.study.id,)))
    assert labels(card) == []
    assert "is already drafted" in card["detail"]


def test_a_drafted_best_study_is_in_the_summary() -> None:
    assert card_of(replace(WARNING, already_drafted=(MRI.study.id,)))["summary"] == (
        "Reconsider FDG-PET/CT skull base to mid-thigh: "
        "MRI abdomen without and with IV contrast is already drafted and rated higher here"
    )


def test_with_nothing_to_recommend_it_says_discuss_with_radiology() -> None:
    card = card_of(replace(WARNING, better=()))
    assert card["summary"].startswith("Discuss with radiology: FDG-PET/CT")
    assert card["detail"].startswith("**Discuss with radiology.**")
    assert labels(card) == []


def test_a_lesser_study_is_an_option_and_not_recommended() -> None:
    card = card_of(replace(WARNING, better=(CEUS,)))
    assert card["summary"].startswith("Discuss with radiology, or consider US abdomen with IV contrast")
    assert len(labels(card)) == 1
    assert recommended(card) == []


def test_override_reasons_stand_on_warnings_only() -> None:
    with_reasons = {name for name, advice in SPEAKING.items() if "overrideReasons" in card_of(advice)}
    assert with_reasons == {"warning"}


def test_a_foreign_rating_goes_with_the_study_it_was_of() -> None:
    foreign = {
        "url": RATING,
        "valueCodeableConcept": {"coding": [{"system": "http://other.example", "code": "1"}]},
    }
    rated = replace(WARNING, order={**ORDER, "extension": [foreign]})
    composed = compose(rated, SPEC, counting_ids())
    assert composed.actions == ()
    assert "other.example" not in json.dumps([card.to_json() for card in composed.cards])


def test_a_draft_without_an_id_gets_words_only() -> None:
    order = {name: value for name, value in ORDER.items() if name != "id"}
    for advice in SPEAKING.values():
        for profile in PROFILES.values():
            composed = compose(replace(advice, order=order), profile, counting_ids())
            assert composed.actions == ()
            assert [labels(card.to_json()) for card in composed.cards] == [[]]


# --- cautions --------------------------------------------------------------------------------------

WITHDRAWN_MRI = replace(MRI, cautions=(SEVERE_REACTION,))
WARNED_MRI = replace(MRI, cautions=(LOW_EGFR,))


def test_a_caution_says_what_to_do_first_with_value_date_and_age() -> None:
    card = card_of(CAUTIONED)
    assert card["summary"] == (
        "Discuss the contrast agent with radiology before "
        "MRI abdomen without and with IV contrast: eGFR 24, 4 days old"
    )
    assert card["detail"].startswith(
        "**Discuss the contrast agent with radiology first.** "
        "MRI abdomen without and with IV contrast is usually appropriate here"
    )
    assert "- eGFR 24 (measurement, 2026-05-28, 4 days old). Ask for a group II agent." in card["detail"]


def test_options_beside_a_cautioned_study_are_offered_and_not_recommended() -> None:
    card = card_of(CAUTIONED)
    assert [label.partition(" (")[0] for label in labels(card)] == [
        "Change to US abdomen with IV contrast",
        "Change to MRI abdomen without IV contrast",
    ]
    assert recommended(card) == []


def test_a_cautioned_order_keeps_its_rating() -> None:
    plain, cautioned = (compose(advice, SPEC, counting_ids()).actions for advice in (USUAL, CAUTIONED))
    (before,), (after,) = plain, cautioned
    assert rating_codes(dict(after.resource or {})) == rating_codes(dict(before.resource or {}))


def test_a_missing_reason_is_offered_along_with_the_caution() -> None:
    card = card_of(replace(CAUTIONED, indication=NO_REASON.indication))
    assert labels(card)[-1] == "Add to the order's reasons: Indeterminate liver lesion, 8 mm"
    assert recommended(card) == []


def test_a_withdrawn_order_is_named_with_the_reason_and_replaced_by_what_is_as_appropriate() -> None:
    usual_ct = replace(CT, rating=Rating.USUALLY_APPROPRIATE)
    card = card_of(replace(CAUTIONED, cautions=(SEVERE_REACTION,), beside=(usual_ct, CEUS)))
    assert card["indicator"] == "info"
    assert card["summary"] == (
        "Consider CT abdomen with IV contrast multiphase, not "
        "MRI abdomen without and with IV contrast: severe reaction to gadolinium contrast"
    )
    assert "it is not recommended for this patient" in card["detail"]
    assert (
        "Severe reaction to gadolinium contrast (“Gadobutrol\\: Anaphylaxis”, allergy list" in card["detail"]
    )
    assert recommended(card) == labels(card)[:1]


@pytest.mark.parametrize(
    ("beside", "first"),
    [((CEUS,), "**Discuss with radiology, or consider US"), ((), "**Discuss with radiology.**")],
)
def test_a_withdrawn_order_without_an_equal_goes_to_radiology(
    beside: tuple[RatedStudy, ...], first: str
) -> None:
    card = card_of(replace(CAUTIONED, cautions=(SEVERE_REACTION,), beside=beside))
    assert card["summary"].startswith("Discuss with radiology instead of MRI abdomen")
    assert card["detail"].startswith(first)
    assert recommended(card) == []


def test_a_withdrawn_alternative_is_named_last_and_never_offered() -> None:
    card = card_of(replace(WARNING, better=(CEUS, CT, WITHDRAWN_MRI)))
    assert not any("with and" in label or MRI.study.title in label for label in labels(card))
    assert recommended(card) == []
    assert card["summary"].startswith("Discuss with radiology, or consider US abdomen with IV contrast")
    detail = card["detail"]
    assert detail.index("**Not recommended for this patient**") > detail.index(CT.study.title)
    assert "without and with IV contrast (usually appropriate): severe reaction to gadolinium" in detail


def test_with_every_alternative_withdrawn_it_says_discuss_with_radiology() -> None:
    card = card_of(replace(WARNING, better=(WITHDRAWN_MRI,)))
    assert card["detail"].startswith("**Discuss with radiology.**")
    assert labels(card) == []
    assert card["indicator"] == "warning"


def test_a_may_be_order_is_left_alone_when_the_better_study_is_withdrawn() -> None:
    assert compose(replace(MAY_BE, better=(WITHDRAWN_MRI,)), SPEC, counting_ids()).cards == ()


def test_a_cautioned_alternative_stays_recommended_and_says_what_comes_first() -> None:
    card = card_of(replace(WARNING, better=(WARNED_MRI, CT, CEUS, PLAIN_MRI), beside=(CEUS, PLAIN_MRI)))
    assert card["detail"].startswith(
        "**Consider MRI abdomen without and with IV contrast instead; "
        "discuss the contrast agent with radiology first.**"
    )
    assert "**Cautions about MRI abdomen without and with IV contrast**" in card["detail"]
    assert labels(card)[0].endswith("(usually appropriate, no radiation, caution: eGFR 24)")
    assert recommended(card) == labels(card)[:1]
    assert [label.partition(" (")[0].removeprefix("Change to ") for label in labels(card)] == [
        study.study.title for study in (MRI, CT, CEUS, PLAIN_MRI)
    ]


@pytest.mark.parametrize("advice", [WARNING, MAY_BE, CONFLICT, OPEN])
def test_cautions_of_the_order_are_listed_on_cards_that_exist_for_another_reason(advice: Advice) -> None:
    before, after = card_of(advice), card_of(replace(advice, cautions=(LOW_EGFR,)))
    assert after["source"]["topic"] == before["source"]["topic"]
    assert after["summary"] == before["summary"]
    assert "eGFR 24 (measurement" in after["detail"]


def test_findings_that_call_for_the_same_are_said_in_one_line() -> None:
    dialysis = replace(LOW_EGFR, code="dialysis", finding="dialysis", source="", date="", age="")
    detail = card_of(replace(CAUTIONED, cautions=(dialysis, LOW_EGFR)))["detail"]
    assert detail.count("Ask for a group II agent.") == 1
    assert "- Dialysis; eGFR 24 (measurement" in detail


def test_many_cautions_are_counted_on_a_button() -> None:
    many = replace(MRI, cautions=(LOW_EGFR, replace(LOW_EGFR, code="implant", finding="implant")))
    assert "caution: eGFR 24 and 1 more" in labels(card_of(replace(WARNING, better=(many,))))[0]


def test_an_option_that_is_drafted_already_is_not_offered() -> None:
    card = card_of(replace(CAUTIONED, already_drafted=(CEUS.study.id,)))
    assert len(labels(card)) == 1


def test_epic_gets_the_best_study_only() -> None:
    card = card_of(replace(WARNING, better=(WARNED_MRI, CT), beside=(CEUS,)), EPIC)
    assert len(labels(card)) == 2
    assert len(labels(card_of(CAUTIONED, EPIC))) == 2


def test_what_a_chart_says_of_an_allergy_is_escaped() -> None:
    evil = replace(SEVERE_REACTION, said="<b>x</b> [y](https://e.example)")
    html = GFM.render(card_of(replace(CAUTIONED, cautions=(evil,)))["detail"])
    assert "<a" not in html
    assert "<b>" not in html


# --- questions, conflicts, after MRI, missing reasons ----------------------------------------------


def test_each_answer_is_one_click_and_then_what_is_usual_in_any_case() -> None:
    card = card_of(OPEN)
    assert labels(card) == [
        "Liver lesion under 1 cm",
        "Liver lesion over 1 cm",
        "Change to MRI abdomen without and with IV contrast (usually appropriate, no radiation)",
    ]
    assert [order["reasonCode"][-1].get("text") for order in resources(card)[:2]] == labels(card)[:2]
    assert all(rating_codes(order) == [] for order in resources(card)[:2])
    assert recommended(card) == []


def test_a_question_tells_what_each_answer_leads_to_and_the_extremes() -> None:
    detail = card_of(OPEN)["detail"]
    assert (
        "- **How large is the liver lesion?** Under 1 cm: usually not appropriate. Over 1 cm: may" in detail
    )
    assert "At best FDG-PET/CT skull base to mid-thigh (10-30 mSv of radiation) may be appropriate" in detail
    assert "at worst it is usually not appropriate" in detail
    assert "Not known: the lesion's size" in detail


@pytest.mark.parametrize(
    ("best", "uncovered", "said"),
    [
        (Rating.USUALLY_NOT_APPROPRIATE, False, "is usually not appropriate in any case."),
        (
            Rating.USUALLY_NOT_APPROPRIATE,
            True,
            "is usually not appropriate wherever a criterion rates it; for some answers none does.",
        ),
        (Rating.MAY_BE_APPROPRIATE, False, "at worst it is usually not appropriate.\n"),
        (Rating.MAY_BE_APPROPRIATE, True, "not appropriate. For some answers no criterion rates it.\n"),
    ],
)
def test_extremes_in_words(best: Rating, uncovered: bool, said: str) -> None:
    assert said in card_of(replace(OPEN, best_case=best, uncovered=uncovered))["detail"]


def test_another_mechanisms_rating_stays_when_only_a_reason_is_added() -> None:
    foreign = {
        "url": RATING,
        "valueCodeableConcept": {"coding": [{"system": "http://x.example", "code": "1"}]},
    }
    rated = replace(OPEN, order={**ORDER, "extension": [foreign]}, always_usual=())
    assert all(order["extension"] == [foreign] for order in resources(card_of(rated, SANDBOX)))


def test_a_study_that_may_be_usually_appropriate_is_asked_about_as_well() -> None:
    detail = card_of(replace(OPEN, best_case=Rating.USUALLY_APPROPRIATE))["detail"]
    assert "is usually appropriate, at worst it is usually not appropriate" in detail


def test_an_ungraded_title_stands_alone() -> None:
    plain_study = replace(MRI, radiation=None, medians=(), strength="", rationale="")
    assert (
        "- MRI abdomen without and with IV contrast: usually appropriate.\n"
        in (card_of(replace(WARNING, better=(plain_study, CT)))["detail"])
    )


def test_several_questions_are_counted_in_the_summary() -> None:
    more = replace(OPEN.asks[0], question="q", wording="Does the patient have cancer?")
    usual = replace(OPEN, asks=(*OPEN.asks, more), best_case=Rating.USUALLY_APPROPRIATE)
    assert card_of(usual)["summary"] == "Answer 2 questions to rate FDG-PET/CT skull base to mid-thigh"


def test_when_no_answer_makes_the_study_usual_the_card_leads_with_one_that_always_is() -> None:
    card = card_of(OPEN)
    assert card["summary"].startswith("Consider MRI abdomen without and with IV contrast: FDG-PET/CT")
    assert card["detail"].startswith("**Consider MRI abdomen without and with IV contrast instead**")


def test_a_study_done_lately_is_said_and_not_suggested() -> None:
    card = card_of(replace(WARNING, better=(replace(MRI, done="done on 2026-05-28"), CT)))
    assert not any("MRI" in label for label in labels(card))
    assert "Done already: MRI abdomen without and with IV contrast (done on 2026-05-28)." in card["detail"]


def test_what_is_usual_only_where_covered_says_so_and_carries_no_rating() -> None:
    card = card_of(replace(OPEN, always_usual=(replace(MRI, rating=None),)))
    assert labels(card)[-1] == (
        "Change to MRI abdomen without and with IV contrast "
        "(usually appropriate where criteria apply, no radiation)"
    )
    assert rating_codes(resources(card)[-1]) == []


def test_a_conflict_shows_both_sides() -> None:
    detail = card_of(CONFLICT)["detail"]
    assert "- Known cancer outside the liver (variant 3): **may be appropriate**, score 6 of 9" in detail
    assert "- Known chronic liver disease (variant 5): **usually not appropriate**, score 2 of 9" in detail


def test_strengths_of_several_variants_are_alternatives() -> None:
    either = replace(MRI, strength="Limited / Strong", medians=(8, 9))
    assert (
        "score 8 to 9 of 9, limited or strong evidence"
        in card_of(replace(CONFLICT, better=(either,)))["detail"]
    )


def test_a_dose_that_varies_is_said_to() -> None:
    biopsy = replace(PET, radiation=Radiation("Varies", ""))
    assert "radiation dose varies" in card_of(replace(WARNING, ordered=biopsy))["detail"]


def test_a_conflict_that_nothing_settles_asks_for_a_decision() -> None:
    card = card_of(replace(CONFLICT, better=()))
    assert card["summary"].startswith("Decide which criterion fits")
    assert card["detail"].startswith("**Decide which criterion fits.**")


def test_after_mri_gives_the_next_steps_and_their_source() -> None:
    card = card_of(AFTER_MRI)
    assert "- **Definite metastasis:** Refer to oncology." in card["detail"]
    assert card["detail"].count("What Is the Best Imaging") == 1
    assert labels(card) == []


def test_a_missing_indication_is_added_and_the_rating_stays() -> None:
    card = card_of(NO_REASON)
    (order,) = resources(card)
    assert order["reasonCode"] == [*ORDER["reasonCode"], NO_REASON.indication]
    assert order["code"] == ORDER["code"]
    assert rating_codes(order)[1] == (ACR_RATING, "usually-appropriate")
    assert labels(card) == ["Add to the order's reasons: Indeterminate liver lesion, 8 mm"]


# --- profiles --------------------------------------------------------------------------------------


def test_epic_gets_one_create_and_one_delete() -> None:
    card = card_of(WARNING, EPIC)
    create, delete = [suggestion["actions"] for suggestion in card["suggestions"]]
    assert card["selectionBehavior"] == "any"
    assert card["source"]["topic"]["code"] == "offguideline"
    assert [action["type"] for action in (*create, *delete)] == ["create", "delete"]
    assert delete[0]["resourceId"] == "ServiceRequest/pet-1"
    new = create[0]["resource"]
    assert "id" not in new
    assert new["status"] == "draft"
    assert new["code"]["coding"][0]["code"] == "74183"
    assert rating_codes(new)[1] == (ACR_RATING, "usually-appropriate")
    assert {m: new[m] for m in ("subject", "reasonCode", "x-vendor")} == {
        m: ORDER[m] for m in ("subject", "reasonCode", "x-vendor")
    }
    assert all(suggestion.get("isRecommended") for suggestion in card["suggestions"])


@pytest.mark.parametrize("advice", [OPEN, NO_REASON])
def test_epic_gets_questions_and_indications_in_words(advice: Advice) -> None:
    card = card_of(replace(advice, always_usual=()), EPIC)
    assert labels(card) == []
    assert "selectionBehavior" not in card


@pytest.mark.parametrize(("profile", "first"), [(SPEC, LOINC), (SANDBOX, CPT)], ids=["spec", "sandbox"])
def test_the_sandbox_gets_cpt_first_whatever_the_draft_uses(profile: Profile, first: str) -> None:
    loinc = {**ORDER, "code": {"coding": [{"system": LOINC, "code": "81554-8"}]}}
    order = resources(card_of(replace(WARNING, order=loinc), profile))[0]
    assert order["code"]["coding"][0]["system"] == first


def test_the_sandbox_gets_undetermined_on_updates_without_a_rating() -> None:
    assert [rating_codes(order) for order in resources(card_of(OPEN, SANDBOX))[:2]] == [
        [(ACR_RATING, "undetermined")],
        [(ACR_RATING, "undetermined")],
    ]


@pytest.mark.parametrize("advice", SPEAKING.values(), ids=SPEAKING)
def test_the_sandbox_can_apply_every_suggestion(advice: Advice) -> None:
    for suggestion in card_of(advice, SANDBOX).get("suggestions", []):
        (action,) = suggestion["actions"]
        assert action["type"] == "update"
        assert rating_codes(action["resource"])
        assert isinstance(action["resource"]["reasonCode"], list)
    for order in resources(card_of(WARNING, SANDBOX)):
        assert order["code"]["coding"][0]["display"]


def test_profiles_are_found_by_name() -> None:
    assert profiles.by_name("epic") is EPIC
    with pytest.raises(ValueError, match="use one of epic, sandbox, spec"):
        profiles.by_name("cerner")


# --- words -----------------------------------------------------------------------------------------


def test_the_orders_own_text_is_escaped_wherever_it_is_named() -> None:
    evil = replace(
        WARNING, ordered=replace(PET), ordered_title="<b>PET</b> [x](https://e.example) www.e.example"
    )
    for advice in (evil, replace(evil, verdict=Verdict.AFTER_MRI)):
        card = card_of(advice)
        html = (
            GFM.render(card["detail"]) + GFM.render(card["summary"]) + "".join(map(GFM.render, labels(card)))
        )
        assert "<a" not in html
        assert "<b>" not in html


def test_a_fact_shows_value_words_source_and_date_once() -> None:
    fact = FactLine("Lesion size", "8 mm", "8 mm", "", "")
    assert "- Lesion size: 8 mm\n" in card_of(replace(WARNING, facts=(fact,), unknown=("x",)))["detail"]


def test_an_order_without_a_name_is_called_this_order() -> None:
    assert "this order is usually not appropriate" in card_of(replace(WARNING, ordered_title=""))["summary"]


def test_codes_of_an_alternative_are_the_exact_ones() -> None:
    exact = replace(MRI, study=replace(MRI.study, codings=(Coding(CPT, "74183", "MRI"),)))
    (order,) = resources(card_of(replace(WARNING, better=(exact,))))
    assert order["code"] == {
        "coding": [{"system": CPT, "code": "74183", "display": "MRI"}],
        "text": MRI.study.title,
    }


# --- the answer as a whole -------------------------------------------------------------------------


def test_an_answer_without_cards_is_an_empty_array() -> None:
    assert response_json([], annotate=True, in_extension=True) == {"cards": []}
    silent = compose(SILENT[Verdict.NOT_APPLICABLE], SPEC, counting_ids())
    assert response_json([silent], annotate=True, in_extension=True) == {"cards": []}


def test_system_actions_go_where_the_client_looks() -> None:
    composed = [compose(USUAL, SPEC, counting_ids())]
    root = response_json(composed, annotate=True, in_extension=False)
    both = response_json(composed, annotate=True, in_extension=True)
    assert set(root) == {"cards", "systemActions"}
    assert both["extension"]["systemActions"] == both["systemActions"] == root["systemActions"]
    assert response_json(composed, annotate=False, in_extension=True) == {"cards": []}


def test_a_resource_is_updated_once() -> None:
    twice = [compose(USUAL, SPEC, counting_ids()), compose(WARNING, SPEC, counting_ids())]
    assert len(response_json(twice, annotate=True, in_extension=False)["systemActions"]) == 1
