"""What clinicians do, from an EHR's calls and feedback to the operator's page and files."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from cds_service.app import create_app
from cds_service.settings import Settings
from cds_service.store.tables import consultations
from tests.store.serving import SELECT, feedback, overridden, sample, written

PASSWORD = "the operator's password"
OPERATOR = ("operator", PASSWORD)
HERE = ("127.0.0.1", 50000)
REASON = {
    "code": "expert-contradicts",
    "system": "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes",
}
SECRET = "Zacharias"


def _app(url: str, **settings: Any) -> TestClient:
    app = create_app(Settings(database_url=url, operator_password=PASSWORD, **settings))
    return TestClient(app, raise_server_exceptions=False, client=HERE)


def _empty(folder: Path) -> str:
    return f"sqlite:///{folder / 'store.sqlite3'}"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Three calls of an EHR: a card that was overridden, one nothing was heard of, and one without a card."""
    url = _empty(tmp_path_factory.mktemp("store"))
    with _app(url) as client:
        asked = sample()
        asked["prefetch"]["patient"]["name"] = [{"family": SECRET}]
        (card,) = client.post(SELECT, json=asked).json()["cards"]
        client.post(SELECT, json=sample("reference-patient-biopsy"))
        client.post(SELECT, json=sample("reference-patient-mri"))
        written(url, consultations, 3)
        told = overridden(card["uuid"], overrideReason={"reason": REASON, "userComment": SECRET})
        assert client.post(f"{SELECT}/feedback", json=feedback(told)).status_code == 200
        yield client


def _totals(page: str) -> dict[str, str]:
    found = re.findall(r"<dt>(.*?)</dt><dd>(.*?)(?: <small>.*?</small>)?</dd>", page)
    return dict(found)


def _rows(page: str, table: str) -> list[list[str]]:
    body = page[page.index(f'id="{table}-table"') :]
    body = body[body.index("<tbody>") : body.index("</tbody>")]
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", body)]


def test_the_page_says_what_was_done(service: TestClient) -> None:
    page = service.get("/analytics", auth=OPERATOR).text
    totals = _totals(page)
    assert totals["Calls answered"] == "3"
    assert totals["Firing rate"] == "67 %"
    assert totals["Overridden"] == "50 %"
    assert _rows(page, "variants") == [["Variant 6", "3", "2", "0", "1", "1", "67 %"]]
    assert _rows(page, "reasons") == [["Advice from expert contradicts the recommended action", "1"]]


@pytest.mark.parametrize(
    ("query", "orders"),
    [
        ("?procedure=image-guided-biopsy-liver", "1"),
        ("?variant=6", "3"),
        ("?variant=3", "0"),
        ("?hook=order-sign", "0"),
        ("?tenant=open", "3"),
        ("?tenant=nobody", "0"),
        ("?until=2020-01-01", "0"),
        ("?since=9999-12-31", "0"),
        ("?since=0001-01-01&until=9999-12-31", "3"),
        ("?procedure=%27%3B--&variant=%25&hook=%3Cscript%3E", "0"),
    ],
)
def test_filters_hold_for_page_and_file(service: TestClient, query: str, orders: str) -> None:
    page = service.get(f"/analytics{query}", auth=OPERATOR)
    assert (page.status_code, _totals(page.text)["Orders looked at"]) == (200, orders)
    file = service.get(f"/analytics/orders.csv{query}", auth=OPERATOR)
    assert sum(int(row["orders"]) for row in csv.DictReader(io.StringIO(file.text))) == int(orders)
    assert "<script>" not in page.text


def test_files_for_a_spreadsheet(service: TestClient) -> None:
    file = service.get("/analytics/overrides.csv", auth=OPERATOR)
    assert file.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in file.headers["Content-Disposition"]
    assert list(csv.reader(io.StringIO(file.text)))[1] == [REASON["system"], REASON["code"], "1"]


@pytest.mark.parametrize("path", ["/analytics", "/analytics/orders.csv", "/analytics/overrides.csv"])
def test_no_patient_and_no_comment_stands_anywhere(service: TestClient, path: str) -> None:
    answer = service.get(path, auth=OPERATOR)
    assert answer.headers["Cache-Control"] == "no-store"
    for words in (SECRET, "reference-patient", "adenocarcinoma", "1958"):
        assert words not in answer.text


@pytest.mark.parametrize("path", ["/analytics", "/analytics/orders.csv", "/analytics/overrides.csv"])
@pytest.mark.parametrize("auth", [None, ("operator", ""), ("operator", "a guess")])
def test_without_the_password_there_is_nothing(
    service: TestClient, path: str, auth: tuple[str, str] | None
) -> None:
    answer = service.get(path, auth=auth)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_what_is_tried_on_the_workbench_is_not_counted(service: TestClient) -> None:
    before = _totals(service.get("/analytics", auth=OPERATOR).text)
    page = service.post("/", data={"patient": "reference"})
    assert "Usually not appropriate" in page.text
    assert _totals(service.get("/analytics", auth=OPERATOR).text) == before


def test_a_store_that_is_lost_is_said_to_be() -> None:
    with _app("postgresql://nobody:x@127.0.0.1:9/none") as client:
        answer = client.get("/analytics", auth=OPERATOR)
        assert answer.status_code == 503
        assert "Retry-After" in answer.headers


def test_an_empty_store_says_where_numbers_come_from(tmp_path: Path) -> None:
    with _app(_empty(tmp_path)) as client:
        page = client.get("/analytics", auth=OPERATOR).text
        assert "Nothing has been recorded" in page
        assert "how to plug one in" in page


def test_without_a_password_the_page_says_how_to_switch_it_on(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(database_url=_empty(tmp_path)))) as client:
        page = client.get("/analytics")
        assert page.status_code == 200
        assert "LIVER_CDS_OPERATOR_PASSWORD" in page.text
        assert client.get("/analytics/orders.csv").status_code == 404
