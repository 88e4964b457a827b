"""Faults of a JSON text that are found without reading it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.skimming import is_plain

DEEPEST = 64


@pytest.mark.parametrize("depth", [1, 20, 32, 33, 63, 64])
def test_what_is_called_plain_is_never_too_deep(depth: int) -> None:
    assert not is_plain(b"[" * (DEEPEST + depth) + b"]" * (DEEPEST + depth), DEEPEST)
    assert not is_plain(b'{"a":' * (DEEPEST + depth) + b"1" + b"}" * (DEEPEST + depth), DEEPEST)
    assert not is_plain(b'{"a":[' * DEEPEST + b"]}" * DEEPEST, DEEPEST)


@pytest.mark.parametrize("text", [b"{}", b'{"a":[1,{"b":[]}]}', b'{"a":"a pair of [brackets]"}', b"7"])
def test_ordinary_documents_are_plain(text: bytes) -> None:
    assert is_plain(text, DEEPEST)


def test_a_lone_bracket_in_a_string_only_means_a_closer_look() -> None:
    assert not is_plain(b'{"a":"[half a pair"}', DEEPEST)


@pytest.mark.parametrize("number", ["1e999", "-1E+309", "1.5e400", "9" * 310, "-" + "1" * 200])
@pytest.mark.parametrize("before", ['{"a":', '{"a": ', "[1,", "[", "[\n"])
def test_a_number_that_may_be_beyond_a_double_is_not_plain(number: str, before: str) -> None:
    assert not is_plain(f"{before}{number}".encode(), DEEPEST)


@pytest.mark.parametrize("text", ['{"id":"3e451c9a-1e999"}', '{"v":1.5e10}', '{"v":12345678901234567890}'])
def test_identifiers_and_usual_numbers_are_plain(text: str) -> None:
    assert is_plain(text.encode(), DEEPEST)


@pytest.mark.parametrize("text", [b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xe2\x82"'])
def test_what_is_no_utf_8_is_not_plain(text: bytes) -> None:
    assert not is_plain(text, DEEPEST)


@given(st.recursive(st.none() | st.text("[]{}", max_size=4), lambda inner: st.lists(inner, max_size=3)))
def test_documents_called_plain_nest_no_deeper_than_allowed(document: object) -> None:
    if is_plain(str(document).replace("'", '"').replace("None", "null").encode(), 4):
        assert _depth(document) <= 4


def _depth(document: object) -> int:
    return 1 + max(map(_depth, document), default=0) if isinstance(document, list) else 0
