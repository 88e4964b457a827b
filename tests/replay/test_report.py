"""The report: what it counts, what it hides, and that it is one page that fetches nothing."""

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cds_service.consult import Desk
from cds_service.replay.report.asking import Rows
from cds_service.replay.report.equity import equity
from cds_service.replay.report.numbers import numbers
from cds_service.replay.report.page import write_page
from cds_service.replay.report.words import words_of
from tests.replay.conftest import Replayed
from tests.replay.test_review import OUT, SILENT, _rows, row

MANIFEST = {"revision": "r1", "compared_with": "r2", "version": "1", "code": "c"}
MANIFEST_ALL = {**MANIFEST, "settings": {}, "packages": {"a": "1"}}
VOID = {"meta", "br", "link", "path", "rect", "use", "img"}


class _Tags(HTMLParser):
    """Every tag with its attributes, and whether they nest."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def _parsed(page: str) -> _Tags:
    parser = _Tags()
    parser.feed(page)
    assert parser.open == []
    return parser


def test_the_page_fetches_nothing_and_runs_nothing(replayed: Replayed) -> None:
    page = replayed.finished.report.read_text(encoding="utf-8")
    tags = _parsed(page).tags
    assert not {"script", "link", "iframe", "img", "object"} & {tag for tag, _ in tags}
    targets = [
        v for _, attributes in tags for n, v in attributes.items() if n in ("src", "href", "xlink:href")
    ]
    assert targets
    assert all(target and target.startswith("#") for target in targets)
    assert not re.search(r"url\((?!#)|@import", page)
    policy = next(a for tag, a in tags if tag == "meta" and "http-equiv" in a)
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"


def test_every_link_has_its_place_and_ids_are_there_once(replayed: Replayed) -> None:
    tags = _parsed(replayed.finished.report.read_text(encoding="utf-8")).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {str(a["href"])[1:] for tag, a in tags if tag == "a"}
    assert links <= set(ids)


def test_pictures_are_whole_and_say_what_they_show(replayed: Replayed) -> None:
    page = replayed.finished.report.read_text(encoding="utf-8")
    found = re.findall(r"<svg .*?</svg>", page, re.DOTALL)
    assert len(found) >= 7
    for picture in found:
        named = ElementTree.fromstring(picture.replace("xlink:href", "href"))  # noqa: S314 - our own
        assert named.get("role") == "img"
        assert named.get("aria-label")
        assert float(str(named.get("viewBox")).split()[2]) > 100


def test_no_patient_and_no_order_is_on_the_page(replayed: Replayed) -> None:
    page = replayed.finished.report.read_text(encoding="utf-8")
    names = {row["patient"] for row in replayed.rows} | {
        row["order"].partition("/")[2] for row in replayed.rows
    }
    assert not [name for name in names if name and name in page]


def test_sections_are_reached_from_the_top(replayed: Replayed) -> None:
    page = replayed.finished.report.read_text(encoding="utf-8")
    for heading in ("In short", "Coverage", "Verdicts", "Firing", "Equity", "As of then", "The export"):
        assert f"<h2>{heading}" in page
    assert "What other content would change" not in page
    assert "Not clinically reviewed" in page


def test_what_scrolls_is_reached_by_the_keyboard_and_has_a_name(replayed: Replayed) -> None:
    tags = _parsed(replayed.finished.report.read_text(encoding="utf-8")).tags
    regions = [a for tag, a in tags if tag == "figure" or a.get("class") == "scroll"]
    assert len(regions) > 15
    assert all(one["tabindex"] == "0" and one["aria-label"] for one in regions)


def test_an_export_without_imaging_orders_still_has_a_report(tmp_path: Path, desk: Desk) -> None:
    with _rows(tmp_path, []) as rows:
        found = {**numbers(rows, 11), "equity": equity(rows), "review": None}
    assert found["overview"]["orders"] == 0
    page = tmp_path / "report.html"
    write_page(page, desk.topic, words_of(desk.library, desk.topic), found, MANIFEST_ALL, None, 11)
    assert "<svg" not in _parsed(page.read_text(encoding="utf-8")).rawdata
    assert "No card would have suggested another study" in page.read_text(encoding="utf-8")


def test_chart_text_on_the_page_is_text(tmp_path: Path, desk: Desk) -> None:
    hostile = "<script>alert(1)</script>"
    odd = [row(n, mapped=False, code=f"{hostile}|1", title=hostile, race=hostile, **OUT) for n in range(20)]
    with _rows(tmp_path, [*odd, *(row(n, race=hostile) for n in range(20, 40))]) as rows:
        found = {**numbers(rows, 11), "equity": equity(rows), "review": None}
    page = tmp_path / "report.html"
    write_page(page, desk.topic, words_of(desk.library, desk.topic), found, MANIFEST_ALL, None, 11)
    text = page.read_text(encoding="utf-8")
    assert hostile not in text
    assert "script" not in {tag for tag, _ in _parsed(text).tags}
    assert "&lt;script&gt;" in text


def test_firing_is_counted_by_order_and_by_clinicians_day(tmp_path: Path) -> None:
    rows = [row(n, requester="Practitioner/a") for n in range(2)]
    rows += [row(n, requester="Practitioner/a", day="2026-05-21", **SILENT) for n in range(2, 5)]
    rows += [row(5, requester="Practitioner/b"), row(6), row(7, status="filler-order", verdict="", cards=0)]
    with _rows(tmp_path, rows) as asked:
        found = numbers(asked, 11)
    assert (found["overview"]["cards"], found["overview"]["decided"]) == (4, 7)
    days = found["firing"]["days"]
    assert (days["clinician_days"], days["clinicians"], days["cards"]) == (3, 2, 3)
    assert (days["none"], days["one"], days["two"], days["more"]) == (1, 1, 1, 0)
    assert (found["firing"]["appropriate"], found["firing"]["appropriate_silent"]) == (3, 3)


def test_unmapped_codes_are_ranked_and_words_of_few_are_not_shown(tmp_path: Path) -> None:
    rows = [row(n, mapped=False, code="s|1", title="Dr. Smith's patient", **OUT) for n in range(3)]
    rows += [row(n, mapped=False, code="s|2", title="CT HEAD", **OUT) for n in range(10, 30)]
    rows += [row(n, mapped=False, code="", title="MRI BRAIN", **OUT) for n in range(30, 42)]
    rows += [row(50, mapped=False, code="", title="see note about Jane", **OUT)]
    with _rows(tmp_path, rows) as asked:
        found = numbers(asked, 11)
    assert [(one["code"], one["title"], one["orders"]) for one in found["unmapped"]] == [
        ("s|2", "CT HEAD", 20), ("", "MRI BRAIN", 12), ("s|1", "", 3),
    ]  # fmt: skip
    assert found["unmapped_total"] == {"orders": 36, "words_only": 13, "codes": 3}


def test_flows_and_lists(tmp_path: Path) -> None:
    rows = [row(n, suggested="mri;us", asks="lesion-size", cautions="implant;pregnancy") for n in range(3)]
    rows += [row(4, procedures="a;b", suggested="us", asks="lesion-size;ct-phase")]
    with _rows(tmp_path, rows) as asked:
        found = numbers(asked, 11)
    assert found["flows"] == [
        {"ordered": "us-abdomen", "suggested": "mri", "orders": 3},
        {"ordered": "several", "suggested": "us", "orders": 1},
    ]
    assert [(one["entry"], one["orders"]) for one in found["asks"]] == [("lesion-size", 4), ("ct-phase", 1)]
    assert [(one["entry"], one["orders"]) for one in found["cautions"]] == [("implant", 3), ("pregnancy", 3)]


def test_what_other_content_changes_is_grouped(tmp_path: Path, desk: Desk) -> None:
    same = {
        "other_verdict": "rated",
        "other_rating": "usually-not-appropriate",
        "other_cards": 1,
        "other_changes": "",
    }
    rows = [row(n, variants="6", other_variants="6", **same) for n in range(5)]
    other = {
        "other_verdict": "no-criteria",
        "other_rating": "",
        "other_cards": 0,
        "other_changes": "verdict;cards",
    }
    rows += [row(n, variants="6", other_variants="", **other) for n in range(5, 8)]
    with _rows(tmp_path, rows) as asked:
        found = {**numbers(asked, 11), "equity": equity(asked), "review": None}
    told = found["compared"]
    assert (told["compared"], told["changed"], told["verdicts"]) == (8, 3, 3)
    assert (told["cards"], told["other_cards"]) == (8, 5)
    (group,) = told["groups"]
    assert (group["outcome"], group["other"], group["orders"], group["cards_change"]) == (
        "usually-not-appropriate", "no-criteria", 3, 3,
    )  # fmt: skip
    page = tmp_path / "report.html"
    write_page(page, desk.topic, words_of(desk.library, desk.topic), found, MANIFEST_ALL, None, 11)
    text = page.read_text(encoding="utf-8")
    assert "3 of 8 orders get another answer" in text
    assert "<td>6 → –</td>" in text
    assert "<td>verdict, cards</td>" in text


def _equity(
    tmp_path: Path, groups: dict[str, tuple[int, int]], smallest: int = 11
) -> dict[str, dict[str, object]]:
    """Groups of a race with so many orders, of which so many have a card."""
    rows, number = [], 0
    for name, (orders, carded) in groups.items():
        for position in range(orders):
            rows.append(row(number, race=name, **({} if position < carded else SILENT)))
            number += 1
    with _rows(tmp_path, rows) as asked:
        (found,) = equity(asked, smallest)
    return {group["name"]: group for group in found["groups"]}


def test_rates_by_group(tmp_path: Path) -> None:
    found = _equity(tmp_path, {"A": (100, 40), "B": (50, 25), "": (20, 11)}, smallest=9)
    rate = found["A"]["with_card"]
    assert rate is not None
    assert (rate.value, round(rate.low, 3), round(rate.high, 3)) == (0.4, 0.309, 0.498)  # type: ignore[attr-defined]
    assert list(found) == ["A", "B", "not stated"]


def test_small_groups_and_what_would_tell_of_them_are_hidden(tmp_path: Path) -> None:
    found = _equity(tmp_path, {"A": (100, 40), "B": (50, 25), "C": (3, 3)})
    assert {name for name, group in found.items() if group["hidden"]} == {"B", "C"}
    assert set(found["C"]) == {"name", "hidden"}


@pytest.mark.parametrize(("carded", "shown"), [(0, True), (3, False), (11, True), (45, False), (50, True)])
def test_a_rate_that_gives_away_a_small_count_is_hidden(tmp_path: Path, carded: int, shown: bool) -> None:
    found = _equity(tmp_path, {"A": (50, carded), "B": (50, 25)})
    assert (found["A"]["with_card"] is not None) is shown


def test_groups_that_nobody_states_make_no_table(tmp_path: Path) -> None:
    with _rows(tmp_path, [row(n) for n in range(30)]) as asked:
        assert equity(asked) == []


def test_rows_can_be_opened_and_closed(tmp_path: Path) -> None:
    with _rows(tmp_path, [row(1)]) as asked:
        assert isinstance(asked, Rows)
        assert asked.one("SELECT in_scope, outcome, month FROM orders") == {
            "in_scope": True, "outcome": "usually-not-appropriate", "month": "2026-05",
        }  # fmt: skip
