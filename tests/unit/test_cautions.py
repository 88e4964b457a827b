"""Cautions: which facts bear on which study, how sure, how old, and what withdraws it."""

import math
from collections.abc import Mapping
from datetime import date

import pytest

from cds_service.guideline.cautions import Concerns, concerns_of
from cds_service.guideline.chart import Chart, Choice, Evidence, Fact, Interval, Measure, Searched
from cds_service.guideline.content import library
from cds_service.guideline.in_words import age_in_words, number_words
from tests.charts import TODAY

LIBRARY = library.load()
MRI, PLAIN_MRI = "mri-abdomen-without-and-with-iv-contrast", "mri-abdomen-without-iv-contrast"
CT, PLAIN_CT = "ct-abdomen-with-iv-contrast-multiphase", "ct-abdomen-without-iv-contrast"
CEUS, US = "us-abdomen-with-iv-contrast", "us-abdomen"
PET, BIOPSY = "fdg-pet-ct-skull-base-to-mid-thigh", "image-guided-biopsy-liver"
RECENT = Evidence("Observation/1", "eGFR: 24", date(2026, 5, 28))
NOT_FOUND: Mapping[str, Fact] = {
    "acute_kidney_injury": Choice(("no",)),
    "dialysis": Choice(("no",)),
    "gadolinium_reaction": Choice(("no",)),
    "iodinated_contrast_reaction": Choice(("no",)),
    "ultrasound_contrast_reaction": Choice(("no",)),
    "implant": Choice(("no",)),
    "pregnancy": Choice(("no",)),
    "egfr": Measure(),
    "platelets": Measure(),
    "inr": Measure(),
}
# Contract: every caution code but radiation-history, which is the imaging history's.
CODES = """
egfr-under-30 acute-kidney-injury dialysis gadolinium-reaction gadolinium-reaction-severe
iodinated-contrast-reaction iodinated-contrast-reaction-severe ultrasound-contrast-reaction
ultrasound-contrast-reaction-severe implant mr-unsafe-device pregnancy platelets-under-50 inr-over-1.8
""".split()


def concerns(
    *procedures: str,
    age: int | None = 60,
    limit: int | None = None,
    also: Mapping[str, Fact] = NOT_FOUND,
    **facts: Fact,
) -> Concerns:
    chart = Chart({**NOT_FOUND, **also, **facts}, age=age)
    studies = [LIBRARY.procedures[name] for name in procedures]
    limits = {"egfr": limit} if limit else {}
    return concerns_of(studies, LIBRARY.cautions, chart, TODAY, limits)


def egfr(low: float, high: float | None = None, day: date | None = RECENT.day, **ends: bool) -> Measure:
    interval = Interval.point(low) if high is None else Interval(low, high, **ends)
    return Measure(interval, (Evidence("Observation/1", "eGFR", day),))


def recorded(*possible: str, note: str = "") -> Choice:
    return Choice(possible, (Evidence("AllergyIntolerance/1", "Gadobutrol", date(2021, 3, 1)),), note=note)


def test_the_codes_are_those_of_the_contract() -> None:
    assert sorted(LIBRARY.cautions) == sorted(CODES)


@pytest.mark.parametrize(
    ("fact", "value", "code", "informs", "withdraws"),
    [
        ("acute_kidney_injury", "yes", "acute-kidney-injury", {MRI, CT}, set()),
        ("dialysis", "yes", "dialysis", {MRI, CT}, set()),
        ("gadolinium_reaction", "mild", "gadolinium-reaction", {MRI}, set()),
        ("gadolinium_reaction", "severe", "gadolinium-reaction-severe", set(), {MRI}),
        ("iodinated_contrast_reaction", "moderate", "iodinated-contrast-reaction", {CT}, set()),
        ("iodinated_contrast_reaction", "severe", "iodinated-contrast-reaction-severe", set(), {CT}),
        ("ultrasound_contrast_reaction", "mild", "ultrasound-contrast-reaction", {CEUS}, set()),
        ("ultrasound_contrast_reaction", "severe", "ultrasound-contrast-reaction-severe", set(), {CEUS}),
        ("implant", "yes", "implant", {MRI, PLAIN_MRI}, set()),
        ("implant", "mr-unsafe", "mr-unsafe-device", set(), {MRI, PLAIN_MRI}),
        ("pregnancy", "yes", "pregnancy", {BIOPSY}, {MRI, CT, PLAIN_CT, PET}),
    ],
)
def test_each_value_concerns_its_studies_and_no_others(
    fact: str, value: str, code: str, informs: set[str], withdraws: set[str]
) -> None:
    for study in (MRI, PLAIN_MRI, CT, PLAIN_CT, CEUS, US, PET, BIOPSY):
        found = concerns(study, also={fact: Choice((value,))})
        assert [one.code for one in found.cautions] == ([code] if study in informs | withdraws else [])
        assert found.withdrawn == (study in withdraws)


@pytest.mark.parametrize(
    ("fact", "value", "code", "studies"),
    [
        ("egfr", 29.9, "egfr-under-30", {MRI, CT}),
        ("egfr", 30.0, "egfr-under-30", set()),
        ("platelets", 49.0, "platelets-under-50", {BIOPSY}),
        ("platelets", 50.0, "platelets-under-50", set()),
        ("inr", 1.9, "inr-over-1.8", {BIOPSY}),
        ("inr", 1.8, "inr-over-1.8", set()),
    ],
)
def test_numbers_caution_strictly_beyond_their_bound(
    fact: str, value: float, code: str, studies: set[str]
) -> None:
    for study in (MRI, PLAIN_MRI, CT, CEUS, BIOPSY):
        found = concerns(study, also={fact: Measure(Interval.point(value))})
        assert found.codes == ({code} if study in studies else set())
        assert not found.withdrawn


def test_a_caution_carries_value_evidence_and_age() -> None:
    (caution,) = concerns(MRI, egfr=egfr(24)).cautions
    assert (caution.finding, caution.age, caution.certain) == ("eGFR 24", "4 days", True)
    assert caution.evidence is not None
    assert PLAIN_MRI in caution.beside


@pytest.mark.parametrize(
    ("result", "certain"),
    [
        (egfr(-math.inf, 15), True),  # "<15"
        (egfr(-math.inf, 30), True),  # "<30"
        (egfr(-math.inf, 60), False),  # "<60"
        (egfr(-math.inf, 30, high_included=True), False),  # "<=30"
        (egfr(60, math.inf), None),  # ">60"
        (egfr(30, math.inf), None),
        (egfr(20, 40, low_included=True, high_included=True), False),  # two results of one day
        (Measure(Interval(), (RECENT,)), None),  # only a result that cannot be relied on
    ],
)
def test_intervals_are_never_rounded(result: Measure, certain: bool | None) -> None:
    found = concerns(MRI, egfr=result)
    assert [one.certain for one in found.cautions] == ([] if certain is None else [certain])
    assert found.unknown == ()


def test_an_open_number_is_asked_about() -> None:
    (caution,) = concerns(MRI, egfr=egfr(-math.inf, 60)).cautions
    assert caution.finding == "eGFR under 60, which may be under 30"
    assert caution.first == "Check the eGFR"


@pytest.mark.parametrize(
    ("possible", "said"),
    [
        (("mild",), "reaction to gadolinium contrast, mild"),
        (("moderate", "severe"), "reaction to gadolinium contrast, moderate or severe"),
        (("mild", "moderate", "severe"), "reaction to gadolinium contrast, severity not stated"),
    ],
)
def test_severity_is_said_as_far_as_it_is_known(possible: tuple[str, ...], said: str) -> None:
    found = concerns(MRI, gadolinium_reaction=recorded(*possible))
    assert [(one.code, one.finding) for one in found.cautions] == [("gadolinium-reaction", said)]
    assert not found.withdrawn


def test_a_reaction_that_may_be_another_agents_is_asked_about() -> None:
    doubtful = recorded("no", "mild", "moderate", "severe", note="the kind of contrast is not stated")
    (caution,) = concerns(MRI, gadolinium_reaction=doubtful).cautions
    assert caution.finding == "possible reaction to gadolinium contrast"
    assert (caution.certain, caution.withdraws) == (False, False)
    assert caution.note == "the kind of contrast is not stated"


@pytest.mark.parametrize("fact", ["pregnancy", "implant", "acute_kidney_injury", "dialysis"])
def test_other_open_facts_are_not_spoken_of(fact: str) -> None:
    hint = Choice(("yes", "no"), (Evidence("Condition/1", "perhaps"),), note="only an unconfirmed entry")
    assert concerns(MRI, also={fact: hint}).cautions == ()


def test_an_old_result_is_shown_and_cautions_against_nothing() -> None:
    found = concerns(MRI, egfr=egfr(24, day=date(2023, 5, 28)))
    assert found.cautions == ()
    assert [(old.finding, old.age) for old in found.old] == [("eGFR 24", "3 years")]
    assert concerns(MRI, egfr=egfr(62, day=date(2023, 5, 28))).old == ()


def test_how_old_is_configurable_to_the_day() -> None:
    at_limit, past_it = (egfr(24, day=date(2026, 5, day)) for day in (2, 1))
    assert concerns(MRI, egfr=at_limit, limit=30).codes == {"egfr-under-30"}
    assert concerns(MRI, egfr=past_it, limit=30).codes == set()
    assert concerns(MRI, egfr=egfr(24, day=None), limit=30).codes == {"egfr-under-30"}


def test_what_was_not_looked_for_is_unknown_and_no_caution() -> None:
    missing = Choice(("no", "mild", "moderate", "severe"), searched=Searched.NOT_SEARCHED)
    found = concerns(MRI, egfr=Measure(searched=Searched.CUT_SHORT), gadolinium_reaction=missing)
    assert found.cautions == ()
    assert found.unknown == ("earlier contrast reactions", "kidney function (eGFR)")
    assert concerns(PLAIN_MRI, egfr=Measure(searched=Searched.NOT_SEARCHED)).unknown == ()
    assert concerns(MRI).unknown == ()


@pytest.mark.parametrize(("age", "said"), [(34, ("pregnancy",)), (70, ()), (None, ("pregnancy",))])
def test_an_unknown_pregnancy_is_not_mentioned_in_old_age(age: int | None, said: tuple[str, ...]) -> None:
    unknown = Choice(("yes", "no"), searched=Searched.NOT_SEARCHED)
    assert concerns(CT, age=age, pregnancy=unknown).unknown == said


def test_an_order_that_may_mean_several_studies_has_what_all_of_them_have() -> None:
    def several(*procedures: str) -> Concerns:
        yes = Choice(("yes",))
        return concerns(*procedures, pregnancy=yes, egfr=egfr(24), implant=yes)

    assert several(MRI, PLAIN_MRI).codes == {"implant"}
    assert several(CT, PLAIN_CT).codes == {"pregnancy"}
    assert several(CT, PLAIN_CT).withdrawn
    assert not several(PET, BIOPSY).withdrawn


def test_what_withdraws_is_said_first_and_what_is_uncertain_last() -> None:
    found = concerns(
        MRI,
        implant=Choice(("mr-unsafe",)),
        dialysis=Choice(("yes",)),
        gadolinium_reaction=recorded("no", "mild", "moderate", "severe"),
        egfr=egfr(9),
    )
    assert [one.code for one in found.cautions] == [
        "mr-unsafe-device",
        "dialysis",
        "egfr-under-30",
        "gadolinium-reaction",
    ]


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 6, 1), "today"),
        (date(2026, 6, 2), "today"),  # a clock ahead of ours
        (date(2026, 5, 31), "1 day"),
        (date(2026, 5, 12), "20 days"),
        (date(2026, 5, 11), "3 weeks"),
        (date(2026, 4, 1), "2 months"),
        (date(2026, 2, 1), "3 months"),
        (date(2025, 6, 1), "12 months"),
        (date(2023, 5, 28), "3 years"),
    ],
)
def test_ages_in_words(day: date, words: str) -> None:
    assert age_in_words(day, TODAY) == words


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        (Interval.point(24.0), "24"),
        (Interval.point(1.85), "1.85"),
        (Interval(0, 15), "under 15"),
        (Interval(high=15, high_included=True), "up to 15"),
        (Interval(60), "over 60"),
        (Interval(60, low_included=True), "at least 60"),
        (Interval(20, 40), "20 to 40"),
    ],
)
def test_numbers_in_words(interval: Interval, words: str) -> None:
    assert number_words(interval) == words
