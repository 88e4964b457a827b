"""Remembering what was made of words, and not the words."""

import pickle
from itertools import count
from pathlib import Path

from cds_service.fhir.narrative import read_once, read_report
from cds_service.fhir.narrative import reread as rereading
from cds_service.guideline.terms.remembered import Remembered
from tests.reports import labels

REPORT = (
    "FINDINGS: 8 mm hypoechoic lesion in segment 4, Mrs Rosenbluth.\nIMPRESSION: Indeterminate liver lesion."
)


def test_words_are_read_once_while_they_are_remembered() -> None:
    made, numbers = Remembered[int](most=2), count()
    assert [made.get(words, lambda: next(numbers)) for words in ("a", "b", "a", "b")] == [0, 1, 0, 1]


def test_what_came_first_goes_first() -> None:
    made, numbers = Remembered[int](most=2), count()
    for words in ("a", "b", "c"):
        made.get(words, lambda: next(numbers))
    assert [made.get(words, lambda: next(numbers)) for words in ("c", "b", "a")] == [2, 1, 3]


def test_nothing_is_told_between_two_that_remember() -> None:
    one, other = Remembered[int](), Remembered[int]()
    one.get("Rosenbluth", lambda: 1)
    other.get("Rosenbluth", lambda: 1)
    assert one._made.keys().isdisjoint(other._made)


def test_of_a_report_no_word_is_kept() -> None:
    read_once(REPORT, "US abdomen of Rosenbluth")
    kept = pickle.dumps(list(rereading._READ._made.values()))
    for word in (b"Rosenbluth", b"hypoechoic", b"ndeterminate liver lesion"):
        assert word not in kept


def test_a_report_read_again_says_the_same() -> None:
    for label in labels.load(Path(labels.__file__).parent)[::7]:
        first = read_report(label.text, label.title)
        assert read_once(label.text, label.title) == read_once(label.text, label.title) == first
