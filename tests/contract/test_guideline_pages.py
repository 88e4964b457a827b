"""Where the cards' links lead: pages for people, the same as data for programs."""

import html
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
        assert tag not in ("style", "iframe", "img", "script")
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
    page = client.get(path, headers=BROWSER).text
    for link in Links(page).found:
        if link.startswith("/"):
            assert client.get(link).status_code == 200, link
        elif link.startswith("#"):
            assert f'id="{link[1:]}"' in page
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
    assert page.count("<h3>") == len(data["ratings"])
    for row in data["ratings"]:
        assert f"{data['topic']['edition']}, {row['locator'][0].lower()}{row['locator'][1:]}" in page
        assert f'<li class="{row["rating"]}">' in page
        assert html.escape(row["rationale"], quote=False) in html.unescape(page).replace("&", "&amp;")


def test_the_best_studies_stand_first(client: TestClient) -> None:
    page = client.get(f"{TOPIC}/variants/6", headers=BROWSER).text
    shown = re.findall(r'<li class="((?:usually|may)[a-z-]+)">', page)
    assert len(shown) == 12
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
    (address,) = re.findall(r'rel="stylesheet" href="([^"]+)"', client.get(TOPIC, headers=BROWSER).text)
    answer = client.get(address)
    assert answer.headers["Content-Type"].startswith("text/css")
    assert "immutable" in answer.headers["Cache-Control"]
    loaded = re.findall(r'url\("([^"]+)"\)', answer.text)
    assert loaded
    for file in loaded:
        assert file.startswith("/static/")
        assert "immutable" in client.get(file).headers["Cache-Control"]


def test_the_map_says_which_variant_covers_whom(client: TestClient) -> None:
    """Every patient that the criteria can tell apart: a variant where its criteria hold, else a gap."""
    page = client.get(TOPIC, headers=BROWSER).text
    body = page[page.index('<table class="map">') : page.index("</table>", page.index('<table class="map">'))]
    rows = [
        re.findall(r"<td(?: colspan=\"(\d)\")?[^>]*>(.*?)</td>", row, re.DOTALL)
        for row in body.split("<tr>")[3:]
    ]
    shown = [
        [" ".join(re.findall(r">(\d)</a>", cell)) for span, cell in row for _ in range(int(span or 1))]
        for row in rows
    ]
    assert shown == [
        ["", "", "", "1", "2", ""],
        ["6", "7", "", "3", "4", ""],
        ["8", "8", "", "5", "5", ""],
        ["6 8", "7 8", "", "3 5", "4 5", ""],
    ]


def test_a_patient_in_the_address_stands_on_the_map(client: TestClient) -> None:
    known = "lesion-size=under-1-cm&initial-imaging=us&extrahepatic-malignancy=yes&chronic-liver-disease=no"
    one = client.get(f"{TOPIC}?{known}", headers=BROWSER).text
    assert (one.count("here-yes"), one.count("here-maybe")) == (1, 0)
    some = client.get(f"{TOPIC}?lesion-size=under-1-cm&initial-imaging=%3Cscript%3E", headers=BROWSER).text
    assert (some.count("here-yes"), some.count("here-maybe") > 3) == (0, True)
    assert "<script>" not in some


def test_reviews_licence_and_revision_stand_on_the_page(client: TestClient) -> None:
    page = client.get(TOPIC, headers=BROWSER).text
    data = client.get(TOPIC, headers=JSON).json()
    for words in ("Reviewed on", "Review again by", data["revision"], "not obtained", "Use of race"):
        assert words in page
    assert data["currency"] in html.unescape(page)
