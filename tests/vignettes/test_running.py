"""The vignettes' own machinery: a case that does not hold is told, and so is a file that cannot be read."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from cards.vocabulary import Indicator, Rating, Verdict
from cds_service.consult import Desk
from cds_service.errors import ContentFaulty
from cds_service.explanation import ChartShown
from cds_service.guideline.indication import LIVER_MALIGNANCY
from cds_service.vignettes.case import Case, Expect
from cds_service.vignettes.core import core_differences
from cds_service.vignettes.coverage import HIGHER, ORDERED, unreached
from cds_service.vignettes.reading import read_cases
from cds_service.vignettes.run import Ran, run
from tests.vignettes.conftest import CASES, NOW

REFERENCE = next(case for case in CASES if case.name == "The article's patient, PET/CT")

WRONG = {
    "verdict": Expect(verdict=Verdict.NO_CRITERIA, card=Indicator.WARNING),
    "rating": Expect(verdict=Verdict.RATED, rating=Rating.USUALLY_APPROPRIATE, card=Indicator.WARNING),
    "medians": REFERENCE.expect.model_copy(update={"medians": (9,)}),
    "variants": REFERENCE.expect.model_copy(update={"variants": (3,)}),
}
WRONG_CARDS = {
    "card": REFERENCE.expect.model_copy(update={"card": Indicator.INFO}),
    "annotation": REFERENCE.expect.model_copy(update={"rating": Rating.USUALLY_APPROPRIATE}),
    "recommends": REFERENCE.expect.model_copy(update={"recommends": "us-abdomen"}),
    "suggests": REFERENCE.expect.model_copy(update={"suggests": ("us-abdomen",)}),
    "offers": REFERENCE.expect.model_copy(update={"offers": (("lesion-size.under-1-cm",),)}),
    "does not say": REFERENCE.expect.model_copy(update={"says": ("tumor board in Atlantis",)}),
    "says": REFERENCE.expect.model_copy(update={"never_says": ("mri abdomen",)}),
    "refused": Expect(refused=("conditions",)),
}


@pytest.mark.parametrize("member", WRONG)
def test_the_core_tells_a_wrong_expectation(member: str, desk: Desk) -> None:
    wrong = REFERENCE.model_copy(update={"expect": WRONG[member]})
    assert any(line.startswith(member) for line in core_differences(wrong, desk.library, desk.topic))


@pytest.mark.parametrize("member", WRONG_CARDS)
def test_a_consultation_tells_a_wrong_expectation(member: str, desk: Desk) -> None:
    ran = _run(REFERENCE.model_copy(update={"expect": WRONG_CARDS[member]}), desk)
    assert not ran.holds
    assert any(member in line for line in ran.consultation)


@pytest.mark.parametrize("fact", REFERENCE.facts)
def test_a_consultation_tells_a_wrong_fact(fact: str, desk: Desk) -> None:
    value = 4711.0 if fact == "lesion_size_mm" else "purple"
    ran = _run(REFERENCE.model_copy(update={"facts": {**REFERENCE.facts, fact: value}}), desk)
    assert any(line.startswith(fact) for line in ran.consultation)


def test_every_stated_fact_is_one_that_charts_hold() -> None:
    """A misspelt fact would be an open one in the core and looked at nowhere else."""
    known = {*ChartShown.model_fields, LIVER_MALIGNANCY}
    assert {name for case in CASES for name in case.facts} <= known


def test_a_case_that_holds_has_no_differences(desk: Desk) -> None:
    assert _run(REFERENCE, desk).holds


def test_without_cases_nothing_is_reached(desk: Desk) -> None:
    missed = unreached((), desk.library, desk.topic)
    assert len([item for item in missed if item.kind == "row"]) == 89
    assert {item.kind for item in missed} == {"variant", "row", "answer", "ask", "verdict", ORDERED, HIGHER}
    assert {item.what for item in missed if item.kind == HIGHER} == set(desk.library.cautions)


def test_a_row_that_no_case_reaches_is_listed(desk: Desk) -> None:
    without = [case for case in CASES if case.order.study != ("liver-spleen-scan",)]
    rows = [item for item in unreached(without, desk.library, desk.topic) if item.kind == "row"]
    assert [str(row) for row in rows] == [
        f"row: variant {number}, liver-spleen-scan" for number in range(1, 9)
    ]


VERDICT = "expect: {verdict: no-criteria}"
FAULTY = {
    "unknown key": f"cases:\n  - {{name: a, why: b, order: {{cpt: '1'}}, ages: 3, {VERDICT}}}\n",
    "cases[0].order: is missing": f"cases:\n  - {{name: a, why: b, {VERDICT}}}\n",
    "unquoted text": f"cases:\n  - {{name: a, why: b, order: {{cpt: 74183}}, {VERDICT}}}\n",
    "state either a verdict or": "cases:\n  - {name: a, why: b, order: {cpt: '1'}, expect: {}}\n",
    "a rating goes with": "cases:\n  - {name: a, why: b, order: {cpt: '1'}, expect: {verdict: rated}}\n",
    "asks go with": "cases:\n  - {name: a, why: b, order: {cpt: '1'}, expect: {verdict: undetermined}}\n",
    "two vignettes have this name": "cases:\n"
    + f"  - {{name: a, why: b, order: {{cpt: '1'}}, {VERDICT}}}\n" * 2,
    "add the list of cases": "unless-stated: {why: b}\n",
    "extra: unknown key": f"extra: 1\ncases:\n  - {{name: a, why: b, order: {{cpt: '1'}}, {VERDICT}}}\n",
    "not YAML": "cases: [\n",
}


@pytest.mark.parametrize("words", FAULTY)
def test_a_faulty_file_is_refused_with_words(words: str, tmp_path: Path) -> None:
    (tmp_path / "faulty.yaml").write_text(FAULTY[words])
    with pytest.raises(ContentFaulty) as refused:
        read_cases(tmp_path)
    assert words in str(refused.value)


def test_a_directory_without_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentFaulty, match="holds no vignettes"):
        read_cases(tmp_path)


def _run(case: Case, desk: Desk) -> Ran:
    return asyncio.run(run(case, desk, NOW, lambda: str(uuid4())))
