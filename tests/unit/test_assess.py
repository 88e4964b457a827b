"""The assessment's laws: unknown is never rounded, answers settle, the order of a file means nothing."""

import random
from collections.abc import Mapping
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.vocabulary import Rating, Verdict
from cds_service.guideline.assess import Assessment, assess
from cds_service.guideline.chart import IMAGING_KINDS, Chart, Choice, Fact, Interval, Measure
from cds_service.guideline.content import library
from cds_service.guideline.content.topic_schema import GuidelineTopic
from cds_service.guideline.order import Order, Reason

LIBRARY = library.load()
TOPIC = LIBRARY.topics["liver-lesion"]
RATED = sorted({row.procedure for variant in TOPIC.variants for row in variant.ratings})
LESION = (Reason("Liver lesion", frozenset({"liver-lesion"})),)
PET = "fdg-pet-ct-skull-base-to-mid-thigh"
MRI = "mri-abdomen-without-and-with-iv-contrast"
CT = "ct-abdomen-with-iv-contrast-multiphase"
SINGLE_PHASE = "ct-abdomen-with-iv-contrast-single-phase"


def chart_of(
    size: Interval,
    imaging: tuple[str, ...] = ("us",),
    cancer: tuple[str, ...] = ("yes",),
    liver: tuple[str, ...] = ("no",),
    **more: Fact,
) -> Chart:
    facts: dict[str, Fact] = {
        "liver_lesion": Choice(("indeterminate",)),
        "lesion_size_mm": Measure(size),
        "initial_imaging": Choice(imaging),
        "extrahepatic_malignancy": Choice(cancer),
        "chronic_liver_disease": Choice(liver),
    }
    return Chart({**facts, **more}, age=68)


def judge(
    chart: Chart,
    *procedures: str,
    answers: Mapping[str, tuple[str, ...]] | None = None,
    topic: GuidelineTopic = TOPIC,
) -> Assessment:
    order = Order("ServiceRequest/x", procedures, LESION, answers or {})
    return assess(topic, LIBRARY.procedures, chart, order)


sizes = st.sampled_from(
    [
        Interval.point(8),
        Interval.point(10),
        Interval.point(12),
        Interval(high=10),
        Interval(high=10, high_included=True),
        Interval(low=10),
        Interval(low=9, high=11),
        Interval(),
    ]
)
yes_no = st.sampled_from([("yes",), ("no",), ("yes", "no")])
imagings = st.sets(st.sampled_from(IMAGING_KINDS), min_size=1).map(lambda kinds: tuple(sorted(kinds)))
charts = st.builds(chart_of, sizes, imagings, yes_no, yes_no)


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (Interval.point(10), Interval(low=10), False),
        (Interval.point(10), Interval(low=10, low_included=True), True),
        (Interval(high=10), Interval(low=10), False),
        (Interval(high=12), Interval(low=8, high=9), True),
        (Interval.point(8), Interval.point(30), False),
    ],
)
def test_intervals_overlap_where_a_number_lies_in_both(one: Interval, other: Interval, meet: bool) -> None:
    assert one.overlaps(other) is meet
    assert other.overlaps(one) is meet


def test_reference_patient_pet_ct() -> None:
    found = judge(chart_of(Interval.point(8)), PET)
    assert (found.verdict, found.rating, found.medians) == (
        Verdict.RATED,
        Rating.USUALLY_NOT_APPROPRIATE,
        (2,),
    )
    assert [variant.number for variant in found.variants] == [6]


@pytest.mark.parametrize(
    ("size", "verdict"),
    [
        (Interval.point(9.9), Verdict.RATED),
        (Interval.point(10), Verdict.UNDETERMINED),
        (Interval(high=10), Verdict.RATED),
        (Interval(high=10, high_included=True), Verdict.UNDETERMINED),
        (Interval(low=10), Verdict.RATED),
        (Interval(low=10, low_included=True), Verdict.UNDETERMINED),
        (Interval(low=10, high=10, low_included=True, high_included=True), Verdict.UNDETERMINED),
    ],
)
def test_exactly_one_centimetre_is_neither_side(size: Interval, verdict: Verdict) -> None:
    """PET/CT: 2 under and 6 over 1 cm, so only a settled side is a rating."""
    found = judge(chart_of(size), PET)
    assert found.verdict is verdict
    assert [asked.question for asked in found.asks] == ([] if verdict is Verdict.RATED else ["lesion-size"])


def test_only_a_point_on_the_bound_is_asked_as_exactly_one_centimetre() -> None:
    assert judge(chart_of(Interval.point(10)), PET).asks[0].on_the_bound
    assert not judge(chart_of(Interval(high=12)), PET).asks[0].on_the_bound


def test_small_lesion_in_a_normal_liver_without_cancer_has_no_criteria() -> None:
    found = judge(chart_of(Interval.point(8), cancer=("no",)), PET)
    assert found.verdict is Verdict.NO_CRITERIA
    assert found.rows == ()


def test_cancer_and_liver_disease_disagree_on_ct_but_not_on_mri() -> None:
    both = chart_of(Interval.point(8), liver=("yes",))
    conflict = judge(both, CT)
    assert conflict.verdict is Verdict.CONFLICTING
    assert [variant.number for variant in conflict.variants] == [6, 8]
    assert judge(both, MRI).verdict is Verdict.RATED


def test_first_seen_on_a_study_that_characterizes_is_covered_by_nothing() -> None:
    found = judge(chart_of(Interval.point(20), imaging=("ct-multiphase",)), MRI)
    assert found.verdict is Verdict.NO_CRITERIA


def test_a_ct_code_without_phase_asks_for_the_phase() -> None:
    found = judge(chart_of(Interval.point(8)), CT, SINGLE_PHASE)
    assert [asked.question for asked in found.asks] == ["ct-phase"]
    settled = judge(chart_of(Interval.point(8)), CT, SINGLE_PHASE, answers={"ct-phase": ("multiphase",)})
    assert (settled.verdict, settled.rating) == (Verdict.RATED, Rating.MAY_BE_APPROPRIATE)


def test_an_answer_left_over_from_another_study_changes_nothing() -> None:
    found = judge(chart_of(Interval.point(8)), MRI, answers={"ct-phase": ("single-phase",)})
    assert found.rating is Rating.USUALLY_APPROPRIATE


def test_an_answer_outranks_the_chart_and_says_so() -> None:
    found = judge(chart_of(Interval.point(8)), PET, answers={"lesion-size": ("over-1-cm",)})
    assert found.medians == (6,)
    assert found.answers is not None
    assert found.answers["lesion-size"].chart_differs == ("under-1-cm",)


def test_mri_since_comes_before_characterized() -> None:
    done = chart_of(Interval.point(8), mri_since=Choice(("yes",)), liver_lesion=Choice(("characterized",)))
    assert judge(done, PET).verdict is Verdict.AFTER_MRI


def test_answers_with_one_outcome_are_offered_as_one() -> None:
    """MRI is usually appropriate after ultrasound and after limited CT/MRI; only the third differs."""
    found = judge(chart_of(Interval.point(8), imaging=IMAGING_KINDS), MRI)
    (asked,) = found.asks
    assert [answer.values for answer in asked.answers] == [("us", "limited-ct-mri"), ("characterizing",)]


@given(charts, st.sampled_from(RATED))
def test_answering_an_open_question_never_changes_a_rated_verdict(chart: Chart, procedure: str) -> None:
    before = judge(chart, procedure)
    if before.verdict is not Verdict.RATED or before.answers is None or before.rating is None:
        return
    for name, possible in before.answers.items():
        for value in possible.values:
            after = judge(chart, procedure, answers={name: (value,)})
            assert after.verdict is Verdict.RATED
            assert after.rating is not None
            assert after.rating.band is before.rating.band


@given(charts, st.sampled_from(RATED), st.randoms(use_true_random=False))
def test_the_order_of_variants_in_a_file_never_matters(
    chart: Chart, procedure: str, shuffle: random.Random
) -> None:
    variants = list(TOPIC.variants)
    shuffle.shuffle(variants)
    other = TOPIC.model_copy(update={"variants": tuple(variants)})
    one, two = judge(chart, procedure), judge(chart, procedure, topic=other)
    assert (one.verdict, one.rating, one.medians) == (two.verdict, two.rating, two.medians)
    assert [a.question for a in one.asks] == [a.question for a in two.asks]
    assert {v.number for v in one.variants} == {v.number for v in two.variants}


@given(charts, st.sampled_from(RATED))
def test_asks_are_enough_and_none_is_idle(chart: Chart, procedure: str) -> None:
    """Answering every ask settles the order; leaving any single ask out may not."""
    found = judge(chart, procedure)
    if found.verdict is not Verdict.UNDETERMINED:
        assert found.asks == ()
        return
    names = [asked.question for asked in found.asks]
    groups = [[answer.values[:1] for answer in asked.answers] for asked in found.asks]
    verdicts = [
        judge(chart, procedure, answers=dict(zip(names, values, strict=True))) for values in product(*groups)
    ]
    assert all(after.verdict is not Verdict.UNDETERMINED for after in verdicts)
    for name in names:
        for asked in (a for a in found.asks if a.question == name):
            assert len(asked.answers) > 1


@pytest.mark.parametrize(
    ("chart", "why"),
    [
        (Chart({"liver_lesion": Choice(("indeterminate",))}, age=17), "under 18"),
        (Chart({"liver_lesion": Choice(("none",))}, age=50), "no liver lesion"),
    ],
)
def test_not_applicable_says_why(chart: Chart, why: str) -> None:
    order = Order("ServiceRequest/x", (MRI,))
    found = assess(TOPIC, LIBRARY.procedures, chart, order)
    assert found.verdict is Verdict.NOT_APPLICABLE
    assert why in found.finding.parts[0].statement


def test_an_answer_said_a_thousand_times_is_one_answer() -> None:
    """Each would be a way otherwise, and three such answers a thousand million of them."""
    answers = {"lesion-size": "under-1-cm", "initial-imaging": "us", "extrahepatic-malignancy": "yes"}
    told = {question: (value,) * 1_000 for question, value in answers.items()}

    once = judge(chart_of(Interval()), PET, answers={name: (value,) for name, value in answers.items()})

    assert judge(chart_of(Interval()), PET, answers=told) == once
