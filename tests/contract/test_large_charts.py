"""Large requests are answered like small ones, and an order out of scope without its prefetch being read."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from bench.bodies import KNEE_MRI, KNEE_PAIN, PATH, PET_CT, bodies, request
from bench.charts import chart
from cds_service.app import create_app
from cds_service.consult import LARGE
from cds_service.hooks import parse_request
from cds_service.settings import Settings

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def service() -> Iterator[TestClient]:
    with TestClient(create_app(Settings())) as client:
        yield client


def _answer(service: TestClient, body: bytes) -> Any:
    answer = service.post(PATH, content=body, headers=JSON)
    assert answer.status_code == 200
    return answer.json()


def test_what_is_read_beside_the_event_loop_is_answered_the_same(service: TestClient) -> None:
    small, large = request(chart(5)), request(chart(400))
    assert len(parse_request(small).sent) < LARGE < len(parse_request(large).sent)
    [of_small], [of_large] = (_answer(service, body)["cards"] for body in (small, large))
    assert of_small["summary"] == of_large["summary"]
    assert len(of_small["suggestions"]) == len(of_large["suggestions"])


def test_a_fault_beside_the_event_loop_is_answered_in_order(service: TestClient) -> None:
    asked = orjson.loads(request(chart(400)))
    asked["prefetch"]["conditions"]["entry"][0]["resource"]["subject"]["reference"] = "Patient/another"
    assert _answer(service, orjson.dumps(asked)) == {"cards": []}


def test_the_prefetch_of_an_order_out_of_scope_is_not_read(service: TestClient) -> None:
    body = request(chart(40), KNEE_MRI, KNEE_PAIN)
    assert _answer(service, body) == {"cards": []}
    asked = parse_request(body)
    assert "prefetch" not in vars(asked)  # it stays as it came until somebody asks


def _with_more(body: bytes, value: bytes) -> bytes:
    return body.replace(b'"prefetch":{', b'"prefetch":{"more":' + value + b",", 1)


@pytest.mark.parametrize("broken", [b'"\xff"', b"[1,]", b"NaN", b"[" * 5_000 + b"]" * 5_000])
@pytest.mark.parametrize("code", [PET_CT, KNEE_MRI])
def test_a_prefetch_that_is_no_json_is_refused_whether_it_is_read_or_not(
    service: TestClient, code: dict[str, Any], broken: bytes
) -> None:
    faulty = _with_more(request(chart(5), code, KNEE_PAIN), broken)
    assert service.post(PATH, content=faulty, headers=JSON).status_code == 400


@pytest.mark.parametrize("value", [b"1e999", b"[" * 70 + b"]" * 70])
def test_what_no_reader_could_take_is_refused_where_the_prefetch_is_read(
    service: TestClient, value: bytes
) -> None:
    refused = service.post(PATH, content=_with_more(request(chart(5)), value), headers=JSON)
    assert refused.status_code == 400
    assert _answer(service, _with_more(request(chart(5), KNEE_MRI, KNEE_PAIN), value)) == {"cards": []}


def test_the_bodies_that_are_measured_are_answered_as_meant(service: TestClient) -> None:
    for body in bodies():
        assert len(_answer(service, body.content)["cards"]) == ("out of scope" not in body.name)
