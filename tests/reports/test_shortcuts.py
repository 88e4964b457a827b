"""Every shortcut of the reader gives what the long way gives: labelled reports and made-up texts."""

from pathlib import Path
from typing import Any

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from cds_service.fhir.narrative import marks
from cds_service.fhir.narrative.layout import Statement, fold, statements
from cds_service.fhir.narrative.line import Line
from cds_service.fhir.narrative.measures import read
from cds_service.fhir.narrative.patterns import Pattern, Several, compiled, expression, names, pattern
from cds_service.fhir.narrative.quality import limitation, part_unseen
from cds_service.fhir.narrative.study import modality_of
from tests.reports.labels import load

REPORTS = [report.text for report in load(Path(__file__).parent)]
SOME = REPORTS[::7]
EXPRESSIONS = (
    expression("quality limited"),
    expression("modality ct"),
    r"(?i)\b(?:(?P<liver>liver|hepatic)|(?P<size>[0-9.]+) ?[cm]m)\b",
    r"[a-c]*",
    r"é|\bno\b|$",
)
TEXTS = st.text(max_size=60) | st.lists(st.sampled_from("liver 8 mm CT no é \n abc . , ×".split(" "))).map(
    " ".join
)


def agrees(ours: Pattern, theirs: Any, text: str) -> bool:
    """Whether our way to RE2 finds what its own binding finds."""
    found = list(theirs.finditer(text))
    first = theirs.search(text)
    mine = ours.search(text)
    return (
        list(ours.spans(text)) == [match.span() for match in found]
        and [match.group() for match in ours.finditer(text)] == [match.group() for match in found]
        and ours.occurs_in(text) == (first is not None)
        and ours.fullmatch(text) == (theirs.fullmatch(text) is not None)
        and ours.begins(text, len(text) // 2) == (theirs.match(text, len(text) // 2) is not None)
        and (mine is None) == (first is None)
        and (mine is None or (mine.group(), mine.start(), mine.end()) == (first.group(), *first.span()))
    )


@pytest.mark.parametrize("words", EXPRESSIONS)
def test_patterns_find_what_re2_finds_in_reports(words: str) -> None:
    ours, theirs = compiled(words), re2.compile(words)
    assert all(agrees(ours, theirs, text) for text in SOME)


@given(text=TEXTS, words=st.sampled_from(EXPRESSIONS))
def test_patterns_find_what_re2_finds(text: str, words: str) -> None:
    assert agrees(compiled(words), re2.compile(words), text)


@given(text=TEXTS)
def test_named_tells_which_group_matched_and_where(text: str) -> None:
    expected = [
        (match.lastgroup, match.start(match.lastindex), match.end())
        for match in re2.compile(EXPRESSIONS[2]).finditer(text)
    ]
    assert list(compiled(EXPRESSIONS[2]).named(text)) == expected


@pytest.mark.parametrize("anchored", [False, True])
def test_several_patterns_asked_at_once_answer_as_one_by_one(anchored: bool) -> None:
    expressions = [expression(f"modality {name}") for name in names("modality")]
    several, each = Several(expressions, anchored=anchored), [compiled(words) for words in expressions]
    for text in [line for report in SOME for line in fold(report).splitlines()]:
        alone = {
            number
            for number, one in enumerate(each)
            if (one.begins(text) if anchored else one.occurs_in(text))
        }
        assert set(several.matching(text)) == alone


def test_the_first_modality_is_the_one_that_stands_first() -> None:
    for report in SOME:
        words = fold(report)
        found = {name: pattern(f"modality {name}").search(words) for name in names("modality")}
        starts = {name: match.start() for name, match in found.items() if match}
        first = min(starts, key=lambda name: starts[name]) if starts else ""
        assert modality_of(words) == ("pet-ct" if "pet-ct" in starts else first)


def test_words_alone_tell_the_kind_that_they_have_in_their_statement() -> None:
    for text in {statement.text for report in REPORTS for statement in statements(report)}:
        for mark in marks.tag(text):
            assert mark.kind == marks._kind_in(text, mark.start)


def test_sizes_and_dates_are_not_remembered() -> None:
    marks._kind_of_ours.cache_clear()
    marks.tag("prior ct by smith showed an 8 mm lesion on 5/20/2026")
    before = marks._kind_of_ours.cache_info().currsize
    found = marks.tag("prior ct by jones showed a 9 mm lesion on 6/21/2026")
    assert "prior ct by jones showed" in {mark.text for mark in found}
    assert marks._kind_of_ours.cache_info().currsize == before


@pytest.mark.parametrize("name", ["quality limited", "quality part_unseen"])
def test_what_matches_in_a_statement_matches_in_all_of_them(name: str) -> None:
    assert not {"^", "$", "\\A", "\\z"} & set(expression(name).replace("[^", "["))
    for report in REPORTS:
        words = [statement.text for statement in statements(report)]
        if any(pattern(name).occurs_in(each) for each in words):
            assert pattern(name).occurs_in("\n".join(words))


def test_a_limit_is_found_whatever_stands_around_it() -> None:
    words = "Study limited by motion. Dome of the liver not seen."
    for text in (words, f"No lesion.\n{words}", f"{words}\n\nFINDINGS: Liver normal."):
        lines = [Line(statement) for statement in statements(text)]
        assert limitation(lines, text) == "Study limited by motion."
        assert part_unseen(lines)


@pytest.mark.parametrize("words", ["8", "8 x 9", "10.2", "less than 8", "between 8 and 9", "two"])
def test_what_has_no_unit_is_no_length(words: str) -> None:
    assert read(words) is None
    assert read(f"{words} mm") is not None


@given(
    number=st.from_regex(r"[0-9]{1,3}([.,][0-9]{1,4})?", fullmatch=True), unit=st.sampled_from(("mm", "cm"))
)
def test_a_plain_length_is_read_like_any_other(number: str, unit: str) -> None:
    assert read(f"{number} {unit}") == read(f"{number}  {unit}")


def placed(statement: Statement, folded: str) -> str:
    """The statement's words, character by character from where they stand."""
    return "".join(folded[place] for place in statement.places[: len(statement.text)]).replace("\n", " ")


@given(text=st.text(alphabet="ab .\n1)-•\t", max_size=80))
def test_every_character_of_a_statement_has_its_place(text: str) -> None:
    for statement in statements(text):
        assert placed(statement, fold(text)) == statement.text
        assert "  " not in statement.text


def test_every_character_of_a_labelled_report_has_its_place() -> None:
    for report in REPORTS:
        folded = fold(report)
        assert all(placed(statement, folded) == statement.text for statement in statements(report))
