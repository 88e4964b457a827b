"""An explanation as people see it: how open and narrowed facts are written, and that text stays text."""

import io

import pytest
from rich.console import Console

from cards.vocabulary import Verdict
from cds_service.console import show_explanation
from cds_service.consultation import Consultation, OrderOutcome
from cds_service.explanation import explain
from cds_service.guideline.chart import Chart, Choice, Evidence, Fact, Interval, Measure


def _shown(*orders: OrderOutcome, **facts: Fact) -> str:
    console = Console(file=io.StringIO(), width=140)
    consultation = Consultation("r", "order-sign", {"cards": []}, Chart(facts), orders)
    show_explanation(console, explain(consultation))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        (Measure(Interval.point(8)), "8.0"),
        (Measure(Interval(high=10)), "< 10"),
        (Measure(Interval(5, 10, True, True)), "≤ 10, ≥ 5"),
        (Measure(Interval(low=10)), "> 10"),
        (Measure(note="pages are missing"), "not known"),
    ],
)
def test_a_measurement(fact: Measure, words: str) -> None:
    assert words in _shown(lesion_size_mm=fact)


def test_a_narrowed_fact() -> None:
    assert "us or ceus" in _shown(initial_imaging=Choice(("us", "ceus")))


def test_an_open_fact_that_something_is_known_about() -> None:
    unsure = Choice(
        ("yes", "no"), (Evidence("Condition/1", "possible HCC"),), note="only an unconfirmed entry"
    )
    shown = _shown(extrahepatic_malignancy=unsure)
    for words in ("not known", "Condition/1 “possible HCC”", "only an unconfirmed entry"):
        assert words in shown


def test_a_fact_that_nothing_is_known_about_takes_no_line() -> None:
    shown = _shown(extrahepatic_malignancy=Choice(("yes", "no")))
    assert "malignancy" not in shown
    assert "holds nothing of use" in shown


def test_chart_text_is_not_markup() -> None:
    text = "[red]8 mm[/red] [link=https://evil.example]here[/link]"
    assert text in _shown(lesion_size_mm=Measure(Interval.point(8), (Evidence("Observation/1", text),)))


@pytest.mark.parametrize(
    ("procedures", "words"),
    [((), "not in the catalogue"), (("a-study",), "a-study"), (("a-study", "b-study"), "a-study or b-study")],
)
def test_which_study_was_ordered(procedures: tuple[str, ...], words: str) -> None:
    outcome = OrderOutcome("ServiceRequest/x", procedures, Verdict.UNDETERMINED, why=("open: size",))
    shown = _shown(outcome)
    assert f"ServiceRequest/x  {words}  undetermined" in shown
    assert "• open: size" in shown
