"""Reading the envelope: what is required, what is forgiven, and that no value is ever echoed."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.errors import RequestUnreadable
from cds_service.hooks import HookRequest, parse_request
from cds_service.strict_json import MAX_DEPTH

Body = dict[str, Any]
SECRET = "Mrs-Private-Name"


def body() -> Body:
    return {
        "hook": "order-select",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/1", "patientId": "p1", "selections": [], "draftOrders": {}},
    }


def parse(document: object) -> HookRequest:
    return parse_request(orjson.dumps(document))


def authorized(**members: object) -> Body:
    grant = {"access_token": "t0ken", "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.read"}
    return {**body(), "fhirServer": "https://ehr.example/fhir/", "fhirAuthorization": {**grant, **members}}


def test_the_least_that_is_needed() -> None:
    request = parse({**body(), "context": {"userId": "Practitioner/1", "patientId": "p1"}})
    assert (request.hook, request.user_id, request.patient_id) == ("order-select", "Practitioner/1", "p1")
    assert request.prefetch is None
    assert request.fhir is None


@pytest.mark.parametrize("member", ["hook", "hookInstance", "context", "context.userId", "context.patientId"])
@pytest.mark.parametrize("wrong", ["missing", None, "", "  ", 7, [SECRET], {"x": SECRET}])
def test_a_required_member_that_is_missing_or_of_a_wrong_type(member: str, wrong: object) -> None:
    document = body()
    parent = document["context"] if "." in member else document
    name = member.split(".")[-1]
    if wrong == "missing":
        del parent[name]
    else:
        parent[name] = wrong
    if member == "context" and isinstance(wrong, dict):
        member = "context.userId"  # an object without what is needed
    with pytest.raises(RequestUnreadable) as refused:
        parse(document)
    assert refused.value.member in (member, "context.patientId")
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b'"x"', b"null", b"7", b'{"hook": NaN}', b'{"a": 1,}', b'{"a": 1} // no', b"\xff{}"],
)
def test_what_is_no_json_object(text: bytes) -> None:
    with pytest.raises(RequestUnreadable) as refused:
        parse_request(text)
    assert refused.value.member == ""


def test_a_document_too_deep_to_copy_is_refused_and_one_below_the_limit_is_read() -> None:
    def nested(levels: int) -> Any:
        value: Any = []
        for _ in range(levels - 1):
            value = [value]
        return value

    assert parse({**body(), "extension": {"x": nested(MAX_DEPTH - 2)}}).hook == "order-select"
    for levels in (MAX_DEPTH, 200):
        with pytest.raises(RequestUnreadable, match="nested"):
            parse({**body(), "extension": {"x": nested(levels)}})
    with pytest.raises(RequestUnreadable):
        parse_request(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


def test_the_hook_must_be_the_services_own() -> None:
    with pytest.raises(RequestUnreadable) as refused:
        parse_request(orjson.dumps({**body(), "hook": SECRET}), ("order-sign",))
    assert refused.value.member == "hook"
    assert "`order-sign`" in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("name", ["draftOrders", "selections"])
def test_orders_that_are_missing_are_forgiven_and_of_a_wrong_type_are_not(name: str) -> None:
    document = body()
    document["context"][name] = None
    assert parse(document).context[name] is None
    document["context"][name] = "x"
    with pytest.raises(RequestUnreadable) as refused:
        parse(document)
    assert refused.value.member == f"context.{name}"


def test_unknown_members_change_nothing() -> None:
    document = body()
    document["x"], document["context"]["y"] = {"z": 1}, [1]
    assert parse(document).patient_id == "p1"


def test_a_patient_id_with_its_type_is_understood() -> None:
    document = body()
    document["context"]["patientId"] = "Patient/p1"
    assert parse(document).patient_id == "p1"
    document["context"]["patientId"] = "Patient/"
    with pytest.raises(RequestUnreadable, match="Patient's id"):
        parse(document)


def test_the_token_is_kept_and_never_printed() -> None:
    request = parse(authorized())
    assert request.fhir is not None
    assert (request.fhir.base, request.fhir.token) == ("https://ehr.example/fhir", "t0ken")
    assert request.fhir.scope == "patient/*.read"
    assert "t0ken" not in repr(request)
    assert "t0ken" not in repr(request.fhir)
    assert "p1" not in repr(request)


@pytest.mark.parametrize(
    "members",
    [
        {"access_token": 7},
        {"access_token": "  "},
        {"access_token": "a\r\nX-Injected: 1"},
        {"access_token": "tök"},
        {"token_type": "MAC"},
        {"token_type": 7},
    ],
)
def test_with_a_token_that_cannot_be_used_nothing_is_asked(members: Body) -> None:
    assert parse(authorized(**members)).fhir is None


@pytest.mark.parametrize("authorization", [None, "x", [], {}])
def test_a_malformed_authorization_is_no_crash(authorization: object) -> None:
    request = parse({**authorized(), "fhirAuthorization": authorization})
    assert request.fhir is not None
    assert request.fhir.token is None


@pytest.mark.parametrize("server", [None, "", 7, ["https://ehr.example"]])
def test_a_token_without_a_server_is_ignored(server: object) -> None:
    assert parse({**authorized(), "fhirServer": server}).fhir is None


def test_a_token_for_another_patient_is_not_used() -> None:
    assert parse(authorized(patient="p2")).fhir is None
    assert parse(authorized(patient="Patient/p1")).fhir is not None


WORDS = st.text("ab /é\n", max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
NAMES = ["hook", "hookInstance", "context", "prefetch", "fhirServer", "fhirAuthorization", "extension"]


@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_whatever_is_sent_is_read_or_refused(members: Body) -> None:
    for document in (members, {**body(), **members}):
        try:
            parse(document)
        except RequestUnreadable as refused:
            assert str(refused)  # noqa: PT017 - either outcome is fine, anything else is not
