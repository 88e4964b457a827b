"""Patient data planted everywhere a request has room for it, and looked for everywhere it must not get to.

Not in a log line, a metric, a trace, an answer that is an error, or a byte of the store's files. What a
person types as the comment of an override is stored (in a table apart), and is in none of the others.
"""

import copy
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, func, select

from cds_service.store import tables
from cds_service.store.opening import read_url
from tests.callers import Caller, KeyAddress, key_address
from tests.collector import Collector, collector
from tests.contract.planting import places, planted, vignettes, with_every_channel
from tests.served import Served, served

MARK = "zqplanted"  # in every text, name, code, address and id
BORN = "1903-04-27"
COMMENT = "zqcomment"
PATIENT = f"{MARK}-4711"
EVERY = 3  # of the clinical cases every third: each has every text planted at once
PUBLIC = "https://cds.example"
SELECT = "/cds-services/liver-lesion-order-select"
SERVICE_OF_HOOK = {"order-select": SELECT, "order-sign": "/cds-services/liver-lesion-order-sign"}
EHR = Caller()
NAME = [{"family": f"{MARK}-family", "given": [f"{MARK}-given"]}]


@dataclass
class Played:
    """A service that was sent everything: what it said, and where its store is."""

    service: Served
    store: Path
    metrics: str = ""
    errors: list[str] = field(default_factory=list)
    cards: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    traces: bytes = b""

    def stored(self) -> bytes:
        """Every byte of every file of the store."""
        files = [path for path in sorted(self.store.rglob("*")) if path.is_file()]
        return b"".join(path.read_bytes() for path in files)


def marked_requests() -> Iterator[dict[str, Any]]:
    """Every clinical case, about a patient whose every text, id and name is marked."""
    for case in vignettes()[::EVERY]:
        asked = with_every_channel(case)
        for number, place in enumerate(places(asked)):
            planted(asked, place, f"{MARK} {number}", "after")
        text = json.dumps(asked).replace(case["context"]["patientId"], PATIENT)
        marked: dict[str, Any] = json.loads(text)
        marked["context"] |= {"userId": f"Practitioner/{MARK}-user", "encounterId": f"{MARK}-encounter"}
        person = {"resourceType": "Patient", "id": PATIENT, "name": NAME, "birthDate": BORN}
        person |= {"identifier": [{"system": f"urn:{MARK}", "value": f"{MARK}-mrn"}]}
        marked["prefetch"]["patient"] = person
        yield marked


def odd_requests(asked: dict[str, Any], fhir: str) -> Iterator[tuple[str, bytes]]:
    """Requests that fail or are refused, each for another reason. Kind, body."""

    def but(**members: Any) -> bytes:
        return json.dumps({**copy.deepcopy(asked), **members}).encode()

    context = asked["context"]
    access = {"access_token": f"{MARK}-token", "token_type": "Bearer", "expires_in": 300, "scope": MARK}
    access |= {"subject": MARK, "patient": PATIENT}
    yield "not a UUID", but(hookInstance=f"{MARK}-instance")
    yield "another hook", but(hook=f"{MARK}-hook")
    yield "not a text", but(context={**context, "userId": {MARK: MARK}})
    yield "no patient", but(context={**context, "patientId": None, MARK: MARK})
    yield "no orders", but(context={**context, "draftOrders": None})
    yield "a strange selection", but(context={**context, "selections": [f"ServiceRequest/{MARK}"]})
    yield "another patient's", but(context={**context, "patientId": f"{MARK}-0815"})
    yield "no problem list", but(prefetch={})
    yield "from the server", but(prefetch={}, fhirServer=fhir, fhirAuthorization=access)
    yield "an error page", but(prefetch={"conditions": f"<html>{MARK}</html>"})
    yield "a server of nobody's", but(prefetch={}, fhirServer=f"https://{MARK}.example/fhir")
    yield "a strange address", but(fhirServer=f"//{MARK}", fhirAuthorization=access)
    yield "cut off", but()[:-20]
    yield "not JSON", f"{MARK} {{".encode()
    yield "a list", json.dumps([MARK]).encode()
    yield "twice", f'{{"{MARK}": 1, "{MARK}": 2}}'.encode()
    yield "no number", but()[:-1] + f', "{MARK}": NaN}}'.encode()
    yield "deep", f'{{"{MARK}": {"[" * 5000}{"]" * 5000}}}'.encode()
    yield "no UTF-8", but()[:-1] + b', "' + MARK.encode() + b'": "\xff"}'


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """One service in two processes, with a store in a file; `tests/store` does the same with PostgreSQL."""
    folder = tmp_path_factory.mktemp("planted")
    store = folder / "store"
    url = f"sqlite:///{store}/store.sqlite3"
    with key_address() as fhir, collector() as traces:
        _fhir_server(fhir)
        (folder / "keys.json").write_text(json.dumps(EHR.key_set()))
        (folder / "key").write_text("k" * 32)
        (folder / "tenants.yaml").write_text(
            f"tenants:\n  - id: north\n    issuer: {EHR.issuer}\n    jwks: {{file: keys.json}}\n"
            f'    fhir_servers: ["{fhir.base}/fhir"]\n    rate_limit: 10000/second\n'
            "    pseudonym_key: {file: key}\n"
        )
        with (
            served(
                "--workers",
                "2",
                TENANTS=str(folder / "tenants.yaml"),
                PUBLIC_URL=PUBLIC,
                DATABASE_URL=url,
                DRAIN_S="0",
                OTEL_EXPORTER_OTLP_ENDPOINT=traces.base,
            ) as service,
            service.client() as client,
        ):
            result = Played(service, store)
            _play(client, result, f"{fhir.base}/fhir")
            _until_written(url)
            result.metrics = client.get("/metrics").text
            service.process.terminate()
            service.process.wait(60)
            result.traces = _all(traces)
            yield result


def _all(traces: Collector) -> bytes:
    return b"".join(traces.raw)


def _fhir_server(address: KeyAddress) -> None:
    """Answers some queries with marked resources, and some with marked error pages."""
    condition = {"resourceType": "Condition", "id": MARK, "code": {"text": f"lung cancer {MARK}"}}
    condition["subject"] = {"reference": f"Patient/{PATIENT}"}
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": condition}]}
    found = json.dumps(bundle).encode()
    address.answers[f"/fhir/Condition?patient={PATIENT}"] = (200, found, {})
    address.answers[f"/fhir/Patient/{PATIENT}"] = (500, f"<h1>{MARK}</h1>".encode(), {})
    address.answers[f"/fhir/Device?patient={PATIENT}"] = (200, f"{MARK} {{".encode(), {})


def _play(client: httpx.Client, result: Played, fhir: str) -> None:
    def post(path: str, body: bytes, **headers: str) -> httpx.Response:
        own = {"Content-Type": "application/json", "X-Request-ID": f"{MARK}-request", **headers}
        answer = client.post(path, content=body, headers=EHR.bearer(PUBLIC + path, sub=MARK) | own)
        result.statuses.add(answer.status_code)
        if answer.status_code >= 400:
            result.errors.append(f"{answer.text}\n{answer.headers}")
        return answer

    requests = list(marked_requests())
    for asked in requests:
        answer = post(SERVICE_OF_HOOK[asked["hook"]], json.dumps(asked).encode())
        if answer.status_code == 200 and answer.json()["cards"]:
            result.cards.append(answer.text)
    select = next(asked for asked in requests if asked["hook"] == "order-select")
    for _, body in odd_requests(select, fhir):
        post(SELECT, body)
    post(SELECT, json.dumps(select).encode(), **{"Content-Type": f"text/{MARK}"})
    post(SELECT, json.dumps(select).encode(), **{"Content-Encoding": MARK})
    post(SELECT, json.dumps(select).encode(), Authorization=f"Bearer {MARK}")
    post(SELECT, json.dumps(select).encode(), Authorization=f"Bearer {MARK}.{MARK}.{MARK}")
    post(f"/{MARK}?patient={MARK}", b"{}")
    post(f"/cds-services/{MARK}", b"{}")
    _tell(result, post)


def _tell(result: Played, post: Any) -> None:
    card = json.loads(result.cards[0])["cards"][0]["uuid"]
    item = {"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-11-22T08:00:00Z"}
    item["overrideReason"] = {"userComment": f"{COMMENT} of a person"}
    feedback = f"{SELECT}/feedback"
    assert post(feedback, json.dumps({"feedback": [item]}).encode()).status_code == 200
    for wrong in ({"outcome": MARK}, {"outcomeTimestamp": MARK}, {"card": {MARK: MARK}}):
        assert post(feedback, json.dumps({"feedback": [{**item, **wrong}]}).encode()).status_code == 400


def _until_written(url: str) -> None:
    engine, give_up = create_engine(read_url(url)), time.monotonic() + 60
    count = select(func.count()).select_from(tables.consultations)
    while time.monotonic() < give_up:
        with engine.connect() as connection:
            if (connection.scalar(count) or 0) >= len(vignettes()[::EVERY]):
                break
        time.sleep(0.1)
    engine.dispose()


def clean(text: str | bytes) -> bool:
    """Whether nothing that was planted is in there, in whatever case."""
    found = text.encode() if isinstance(text, str) else text
    return MARK.encode() not in found.lower() and BORN.encode() not in found


def test_the_plants_were_read_and_answered(played: Played) -> None:
    """Else there would be nothing to find."""
    assert any(MARK in card for card in played.cards)
    assert {200, 400, 401, 404, 412, 415} <= played.statuses
    assert 500 not in played.statuses


def test_no_log_line_holds_them(played: Played) -> None:
    written = played.service.written()
    assert '"event":"consultation"' in written
    assert '"event":"audit: data of another patient"' in written
    assert clean(written)
    assert COMMENT not in written


def test_no_metric_holds_them(played: Played) -> None:
    assert "liver_cds_verdicts_total" in played.metrics
    assert clean(played.metrics)
    assert COMMENT not in played.metrics


def test_no_trace_holds_them(played: Played) -> None:
    assert b"liver_cds.tenant" in played.traces
    assert clean(played.traces)
    assert COMMENT.encode() not in played.traces


def test_no_error_answer_holds_them(played: Played) -> None:
    assert len(played.errors) > 20
    assert [error for error in played.errors if not clean(error)] == []
    assert [error for error in played.errors if COMMENT in error] == []


def test_no_file_of_the_store_holds_them(played: Played) -> None:
    stored = played.stored()
    assert b"usually-not-appropriate" in stored  # it does hold what was decided
    assert COMMENT.encode() in stored  # and comments, in a table of their own
    assert clean(stored)
