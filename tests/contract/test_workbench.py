"""The workbench without a browser: what its form may hold, who may send it, what no address may hold."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from cds_service.app import create_app
from cds_service.settings import Settings
from cds_service.web.workbench.bench import open_bench

BENCH = open_bench()
REFERENCE = Path(__file__).parents[2] / "examples" / "reference-patient-pet-ct.json"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PET = "fdg-pet-ct-skull-base-to-mid-thigh"


def _json_in(page: str, id_: str) -> dict[str, Any]:
    (found,) = re.findall(rf'<pre id="{id_}"[^>]*>(.*?)</pre>', page, re.DOTALL)
    read: dict[str, Any] = json.loads(unescape(found))
    return read


def _headlines(page: str) -> list[str]:
    return [unescape(words).strip() for words in re.findall(r'<p class="headline">([^<]*)', page)]


@pytest.mark.parametrize("patient", BENCH.patients)
def test_every_ready_patient_gets_the_answer_that_the_service_gives(client: TestClient, patient: str) -> None:
    """The request shown, sent to the service, brings the answer shown, but for identifiers."""
    page = client.get(f"/?patient={patient}").text
    asked, shown = _json_in(page, "request-json"), _json_in(page, "response-json")
    answer = client.post("/cds-services/liver-lesion-order-select", json=asked)
    assert f"HTTP {answer.status_code}" in page
    assert _without_ids(answer.json()) == _without_ids(shown)


@pytest.mark.parametrize("number", range(1, 9))
def test_each_variant_has_a_patient(client: TestClient, number: int) -> None:
    page = client.get(f"/?patient=variant-{number}").text
    assert f"Every study of variant {number}<" in page
    assert page.count("here-yes") == 1


@pytest.mark.parametrize(
    ("fields", "says", "never_says"),
    [
        (
            {"patient": "cautions"},
            ["Not recommended for this patient all the same", "Severe reaction to gadolinium"],
            [],
        ),
        (
            {"patient": "cautions", "allergy": "none"},
            ["To consider for this patient", "<b>eGFR 24</b>"],
            ["all the same"],
        ),
        ({"patient": "reference"}, [], ["To consider for this patient", "all the same"]),
        ({"patient": "no-size"}, ["open, and it decides"], ["makes no difference"]),
        ({"patient": "suspected"}, ["open, but it makes no difference here"], ["and it decides"]),
        (
            {"patient": "exactly-1-cm"},
            ["exactly 1 cm, which no variant names", "perhaps"],
            ["this patient</span>"],
        ),
        ({"patient": "prose"}, ["Ultrasound abdomen, complete"], ["“”"]),
        ({"patient": "gap"}, ["No criterion applies"], ["Every study of variant"]),
    ],
)
def test_the_decision_misleads_nobody(
    client: TestClient, fields: dict[str, str], says: list[str], never_says: list[str]
) -> None:
    page = client.get("/", params=fields).text
    assert [words for words in says if words not in page] == []
    assert [words for words in never_says if words in page] == []


def test_every_option_of_every_control_can_be_asked(client: TestClient) -> None:
    for control, spec in BENCH.controls.items():
        for option in spec.options:
            page = client.get("/", params={control: option})
            assert page.status_code == 200
            assert f'<option value="{option}" selected>' in page.text, (control, option)


def test_every_order_can_be_asked(client: TestClient) -> None:
    page = client.get("/").text
    offered = page[page.index('id="order"') : page.index("</select>", page.index('id="order"'))]
    orders = re.findall(r'<option value="([^"]+)"', offered)
    assert len(orders) > 15
    for order in orders:
        assert client.get("/", params={"order": order}).status_code == 200


def _without_ids(answer: Any) -> Any:
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "-", json.dumps(answer))
    return json.loads(text)


@pytest.mark.parametrize(
    ("fields", "headline"),
    [
        ({}, "Usually not appropriate"),
        ({"size": "12"}, "May be appropriate"),
        ({"size": "10"}, "It depends"),
        ({"size": "9.9"}, "Usually not appropriate"),
        ({"size": "12", "unmeasured": "1"}, "It depends"),
        ({"size": "12", "imaging": "ct-noncontrast"}, "Usually appropriate"),
        ({"cancer": "none"}, "No criterion applies"),
        ({"size": "12", "liver": "cirrhosis"}, "Two variants disagree"),
        ({"later": "metastasis"}, "The first work-up is over"),
        ({"order": "knee"}, "Not about this topic"),
        ({"reason": "Staging of lung cancer"}, "Not about this topic"),
        ({"age": "12"}, "Not about this topic"),
        ({"hook": "order-sign"}, "Usually not appropriate"),
        ({"size": "nan"}, "Usually not appropriate"),
        ({"size": "1e99"}, "May be appropriate"),
        ({"size": "-3"}, "Usually not appropriate"),
        ({"size": "", "age": "", "sex": ""}, "Usually not appropriate"),
        ({"patient": "nobody", "cancer": "nothing", "order": "x", "hook": "x"}, "Usually not appropriate"),
    ],
)
def test_what_an_address_says_and_what_comes_of_it(
    client: TestClient, fields: dict[str, str], headline: str
) -> None:
    assert _headlines(client.get("/", params=fields).text) == [headline]


def test_what_may_hold_a_patient_is_not_taken_from_an_address(client: TestClient) -> None:
    secret = "Ultrasound: 31 mm lesion of the liver"
    page = client.get("/", params={"report": secret, "request": "{}", "drafts": '{"draftOrders": {}}'}).text
    assert secret not in page
    assert _headlines(page) == ["Usually not appropriate"]


def test_no_words_of_a_visitor_get_into_the_link(client: TestClient) -> None:
    plain = client.post("/", data={"size": "12"}).text
    assert 'href="/?patient=reference&amp;size=12"' in plain
    for fields in (
        {"report": "US: 8 mm liver lesion"},
        {"reason": "Mr Smith's liver lesion"},
        {"request": "{}"},
    ):
        assert 'class="case-link"' not in client.post("/", data=fields).text


def test_a_page_is_kept_by_nobody_and_shown_in_no_frame(client: TestClient) -> None:
    headers = client.get("/").headers
    assert headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_somebody_elses_page_cannot_ask(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/", data={"patient": "reference"}, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}, {"Origin": "http://testserver"}],
)
def test_our_own_page_can_ask(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/", data={"patient": "reference"}, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"{}", "application/json", 415),
        (b"report=" + b"x" * 300_000, FORM["Content-Type"], 413),
        ("&".join(f"a{n}=1" for n in range(300)).encode(), FORM["Content-Type"], 400),
        (b"", FORM["Content-Type"], 200),
        (b"\xff\xfe=%00%ff&size=%F0%28", FORM["Content-Type"], 200),
    ],
)
def test_forms_within_limits(client: TestClient, body: bytes, media_type: str, status: int) -> None:
    assert client.post("/", content=body, headers={"Content-Type": media_type}).status_code == status


@pytest.mark.parametrize("take", ["9.9", "0.99", "x", "-1.0", "0", "0.0.0", "²"])
def test_a_suggestion_that_is_not_there_changes_nothing(client: TestClient, take: str) -> None:
    page = client.post("/", data={"patient": "reference", "take": take}).text
    assert _headlines(page) == ["Usually not appropriate"]


@pytest.mark.parametrize(
    "drafts", ["{", "[]", "1", '{"draftOrders": 1}', '{"selections": {}}', '{"draftOrders": {"entry": [1]}}']
)
def test_drafts_that_were_tampered_with_are_no_fault_of_ours(client: TestClient, drafts: str) -> None:
    fields = {"order": PET, "drafts-order": PET, "drafts-reason": BENCH.reasons[0], "drafts": drafts}
    assert client.post("/", data=fields).status_code == 200
    assert client.post("/", data={**fields, "take": "0.0"}).status_code == 200
    assert client.post("/", data={**fields, "try": "lesion-size.over-1-cm"}).status_code == 200


@pytest.mark.parametrize("profile", ["spec", "epic"])
def test_suggestions_of_every_profile_can_be_taken(profile: str) -> None:
    """One profile offers a new order and the removal of the old one, each on its own."""
    with TestClient(create_app(Settings(open_profile=profile))) as client:
        page = client.post("/", data={"patient": "reference", "take": "0.0"}).text
        assert "Usually appropriate" in _headlines(page)
        if profile == "epic":
            drafts = unescape(re.findall(r'name="drafts" value="([^"]*)"', page)[0])
            order = re.findall(r'name="drafts-order" value="([^"]*)"', page)[0]
            kept = {
                "drafts": drafts,
                "drafts-order": order,
                "drafts-reason": BENCH.reasons[0],
                "order": order,
            }
            page = client.post("/", data={"patient": "reference", **kept, "take": "0.1"}).text
            assert len(json.loads(drafts)["selections"]) == 2


@pytest.mark.parametrize("name", ["..%2fbench.py", "nothing.css", "%2e%2e/templates/base.html"])
def test_only_the_pages_files_are_static(client: TestClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_pages_and_files_are_packed_for_who_unpacks(client: TestClient) -> None:
    packed = client.get("/", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/", headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert len(plain.text) == pytest.approx(len(packed.text), rel=0.01)


JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, [], {}, 1, -1.5, True, "", ["a"], [[]], [None], [{}], {"coding": [1]}, {"text": {}}, "<script>"]
)
MEMBERS = (
    "code",
    "reasonCode",
    "note",
    "extension",
    "id",
    "subject",
    "reasonReference",
    "orderDetail",
    "status",
)


@settings(max_examples=60)
@given(
    st.dictionaries(st.sampled_from(MEMBERS), JUNK, min_size=1, max_size=3),
    st.sampled_from(["take", "try", "ask"]),
)
def test_no_draft_is_too_strange_to_show(client: TestClient, members: dict[str, Any], button: str) -> None:
    """Whatever an EHR drafted is shown, answered or refused; it is no fault of ours."""
    asked = json.loads(REFERENCE.read_text(encoding="utf-8"))
    asked["context"]["draftOrders"]["entry"][0]["resource"] |= members
    pressed = {"take": "0.0", "try": "lesion-size.over-1-cm", "ask": "1"}[button]
    page = client.post("/", data={"request": json.dumps(asked), button: pressed})
    assert page.status_code == 200
    assert "<script>" not in page.text.partition("<main")[2]
