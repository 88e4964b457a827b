"""The shipped topic against the facts it was written from, row by row, and the words we added."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cards.vocabulary import NON_ADHERENCE, Rating
from cds_service.guideline.chart import IMAGING_KINDS
from cds_service.guideline.content.library import SHIPPED
from cds_service.guideline.content.schema import OverrideReasonsFile
from cds_service.guideline.content.strict_yaml import read
from cds_service.guideline.content.topic_schema import GuidelineTopic, RatingRow, Variant

FACTS = json.loads((Path(__file__).parent.parent / "data" / "acr-liver-lesion-2020.json").read_text("utf-8"))
TOPIC_FILE = SHIPPED / "topics" / "liver-lesion.yaml"
LONGEST_RATIONALE = 240
STUDIES_BY_ANSWER = {"us": ["US"], "limited-ct-mri": ["CT noncontrast", "CT single-phase", "MRI noncontrast"]}

# Every code of the HL7 code system that may be used, with HL7's display. Copied from its definition
# (CodeSystem non-adherence-reason-codes, trial use), since feedback is counted by code.
HL7_REASONS = {
    "action-unsuccessful": "Recommended action was previously unsuccessful",
    "expert-contradicts": "Advice from expert contradicts the recommended action",
    "policy-contradicts": "Institutional policy/guideline contradicts the recommended action",
    "patient-contraindication": "Patient has contraindication to recommended action",
    "prefers-alternative": "Patient prefers an alternative approach or treatment",
}


def _data(path: Path) -> Any:
    document, faults = read(path.name, path.read_text(encoding="utf-8"))
    assert document is not None
    assert faults == ()
    return document.data


TOPIC = GuidelineTopic.model_validate(_data(TOPIC_FILE))
ROWS = [(fact["number"], i) for fact in FACTS["variants"] for i in range(len(fact["ratings"]))]
OUR_ROWS = [(variant, row) for variant in TOPIC.variants for row in variant.ratings]


def _variant(number: int) -> Variant:
    return next(variant for variant in TOPIC.variants if variant.number == number)


def _fact(number: int) -> dict[str, Any]:
    return dict(next(fact for fact in FACTS["variants"] if fact["number"] == number))


def test_there_are_8_variants_and_89_rows() -> None:
    assert [variant.number for variant in TOPIC.variants] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert len(ROWS) == 89
    assert sum(len(variant.ratings) for variant in TOPIC.variants) == 89


@pytest.mark.parametrize(("number", "index"), ROWS)
def test_every_row_is_the_facts_row_field_by_field(number: int, index: int) -> None:
    fact = _fact(number)["ratings"][index]
    row = _variant(number).ratings[index]

    assert row.procedure == fact["procedure"]
    assert row.rating.value == fact["category"]
    assert row.median == fact["median"]
    assert row.strength == fact["strength_of_evidence"]
    assert row.adult_radiation == _printed(fact["adult_rrl"], fact["adult_dose"])
    assert row.pediatric_radiation == _printed(fact["peds_rrl"], fact["peds_dose"])
    assert list(row.notes) == [_readable(note) for note in fact["notes"]]
    assert row.locator == f"Variant {number}, row {index + 1}"


def _readable(note: str) -> str:
    """The facts file says "None None" where a copy of the table states no radiation level or no dose."""
    return note.replace("None None", "none stated").replace("Varies None", "Varies")


def _printed(level: str | None, dose: str | None) -> str | None:
    return " ".join(part for part in (level, dose) if part) or None


@pytest.mark.parametrize("number", range(1, 9))
def test_criteria_are_the_facts_population(number: int) -> None:
    population = _fact(number)["population"]
    criteria = dict(_variant(number).criteria)

    assert (
        criteria.pop("lesion-size")
        == {">1 cm": ("over-1-cm",), "<1 cm": ("under-1-cm",)}[population["lesion_size"]]
    )
    studies = [study for answer in criteria.pop("initial-imaging") for study in STUDIES_BY_ANSWER[answer]]
    assert studies == population["initial_imaging"]
    stated = {"known": ("yes",), "absent": ("no",)}
    for question in ("extrahepatic-malignancy", "chronic-liver-disease"):
        assert criteria.pop(question, None) == stated.get(population[question.replace("-", "_")])
    assert criteria == {}


def test_the_topic_is_the_facts_topic_and_claims_no_review_and_no_licence() -> None:
    assert TOPIC.title == FACTS["topic"]
    assert TOPIC.publisher == FACTS["publisher"]
    assert TOPIC.edition == FACTS["revision"]
    assert TOPIC.source_url == FACTS["narrative_url"]
    assert (TOPIC.status, TOPIC.reviewer, TOPIC.reviewed_on) == ("unreviewed", None, None)
    assert TOPIC.licence.state == "not-obtained"
    assert len(TOPIC.scope_gaps) >= len(FACTS["scope_gaps"])


@pytest.mark.parametrize(("variant", "row"), OUR_ROWS, ids=lambda part: getattr(part, "locator", ""))
def test_every_rationale_is_one_sentence(variant: Variant, row: RatingRow) -> None:
    assert row.rationale.endswith(".")
    assert not re.search(r"[.?!] +[A-Z]", row.rationale), variant.title
    assert len(row.rationale) <= LONGEST_RATIONALE


@pytest.mark.parametrize(("variant", "row"), OUR_ROWS, ids=lambda part: getattr(part, "locator", ""))
def test_a_rationale_speaks_of_lesions_of_its_variants_size(variant: Variant, row: RatingRow) -> None:
    """What the sources say of lesions under 1 cm holds for no variant over 1 cm."""
    if variant.criteria["lesion-size"] == ("over-1-cm",):
        assert "under 1 cm" not in row.rationale
        assert "this small" not in row.rationale


@pytest.mark.parametrize(("variant", "row"), OUR_ROWS, ids=lambda part: getattr(part, "locator", ""))
def test_a_rationale_leaves_the_dose_to_the_row(variant: Variant, row: RatingRow) -> None:
    """Every card prints the dose beside the rationale."""
    assert not re.search(r"mSv|☢|\bdoses?\b", row.rationale), variant.title


@pytest.mark.parametrize(("variant", "row"), OUR_ROWS, ids=lambda part: getattr(part, "locator", ""))
def test_what_the_narrative_says_of_another_variant_is_used_only_if_general(
    variant: Variant, row: RatingRow
) -> None:
    """It is marked as such, and reports nothing of what the narrative found in the literature there."""
    for number, general in re.findall(r"narrative, variant (\d)( \(general statement\))?", _source(row)):
        assert bool(general) == (int(number) != variant.number)
        assert not (general and re.search("literature|published|found no", row.rationale))


def _source(row: RatingRow) -> str:
    return row.rationale_source or ""


def test_no_two_ratings_of_biopsy_share_a_rationale() -> None:
    """One sentence cannot explain that biopsy is usually not appropriate here and may be there."""
    biopsies = [row for _, row in OUR_ROWS if row.procedure == "image-guided-biopsy-liver"]
    ratings: dict[str, set[str]] = {}
    for row in biopsies:
        if row.rationale_source:
            ratings.setdefault(row.rationale, set()).add(row.rating.value)
    assert {sentence: found for sentence, found in ratings.items() if len(found) > 1} == {}


@pytest.mark.parametrize("number", [1, 2])
def test_where_biopsy_yields_to_imaging_there_is_such_imaging(number: int) -> None:
    rated = {row.procedure: row for row in _variant(number).ratings}
    said = rated["image-guided-biopsy-liver"].rationale
    assert said.endswith("while imaging without a needle is rated usually appropriate here.")
    assert rated["mri-abdomen-without-and-with-iv-contrast"].rating is Rating.USUALLY_APPROPRIATE


def test_the_claim_of_highest_accuracy_keeps_the_articles_qualifier() -> None:
    (said,) = [row.rationale for _, row in OUR_ROWS if "accura" in row.rationale]
    assert said == _variant(6).ratings[0].rationale
    assert "in one article's view" in said
    assert said.endswith("the highest accuracy for small lesions without ionizing radiation.")


def test_advice_after_the_mri_says_whom_its_article_is_about_and_presumes_nothing_of_others() -> None:
    """It is shown to patients of every variant; the article is about those of variant 6."""
    assert "under 1 cm, first seen on ultrasound, in a patient with known cancer" in TOPIC.after_mri_scope
    for step in TOPIC.after_mri:
        assert not re.search("the oncology team|surveillance goes on|cancer", step.advice)


def test_a_row_without_a_rationale_says_so_in_the_one_agreed_sentence() -> None:
    assert TOPIC.no_rationale == "We hold no rationale for this row; see the publisher's narrative."
    assert all((row.rationale == TOPIC.no_rationale) == (row.rationale_source is None) for _, row in OUR_ROWS)
    assert all(
        row.rationale_source
        for row in _variant(6).ratings
        if row.procedure != "ct-abdomen-without-and-with-iv-contrast"
    )


def test_no_sentence_repeats_the_articles_claim_about_washout() -> None:
    """The article calls metastases often hypervascular with washout; its reviewers advise against reuse."""
    assert not re.search(r"wash-?out", TOPIC_FILE.read_text(encoding="utf-8"), re.IGNORECASE)


def test_codes_of_questions_and_answers_are_those_of_the_contract() -> None:
    """They are written on orders and read back later: a changed code loses a clinician's answer."""
    assert {name: tuple(question.values) for name, question in TOPIC.questions.items()} == {
        "lesion-size": ("under-1-cm", "over-1-cm"),
        "initial-imaging": ("us", "limited-ct-mri", "characterizing"),
        "extrahepatic-malignancy": ("yes", "no"),
        "chronic-liver-disease": ("yes", "no"),
        "characterization": ("indeterminate", "characterized"),
        "ct-phase": ("multiphase", "single-phase"),
        "pet-tracer": ("fdg", "dotatate"),
    }


def test_every_kind_of_first_imaging_has_one_answer() -> None:
    answers = TOPIC.questions["initial-imaging"].values.values()
    assert Counter(kind for answer in answers for kind in answer.facts) == Counter(IMAGING_KINDS)


def test_reasons_written_on_an_order_differ_and_tell_a_radiologist_what_was_answered() -> None:
    texts = [text for question in TOPIC.questions.values() for text in _order_texts(question.values.values())]
    assert len(texts) == len(set(texts))
    assert "Liver lesion under 1 cm" in texts
    assert "Liver lesion 1.0 cm, treated as under 1 cm" in texts
    assert "Liver lesion 1.0 cm, treated as over 1 cm" in texts


def _order_texts(values: Any) -> Iterator[str]:
    for value in values:
        yield value.reason_text
        if value.boundary_text:
            yield value.boundary_text


def test_hl7_override_reasons_keep_their_display_and_the_others_are_ours() -> None:
    reasons = OverrideReasonsFile.model_validate(_data(SHIPPED / "override-reasons.yaml")).reasons
    assert 4 <= len(reasons) <= 6
    assert {r.code: r.display for r in reasons if r.system == NON_ADHERENCE} == HL7_REASONS
    ours = {r.code for r in reasons if r.system != NON_ADHERENCE}
    assert ours == {"special-circumstances"}


def test_any_other_yaml_reader_sees_the_same_topic() -> None:
    """Answers named yes and no stand in quotes: a YAML 1.1 reader would make them booleans."""
    loose = yaml.safe_load(TOPIC_FILE.read_text(encoding="utf-8"))
    assert json.loads(json.dumps(loose)) == json.loads(json.dumps(_data(TOPIC_FILE)))
