"""Where the cards' links lead: pages for people, the same as data for programs."""

import re
from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

TOPIC = "/guidelines/liver-lesion"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
JSON = {"Accept": "application/json"}
PAGES = [TOPIC, *(f"{TOPIC}/variants/{number}" for number in range(1, 9))]


class Links(HTMLParser):
    """Every address a page leads to or loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "style", "iframe", "img")
        assert not any(name == "style" or name.startswith("on") for name, _ in attrs)
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_reads_well_and_runs_nothing(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=BROWSER)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "American College of Radiology" in answer.text
    assert "Not clinically reviewed" in answer.text
    assert "None" not in re.sub(r"<[^>]*>", "", answer.text)


@pytest.mark.parametrize("path", PAGES)
def test_no_link_of_ours_is_dead(client: TestClient, path: str) -> None:
    for link in Links(client.get(path, headers=BROWSER).text).found:
        if link.startswith("/"):
            assert client.get(link).status_code == 200, link
        else:
            assert link.startswith("https://")


def test_the_topic_as_data_holds_all_ratings(client: TestClient) -> None:
    answer = client.get(TOPIC, headers=JSON)
    assert answer.headers["Content-Type"].startswith("application/json")
    topic = answer.json()
    assert [variant["number"] for variant in topic["variants"]] == list(range(1, 9))
    assert sum(len(variant["ratings"]) for variant in topic["variants"]) == 89
    assert topic["revision"]


def test_a_variant_as_data_and_as_a_page_say_the_same(client: TestClient) -> None:
    data = client.get(f"{TOPIC}/variants/6", headers=JSON).json()
    page = client.get(f"{TOPIC}/variants/6", headers=BROWSER).text
    assert data["number"] == 6
    assert data["topic"]["licence"]["notice"]
    assert page.count('<th scope="row">') == len(data["ratings"])
    for row in data["ratings"]:
        assert row["locator"] in page
        assert f'<td class="{row["rating"]}">' in page


def test_the_best_studies_stand_first(client: TestClient) -> None:
    page = client.get(f"{TOPIC}/variants/6", headers=BROWSER).text
    shown = re.findall(r'<td class="((?:usually|may)[a-z-]+)">', page)
    assert shown == sorted(
        shown,
        key=[
            "usually-appropriate",
            "may-be-appropriate",
            "may-be-appropriate-disagreement",
            "usually-not-appropriate",
        ].index,
    )


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/html"),
        ("*/*", "text/html"),
        ("application/json", "application/json"),
        ("application/json;q=0.9, */*", "application/json"),
        ("text/html, application/json", "text/html"),
        ("application/json, text/html", "application/json"),
    ],
)
def test_what_is_asked_for_is_given(client: TestClient, accept: str, kind: str) -> None:
    answer = client.get(TOPIC, headers={"Accept": accept})
    assert answer.headers["Content-Type"].startswith(kind)
    assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize("number", ["0", "9", "06", "six", "6%20", "%3Cscript%3E"])
def test_a_variant_that_is_not_is_404(client: TestClient, number: str) -> None:
    answer = client.get(f"{TOPIC}/variants/{number}", headers=BROWSER)
    assert answer.status_code == 404
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert "script" not in answer.text


def test_the_thirteen_source_attributes(client: TestClient) -> None:
    attributes = client.get(f"{TOPIC}/source-attributes").json()
    assert len(attributes) == 13
    assert all(isinstance(value, str) and value for value in attributes.values())
    assert attributes["use_of_race"].startswith("Not used")


def test_the_style_sheet_is_ours(client: TestClient) -> None:
    answer = client.get("/guidelines/style.css")
    assert answer.headers["Content-Type"].startswith("text/css")
    assert "url(" not in answer.text
