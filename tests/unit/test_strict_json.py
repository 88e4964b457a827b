"""JSON from outside: limits before parsing, nothing twice, and numbers that go back as they came."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cds_service.errors import RequestUnreadable
from cds_service.fhir.access.opened import open_all
from cds_service.hooks import parse_request
from cds_service.strict_json import (
    MAX_CONTAINERS,
    MAX_DEPTH,
    check_nesting,
    exact,
    is_plain,
    legible,
    members,
    outline,
    small_object,
    whole_object,
)

TEXTS = st.one_of(st.text(max_size=6), st.text(alphabet='[]{}"\\,: \n', max_size=8))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=30,
)


def wrapped(value: Any, levels: int) -> bytes:
    return b"[" * levels + json.dumps(value).encode() + b"]" * levels


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def envelope(**context: Any) -> dict[str, Any]:
    given = {"userId": "Practitioner/1", "patientId": "p1", **context}
    return {"hook": "order-sign", "hookInstance": "x", "context": given}


def written(document: Any, *changes: tuple[str, str]) -> bytes:
    """The document as text, with each first piece of it replaced by the second."""
    text = json.dumps(document)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text.encode()


class TestNesting:
    @given(VALUES)
    def test_the_scan_finds_the_depth_that_a_parser_finds(self, value: Any) -> None:
        room = MAX_DEPTH - depth(value)
        check_nesting(wrapped(value, room))
        with pytest.raises(RequestUnreadable, match="nested"):
            check_nesting(wrapped(value, room + 1))

    @given(st.binary(max_size=60) | st.text(alphabet='[]{}"\\a', max_size=40).map(str.encode))
    def test_what_the_scan_refuses_is_no_shallow_json(self, body: bytes) -> None:
        try:
            check_nesting(body)
        except RequestUnreadable:
            with pytest.raises(orjson.JSONDecodeError):
                orjson.loads(body)

    @pytest.mark.parametrize("bracket", [b"[", b'{"a":', b'[{"a":', b"]"])
    def test_a_million_levels_never_reach_a_parser(self, bracket: bytes) -> None:
        with pytest.raises(RequestUnreadable):
            check_nesting(bracket * 100_000)

    def test_brackets_in_strings_are_words(self) -> None:
        words = ["[" * 200, '"{' * 200, "\\[" * 200, '\\"[' * 200, "[" * (MAX_CONTAINERS + 1)]
        check_nesting(json.dumps(words).encode())

    def test_too_many_containers(self) -> None:
        check_nesting(b"[" + b",".join([b"{}"] * (MAX_CONTAINERS - 1)) + b"]")
        with pytest.raises(RequestUnreadable, match="more than"):
            check_nesting(b"[" + b",".join([b"{}"] * MAX_CONTAINERS) + b"]")


class TestTwice:
    @given(st.lists(st.tuples(TEXTS, VALUES), max_size=6))
    def test_members_as_they_are_written(self, pairs: list[tuple[str, Any]]) -> None:
        parts = [f" {json.dumps(name)} :\n{json.dumps(value)}" for name, value in pairs]
        text = ("{" + ",".join(parts) + "}").encode()
        if len({name for name, _ in pairs}) < len(pairs):
            with pytest.raises(RequestUnreadable, match="twice"):
                members(text)
        else:
            assert {n: orjson.loads(raw) for n, raw in members(text).items()} == orjson.loads(text)

    @pytest.mark.parametrize(
        ("old", "new", "member"),
        [
            ('"hook":', '"hook": "order-select", "hook":', ""),
            ('"hook":', '"h\\u006fok": "order-select", "hook":', ""),
            ('"hook":', '"unknown": 1, "unknown": 2, "hook":', ""),
            ('"context":', '"context": {}, "context":', ""),
            ('"prefetch":', '"prefetch": null, "prefetch":', ""),
            ('"fhirServer":', '"fhirServer": "https://evil.example", "fhirServer":', ""),
            ('"patientId":', '"patientId": "p2", "patientId":', "context"),
            ('"draftOrders":', '"draftOrders": {}, "draftOrders":', "context"),
            ('"status":', '"status": "revoked", "status":', "context"),
            ('"code":', '"code": {"text": "x"}, "code":', "context"),
            ('"access_token":', '"access_token": "other", "access_token":', "fhirAuthorization"),
            ('"conditions":', '"conditions": null, "conditions":', "prefetch"),
            ('"x.y":', '"x.y": 1, "x.y":', "extension"),
        ],
    )
    def test_a_member_twice_is_refused_where_it_could_change_the_answer(
        self, old: str, new: str, member: str
    ) -> None:
        order = {"resourceType": "ServiceRequest", "status": "draft", "code": {"text": "MRI"}}
        document = {
            **envelope(draftOrders={"entry": [{"resource": order}]}),
            "fhirServer": "https://ehr.example",
            "fhirAuthorization": {"access_token": "t"},
            "prefetch": {"conditions": {"resourceType": "Bundle"}},
            "extension": {"x.y": {}},
        }
        parse_request(written(document))
        with pytest.raises(RequestUnreadable, match="twice") as refused:
            assert parse_request(written(document, (old, new))).prefetch  # which is read when it is asked for
        assert refused.value.member == member
        assert "unknown" not in str(refused.value)  # a name may be anything that was typed

    def test_inside_a_chart_the_last_one_counts_and_costs_no_second_reading(self) -> None:
        document = {**envelope(), "prefetch": {"patient": {"gender": "male"}}}
        asked = parse_request(written(document, ('"gender":', '"gender": "other", "gender":')))
        assert open_all(asked.prefetch) == {"patient": {"gender": "male"}}

    def test_a_small_body_is_checked_at_every_depth(self) -> None:
        assert small_object(b'{"feedback": [{"a": 1.50}]}') == {"feedback": [{"a": 1.5}]}
        for body in (b'{"a": 1, "a": 1}', b'{"feedback": [{"card": "x", "card": "y"}]}'):
            with pytest.raises(RequestUnreadable, match="twice"):
                small_object(body)


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "01", "+1", "1.", ".5", "0x10"]
)
def test_what_is_no_number_of_json_is_refused(number: str) -> None:
    unread = () if "e" in number else ({**envelope(), "y": [7]},)  # well written, and nobody wants its value
    for document in (envelope(x=7), {**envelope(), "prefetch": {"x": 7}}, *unread):
        assert parse_request(written(document)).prefetch is None or "prefetch" in document
        with pytest.raises(RequestUnreadable):
            assert parse_request(written(document, ("7", number))).prefetch
    with pytest.raises(RequestUnreadable):
        small_object(f'{{"x": {number}}}'.encode())


@pytest.mark.parametrize(
    "number",
    [
        "1.00",
        "0.10",
        "1e2",
        "1E+2",
        "-0.0",
        "9223372036854775807",
        "18446744073709551616",
        "9" * 30,
        "-" + "9" * 300,
    ],
)
def test_numbers_of_an_order_go_back_as_they_came(number: str) -> None:
    order = {"resourceType": "ServiceRequest", "quantityQuantity": {"value": 77}}
    asked = parse_request(written(envelope(draftOrders={"entry": [{"resource": order}]}), ("77", number)))
    assert orjson.dumps(asked.context["draftOrders"]).count(b'"value":' + number.encode() + b"}") == 1


@given(VALUES)
@example(2**64)
def test_an_exact_reading_can_always_be_written_and_means_the_same(value: Any) -> None:
    text = json.dumps(value).encode()
    assert json.loads(orjson.dumps(exact(text))) == value


@pytest.mark.parametrize("body", [b'{"a": "\\ud800"}', b'\xef\xbb\xbf{"a": "\xef\xbf\xbd"}'])
def test_half_a_character_costs_that_character(body: bytes) -> None:
    assert small_object(body) == {"a": "\ufffd"}


@pytest.mark.parametrize(
    "body", [b'{"a": "\xff"}', b'{"a": "\xed\xa0\x80"}', '{"a": 1}'.encode("utf-16"), b"", b"[]"]
)
def test_other_encodings_and_other_kinds_are_refused(body: bytes) -> None:
    with pytest.raises(RequestUnreadable):
        small_object(body)


class TestSkipped:
    """What is skipped over is refused for the same faults as what is read."""

    @pytest.mark.parametrize("text", [b"{}", b'{"a":[1,{"b":[]}]}', b'{"a":"a pair of [brackets]"}', b"7"])
    def test_ordinary_documents_are_plain(self, text: bytes) -> None:
        assert is_plain(text)

    @pytest.mark.parametrize("number", ["1e999", "-1E+309", "1.5e400", "9" * 310, "-" + "1" * 200])
    @pytest.mark.parametrize("before", ['{"a":', '{"a": ', "[1,", "[", "[\n"])
    def test_a_number_that_may_be_beyond_a_double_is_not_plain(self, number: str, before: str) -> None:
        assert not is_plain(f"{before}{number}".encode())

    @pytest.mark.parametrize(
        "text",
        [
            '{"id":"3e451c9a-1e999"}',
            '{"v":1.5e10}',
            '{"v":12345678901234567890}',
            '{"v":[true,false,7,null]}',
            '{"v":"é \\" [{ \\\\"}',
        ],
    )
    def test_identifiers_and_usual_numbers_are_plain(self, text: str) -> None:
        assert is_plain(text.encode())

    @pytest.mark.parametrize("number", ["1e100", "1E-999", "0." + "3" * 250, "[1e9,2e9]", "[100,true,200]"])
    def test_what_is_not_plain_may_still_be_read(self, number: str) -> None:
        body = f'{{"v":{number}}}'.encode()
        assert not is_plain(body)
        assert outline(body) == {"v": number.encode()}

    @pytest.mark.parametrize("text", [b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xe2\x82"'])
    def test_what_is_no_utf_8_is_not_plain(self, text: bytes) -> None:
        assert not is_plain(text)

    @given(st.dictionaries(TEXTS, VALUES, max_size=4).map(lambda value: json.dumps(value).encode()))
    def test_the_members_are_those_that_a_parser_finds(self, body: bytes) -> None:
        document, _ = whole_object(body)
        assert {name: orjson.loads(text) for name, text in outline(body).items()} == document

    @pytest.mark.parametrize(
        "body", [b'{"unread":"\xff"}', b'{"unread":[}', b'{"unread":NaN}', b'{"a":1,"a":2}', b"[]", b"7"]
    )
    def test_a_fault_of_form_is_one_wherever_it_stands(self, body: bytes) -> None:
        with pytest.raises(RequestUnreadable):
            outline(body, ())

    @pytest.mark.parametrize("value", [b"1e999", b"[" * 100 + b"]" * 100, b"[" + b"{}," * 500_000 + b"{}]"])
    def test_a_value_that_no_reader_could_take_is_one_for_whoever_wants_it(self, value: bytes) -> None:
        body = b'{"wanted":%b}' % value
        assert outline(body, ()) == {"wanted": value}
        for refused in (lambda: outline(body), lambda: outline(body, ("wanted",)), lambda: legible(value)):
            with pytest.raises(RequestUnreadable):
                refused()

    @pytest.mark.parametrize("value", [b"1e100", b'{"a":"\\ud83d\\ude00"}', b"[" * 9 + b"]" * 9])
    def test_a_value_that_can_be_read_is_handed_on(self, value: bytes) -> None:
        assert orjson.loads(legible(value))

    def test_a_million_levels_that_nobody_wants_exhaust_nothing(self) -> None:
        for end in (b"]" * 1_000_000 + b"}", b""):
            with pytest.raises(RequestUnreadable):
                outline(b'{"unread":' + b"[" * 1_000_000 + end, ())
