"""Laws of the composer: whatever the advice, the answer is valid and touches only what it says."""

import re
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cards.advice import Advice, Answer, Ask, Caution, FactLine, Opinion, Radiation, RatedStudy, Step, Study
from cards.annotation import EXTENSIONS
from cards.compose import compose
from cards.edits import entries
from cards.escaping import plain, units
from cards.invariants import violations
from cards.profiles import PROFILES, Profile
from cards.response import response_json
from cards.summary import LIMIT
from cards.vocabulary import ANSWER, CPT, LOINC, SNOMED_CT, Coding, Rating, Verdict
from tests.advices import OVERRIDES, QCDSM, SOURCE, TOPIC_PAGE, WARNING, counting_ids

GFM = MarkdownIt("gfm-like", {"linkify": True, "html": True})
TAG = re.compile(r"<(/?[a-z][^ >]*)")
PLAIN_TAGS = {"p", "/p", "ul", "/ul", "li", "/li", "strong", "/strong"}

WORDS = st.one_of(
    st.text(max_size=40), st.text(max_size=400), st.text(alphabet="<>&[]()!*_`|#-+.:/@w1a ", max_size=30)
)
# Content is never empty (the reader refuses it); what comes from a chart may be anything.
CONTENT = WORDS.filter(lambda text: any(character.isalnum() for character in text))
TITLES = st.one_of(WORDS, st.sampled_from([WARNING.ordered_title, "Octreotide scan " * 10, "😀" * 150]))
CODINGS = st.lists(
    st.builds(
        Coding, st.sampled_from([CPT, LOINC, SNOMED_CT]), st.sampled_from(["74183", "1-8"]), st.just("")
    ),
    max_size=3,
    unique_by=lambda coding: coding.system,
).map(tuple)
CAUTIONS = st.lists(
    st.builds(
        Caution,
        code=st.sampled_from(["egfr-under-30", "implant"]),
        finding=CONTENT,
        first=CONTENT,
        advice=CONTENT,
        said=WORDS,
        source=WORDS,
        age=st.sampled_from(["", "today", "4 months old"]),
        withdraws=st.booleans(),
    ),
    max_size=3,
).map(tuple)
RATINGS = st.one_of(st.none(), st.sampled_from(Rating))
STUDIES = st.builds(
    RatedStudy,
    study=st.builds(Study, st.sampled_from("abcdefg"), CONTENT, CODINGS, WORDS),
    rating=RATINGS,
    medians=st.lists(st.integers(1, 9), max_size=3).map(tuple),
    variants=st.just((6,)),
    radiation=st.one_of(st.none(), st.builds(Radiation, st.sampled_from(["O", "☢", "Varies"]), st.just(""))),
    strength=st.sampled_from(["", "Strong", "Expert Consensus"]),
    rationale=WORDS,
    auc_applied=st.sampled_from(["", TOPIC_PAGE]),
    cautions=st.one_of(st.just(()), CAUTIONS),
)
MANY_STUDIES = st.lists(STUDIES, max_size=5, unique_by=lambda rated: rated.study.id).map(tuple)
ANSWERS = st.builds(
    Answer,
    codings=st.sampled_from(["q.a", "q.b", "r.a"]).map(lambda code: (Coding(ANSWER, code, "x"),)),
    label=CONTENT,
    reason_text=CONTENT,
    leads_to=st.sampled_from(["", "may be appropriate"]),
)
ASKS = st.lists(st.builds(Ask, st.just("q"), CONTENT, st.lists(ANSWERS, max_size=3).map(tuple)), max_size=3)
FACTS = st.lists(st.builds(FactLine, st.just("Lesion size"), WORDS, WORDS, WORDS, WORDS), max_size=4).map(
    tuple
)
JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, "x", 5, [], {}, [None], ["x"], [{}], {"coding": None}, {"coding": [{}]}]
)
EXTENSIONS_SENT = st.lists(
    st.one_of(
        JUNK,
        st.builds(
            lambda url, value: {"url": url, **value},
            st.sampled_from([*sorted(EXTENSIONS), "https://ehr.example/x"]),
            st.sampled_from([{}, {"valueString": QCDSM}, {"valueCodeableConcept": None}, {"valueUri": "u"}]),
        ),
    ),
    max_size=5,
)
ORDERS = st.fixed_dictionaries(
    {"resourceType": st.sampled_from(["ServiceRequest", "ProcedureRequest"]), "status": st.just("draft")},
    optional={
        "id": st.one_of(st.just("x1"), st.none()),
        "code": st.one_of(JUNK, st.just({"coding": [{"system": LOINC, "code": "81554-8"}]})),
        "reasonCode": st.one_of(
            JUNK, st.just([{"text": "kept"}, {"coding": [{"system": ANSWER, "code": "q.a"}]}])
        ),
        "extension": st.one_of(JUNK, EXTENSIONS_SENT),
        "orderDetail": st.just([{"text": "x"}]),
        "unknown": st.dictionaries(st.text(max_size=5), JUNK, max_size=3),
    },
)
INDICATIONS = st.one_of(
    st.none(), st.builds(lambda text: {"coding": [{"system": SNOMED_CT, "code": "1"}], "text": text}, WORDS)
)
ADVICES = st.builds(
    Advice,
    order=ORDERS,
    reference=st.just("ServiceRequest/x1"),
    verdict=st.sampled_from(Verdict),
    ordered=st.one_of(st.none(), STUDIES),
    ordered_title=TITLES,
    source=st.just(SOURCE),
    qcdsm=st.just(QCDSM),
    cautions=st.one_of(st.just(()), CAUTIONS),
    better=MANY_STUDIES,
    beside=MANY_STUDIES,
    best_case=RATINGS,
    worst_case=RATINGS,
    uncovered=st.booleans(),
    always_usual=MANY_STUDIES,
    opinions=st.lists(
        st.builds(
            Opinion,
            st.integers(1, 8),
            CONTENT,
            st.sampled_from(Rating),
            st.integers(1, 9),
            st.just(TOPIC_PAGE),
        ),
        max_size=2,
    ).map(tuple),
    asks=ASKS.map(tuple),
    facts=FACTS,
    unknown=st.lists(WORDS, max_size=2).map(tuple),
    remarks=st.lists(WORDS, max_size=2).map(tuple),
    next_steps=st.lists(st.builds(Step, CONTENT, CONTENT, CONTENT), max_size=2).map(tuple),
    already_drafted=st.lists(st.sampled_from("abcdefg"), max_size=2).map(tuple),
    indication=INDICATIONS,
    override_reasons=st.just(OVERRIDES),
)
CLIENTS = st.sampled_from(sorted(PROFILES.values(), key=lambda profile: profile.name))


def differing(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Names of the members that are not identical."""
    return {name for name in before.keys() | after.keys() if before.get(name, ...) != after.get(name, ...)}


def others(order: dict[str, Any]) -> list[Any]:
    """The extensions that are no rating."""
    sent = entries(order, "extension")
    return [e for e in sent if not (isinstance(e, dict) and e.get("url") in EXTENSIONS)]


def suggested(advice: Advice, profile: Profile) -> list[dict[str, Any]]:
    cards = compose(advice, profile, counting_ids()).cards
    actions = (action for card in cards for s in card.suggestions for action in s.actions)
    return [dict(action.resource) for action in actions if action.resource is not None]


@given(ADVICES, CLIENTS)
def test_no_advice_makes_an_invalid_answer(advice: Advice, profile: Profile) -> None:
    answer = response_json([compose(advice, profile, counting_ids())], annotate=True, in_extension=True)
    # A rating that came with the draft may be another mechanism's, and faulty: it is not ours to mend.
    found = violations(answer, [advice.order])
    rated = others(dict(advice.order)) != entries(advice.order, "extension")
    assert [line for line in found if not (rated and line.startswith("PA-"))] == []


@given(ADVICES, CLIENTS)
def test_a_summary_fits_and_names_the_order_however_long_the_titles(advice: Advice, profile: Profile) -> None:
    for card in compose(advice, profile, counting_ids()).cards:
        assert units(card.summary) <= LIMIT
        assert (plain(advice.ordered_title) or "this order") in card.summary


@given(ADVICES, CLIENTS)
def test_no_text_formats_or_links_anything(advice: Advice, profile: Profile) -> None:
    for card in compose(advice, profile, counting_ids()).cards:
        assert set(TAG.findall(GFM.render(card.detail))) <= PLAIN_TAGS
        for text in (card.summary, *(s.label for s in card.suggestions)):
            assert "<a" not in GFM.render(f"x {text}")
            assert "<img" not in GFM.render(f"x {text}")


@given(ADVICES, CLIENTS)
def test_a_system_action_changes_ratings_only(advice: Advice, profile: Profile) -> None:
    for action in compose(advice, profile, counting_ids()).actions:
        order = dict(action.resource or {})
        assert differing(dict(advice.order), order) <= {"extension"}
        assert others(order) == others(dict(advice.order))


@given(ADVICES, CLIENTS)
def test_a_suggestion_changes_only_what_it_says(advice: Advice, profile: Profile) -> None:
    before = dict(advice.order)
    for order in suggested(advice, profile):
        changed = differing(before, order) - {"extension"}
        assert (
            changed <= {"code", "orderDetail"}
            or changed <= {"reasonCode"}
            or changed
            <= {
                "code",
                "orderDetail",
                "id",
            }
        )
        assert others(order) == others(before)


@given(ADVICES, CLIENTS)
def test_every_reason_but_an_answer_is_kept(advice: Advice, profile: Profile) -> None:
    def spoken(order: dict[str, Any]) -> list[Any]:
        reasons = entries(order, "reasonCode")
        return [reason for reason in reasons if ANSWER not in str(reason)]

    for order in suggested(advice, profile):
        kept = spoken(order)
        assert kept[: len(spoken(dict(advice.order)))] == spoken(dict(advice.order))


@given(ADVICES, CLIENTS)
def test_nothing_drafted_withdrawn_or_without_a_code_is_suggested(advice: Advice, profile: Profile) -> None:
    titles = {
        study.study.text or study.study.title
        for study in (*advice.better, *advice.beside, *advice.always_usual)
        if study.study.codings and study.study.id not in advice.already_drafted and not study.withdrawn
    }
    for order in suggested(advice, profile):
        if order.get("code") != advice.order.get("code"):
            assert order["code"]["text"] in titles


@given(ADVICES, CLIENTS)
def test_accepting_the_rating_leaves_nothing_more_to_record(advice: Advice, profile: Profile) -> None:
    for action in compose(advice, profile, counting_ids()).actions:
        again = replace(advice, order=dict(action.resource or {}))
        assert compose(again, profile, counting_ids()).actions == ()
