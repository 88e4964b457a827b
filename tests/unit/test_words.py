"""Texts as words, phrases in them, and the contexts that change what a mention means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.guideline.content.schema import Concept, Context, WordSet
from cds_service.guideline.terms.mentions import Said, listener
from cds_service.guideline.terms.phrases import Phrases, phrase_parts
from cds_service.guideline.terms.words import LONGEST_TEXT, LONGEST_WORD, read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Non-small cell", "non small cell"),
        ("s/p PET/CT", "s p pet ct"),
        ("Lésion hépatique", "lesion hepatique"),
        ("Crohn's", "crohns"),
        ("W & W/O", "w and w o"),
        ("1.5 cm", "1.5 cm"),
        ("lung ca?", "lung ca ?"),
        ("肺癌 2 cm", "肺 癌 2 cm"),
        ("", ""),
        ("  --  ", ""),
    ],
)
def test_words_of_a_text(text: str, expected: str) -> None:
    assert " ".join(read(text).words) == expected


def test_clauses_end_at_full_stops_and_segments_at_commas_too() -> None:
    text = read("No fever, cough. Lung cancer (left)")
    assert text.clauses == (0, 0, 0, 1, 1, 1)
    assert text.segments == (0, 0, 1, 2, 2, 3)


def test_an_abbreviation_ends_no_sentence() -> None:
    assert len(set(read("h.o. lung cancer in 2019").clauses)) == 1


def test_a_comma_separates_nothing_in_a_text_of_three_words() -> None:
    assert len(set(read("Mass, liver").segments)) == 1


def test_texts_and_words_are_cut() -> None:
    assert len(read("a" * 500).words[0]) == LONGEST_WORD
    assert len(read("word " * LONGEST_TEXT).words) <= LONGEST_TEXT // 5 + 1


def found(text: str, *phrases: str) -> list[str]:
    hits = Phrases((phrase, phrase) for phrase in phrases).find(read(text))
    return [hit.owner for hit in hits]


@pytest.mark.parametrize(
    ("text", "phrase", "stands"),
    [
        ("liver lesion", "liver lesion*", True),
        ("liver lesions", "liver lesion*", True),
        ("liver lesions", "liver lesion", False),
        ("adenocarcinoma", "*carcinoma", True),
        ("carcinomatosis", "*carcinoma", False),
        ("lesion in the right lobe of liver", "lesion ... liver", False),  # five words between
        ("lesion in the right hepatic lobe", "lesion ... hepatic", True),
        ("lesion of skin and liver disease", "lesion ... liver", False),  # "and" starts another thing
        ("skin lesion of arm, liver is fine", "lesion ... liver", False),  # beyond a comma
        ("malignant neoplasm, lung", "neoplasm lung", True),
        ("neoplasm. Lung clear", "neoplasm lung", False),
        ("Ca. breast", "ca breast", True),  # a full stop that ends no sentence
        ("hepatic mass", "liver|hepatic mass|lesion*", True),
        ("renal mass", "liver|hepatic mass|lesion*", False),
        ("ALL in remission", "ALL", True),
        ("all normal", "ALL", False),
        ("ALL LABS ARE NORMAL", "ALL", False),  # capitals throughout say nothing
    ],
)
def test_phrases(text: str, phrase: str, stands: bool) -> None:
    assert found(text, phrase) == ([phrase] if stands else [])


def test_the_longest_phrase_from_the_left_wins_where_they_overlap() -> None:
    phrases = Phrases((phrase, phrase) for phrase in ("history of", "family history", "family history of"))
    hits = phrases.find_apart(read("family history of cancer, history of asthma"))
    assert [hit.owner for hit in hits] == ["family history of", "history of"]


@pytest.mark.parametrize(
    "phrase", ["cirrho.*", "(liver)", "liver?", "[a-z]", "mass+", "<organ>", "a.b", "a||b"]
)
def test_phrases_are_no_regular_expressions(phrase: str) -> None:
    with pytest.raises(ValueError, match="no regular expression"):
        phrase_parts(phrase)


@pytest.mark.parametrize("phrase", ["", "...", "... liver", "liver ...", "*both*"])
def test_phrases_that_can_never_stand_are_refused(phrase: str) -> None:
    with pytest.raises(ValueError, match=r"needs a word|stands at a word's start"):
        phrase_parts(phrase)


CONTEXT = Context(
    not_the_patient=("family history", "mother"),
    not_present=("no ...", "... ruled out", "screening"),
    unsure=("suspected", "?"),
    sought=("rule out ...",),
    past=("history of ...", "s p"),
    over=("cured",),
    breaks=("but", "personal history"),
    no_effect=("no change", "screening detected"),
)
CONCEPT = Concept(
    title="Cancer",
    means="A cancer.",
    source="Made up.",
    words=WordSet(
        include=("cancer", "secondary cancer of liver"),
        unsure=("neoplasm",),
        exclude=("cancer of liver", "cancer antigen"),
    ),
)
HEAR = listener({"cancer": CONCEPT}, CONTEXT)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lung cancer", Said.STATED),
        ("neoplasm of lung", Said.VAGUE),
        ("cancer of liver", Said.DENIED),  # exclude, more words than "cancer"
        ("secondary cancer of liver", Said.STATED),  # include, more words still
        ("cancer antigen and lung cancer", Said.STATED),
        ("no cancer", Said.DENIED),
        ("no known fever, chills or cancer", Said.DENIED),
        ("no fever today, cancer", Said.DOUBTED),
        ("no fever. cancer", Said.STATED),
        ("no fever but cancer", Said.STATED),
        ("no change in lung cancer", Said.STATED),
        ("cancer ruled out", Said.DENIED),
        ("ruled out stroke, has had cancer", Said.STATED),
        ("cancer screening", Said.DENIED),
        ("screening detected cancer", Said.STATED),
        ("family history of lung cancer", Said.DENIED),
        ("family history of x but cancer of lung here", Said.STATED),
        ("lung cancer in the left lobe (mother)", Said.DENIED),
        ("suspected lung cancer", Said.DOUBTED),
        ("lung cancer in left lobe, suspected", Said.DOUBTED),
        ("lung cancer suspected pneumonia", Said.STATED),  # the doubt is about the pneumonia
        ("cancer of the lung ?", Said.DOUBTED),
        ("rule out lung cancer", Said.SOUGHT),
        ("asthma", None),
    ],
)
def test_contexts(text: str, said: Said | None) -> None:
    heard = HEAR(text).get("cancer")
    assert (heard.said if heard else None) == said


def test_past_and_over() -> None:
    assert HEAR("history of lung cancer")["cancer"].past
    assert HEAR("lung cancer, s/p lobectomy")["cancer"].past
    assert HEAR("lung cancer, cured")["cancer"].over
    assert not HEAR("history of lung cancer; breast cancer")["cancer"].past


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    words = read(text)
    assert len(words.words) == len(words.clauses) == len(words.segments)
    assert list(words.clauses) == sorted(words.clauses)
    HEAR(text)
