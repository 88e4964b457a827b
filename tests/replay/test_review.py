"""Sample and review: who is drawn, what readers see, and what their answers amount to."""

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cds_service.errors import ReplayImpossible
from cds_service.replay.finish import Wanted, finish
from cds_service.replay.report.asking import Rows
from cds_service.replay.results import PARQUET
from cds_service.replay.review import review
from cds_service.replay.rows import Row, write_rows
from cds_service.replay.sampling import draw
from tests.replay.conftest import Replayed


def row(number: int, **members: Any) -> Row:
    """A decided order that is in scope."""
    place = {"order": f"ServiceRequest/{number}", "patient": f"p{number}", "file": 0, "place": number}
    when = {"authored_on": "2026-05-20", "day": "2026-05-20", "status": "decided", "kind": "imaging"}
    study = {"mapped": True, "procedures": "us-abdomen"}
    answer = {"verdict": "rated", "rating": "usually-not-appropriate", "cards": 1, "indicator": "warning"}
    told: dict[str, Any] = {**place, **when, **study, **answer}
    return Row(**{**told, **members})


SILENT = {"rating": "usually-appropriate", "cards": 0, "indicator": ""}
OUT = {"verdict": "not-applicable", "rating": "", "cards": 0, "indicator": ""}


def _rows(out: Path, rows: list[Row]) -> Rows:
    out.mkdir(exist_ok=True)
    write_rows(rows, out / PARQUET)
    return Rows(out, out)


def _lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def _population() -> list[Row]:
    made = [row(n) for n in range(60)] + [row(n, rating="may-be-appropriate") for n in range(60, 70)]
    made += [row(n, **SILENT) for n in range(70, 100)] + [row(n, **OUT) for n in range(100, 400)]
    return [*made, row(400, mapped=False, **OUT), row(401, status="no-authored-on", verdict="")]


def test_half_of_the_sample_has_a_card_and_every_stratum_is_seen(tmp_path: Path) -> None:
    with _rows(tmp_path, _population()) as rows:
        folder = draw(rows, tmp_path, 40, 1, blind=True)
    key = _lines(folder / "key.csv")
    strata = Counter(line["stratum"] for line in key)
    assert strata == {
        "card: usually-not-appropriate": 17,
        "card: may-be-appropriate": 3,
        "silent: usually-appropriate": 2,
        "silent: not-applicable": 18,
    }
    assert sum(float(line["stands_for"]) for line in key) == pytest.approx(400)
    assert not {"ServiceRequest/400", "ServiceRequest/401"} & {line["order"] for line in key}


def test_a_blind_sheet_does_not_tell_the_answer(tmp_path: Path) -> None:
    with _rows(tmp_path, _population()) as rows:
        blind = _lines(draw(rows, tmp_path, 10, 1, blind=True) / "answer-sheet.csv")
    with _rows(tmp_path, _population()) as rows:
        told = _lines(draw(rows, tmp_path, 10, 1, blind=False) / "answer-sheet.csv")
    assert not {"verdict", "card", "rating_given", "stratum"} & blind[0].keys()
    assert {"verdict", "card", "rating_given"} <= told[0].keys()
    assert [line["order"] for line in blind] == [line["order"] for line in told]
    assert {line["should_speak"] + line["rating"] for line in blind} == {""}


def test_a_seed_draws_the_same_orders_again_and_another_others(tmp_path: Path) -> None:
    drawn = []
    for seed in (1, 1, 2):
        with _rows(tmp_path, _population()) as rows:
            drawn.append(
                [line["order"] for line in _lines(draw(rows, tmp_path, 20, seed, blind=True) / "key.csv")]
            )
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize(("count", "drawn"), [(1, 1), (3, 3), (395, 395), (5000, 400)])
def test_samples_of_any_size(tmp_path: Path, count: int, drawn: int) -> None:
    with _rows(tmp_path, _population()) as rows:
        key = _lines(draw(rows, tmp_path, count, 1, blind=True) / "key.csv")
    assert len({line["order"] for line in key}) == len(key) == drawn


def test_nothing_to_review_is_said(tmp_path: Path) -> None:
    with (
        _rows(tmp_path, [row(1, mapped=False, **OUT)]) as rows,
        pytest.raises(ReplayImpossible, match="no order"),
    ):
        draw(rows, tmp_path, 5, 1, blind=True)


def _answered(folder: Path, name: str, answers: dict[str, tuple[str, str]], reader: str = "") -> Path:
    path = folder / name
    lines = [f"{case},{reader},{speak},{rating}" for case, (speak, rating) in answers.items()]
    path.write_text("\n".join(["case,reader,should_speak,rating", *lines]), encoding="utf-8")
    return path


@pytest.fixture
def sampled(tmp_path: Path) -> Path:
    """Ten cases, five with a card; each stands for as many orders as its stratum has per case."""
    with _rows(tmp_path, _population()) as rows:
        draw(rows, tmp_path, 10, 1, blind=True)
    return tmp_path


def _key(out: Path) -> dict[str, dict[str, str]]:
    return {line["case"]: line for line in _lines(out / "sample" / "key.csv")}


def test_readers_who_agree_with_everything(sampled: Path) -> None:
    key = _key(sampled)
    right = {case: (line["card"], line["rating"]) for case, line in key.items()}
    found = review(sampled, [_answered(sampled, "a.csv", right, "AB"), _answered(sampled, "b.csv", right)])
    assert (found["ppv"].value, found["npv"].value) == (1, 1)
    assert (found["kappa_card"], found["kappa_rating"]) == (1, 1)
    assert found["readers"] == ["AB", "b"]
    assert found["between"] == [{"one": "AB", "other": "b", "kappa": 1, "cases": 10}]
    assert (found["cases"], found["carded"], found["silent"]) == (10, 5, 5)


def test_predictive_values_are_weighted_by_stratum(sampled: Path) -> None:
    key = _key(sampled)
    wrong = next(case for case, line in key.items() if line["stratum"] == "card: may-be-appropriate")
    answers = {case: (line["card"] if case != wrong else "no", "") for case, line in key.items()}
    found = review(sampled, [_answered(sampled, "a.csv", answers)])
    carded = [float(line["stands_for"]) for line in key.values() if line["card"] == "yes"]
    assert found["ppv"].value == pytest.approx(1 - float(key[wrong]["stands_for"]) / sum(carded))
    assert (found["right_cards"], found["kappa_rating"], found["rated"]) == (4, None, 0)


def test_unsure_ties_and_strangers_count_nowhere(sampled: Path) -> None:
    key = _key(sampled)
    one, two, *_ = key
    first = _answered(sampled, "a.csv", {one: ("yes", "none"), two: ("Unsure", ""), "999": ("yes", "")})
    second = _answered(sampled, "b.csv", {one: ("no", ""), two: ("", "")})
    found = review(sampled, [first, second])
    assert (found["ppv"], found["npv"], found["carded"], found["silent"]) == (None, None, 0, 0)
    assert (found["unsure"], found["unknown_cases"], found["judged"], found["divided"]) == (2, 1, 2, 1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("case,reader\n1,A", "should_speak"),
        ("case,should_speak\n1,perhaps", "should_speak"),
        ("case,should_speak,rating\n1,yes,good", "rating"),
        ("case,should_speak\n1,perhaps\n2,yes\n3,never", "case 1, 3"),
        ("case,should_speak\n1," + "x" * 200_000, "no CSV file"),
        ("", "column case"),
    ],
)
def test_a_sheet_that_cannot_be_used_is_said(sampled: Path, content: str | bytes, words: str) -> None:
    sheet = sampled / "sheet.csv"
    sheet.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ReplayImpossible, match=words):
        review(sampled, [sheet])


def test_a_review_without_a_sample_is_said(tmp_path: Path) -> None:
    with pytest.raises(ReplayImpossible, match="--sample"):
        review(tmp_path, [_answered(tmp_path, "a.csv", {})])


def test_semicolons_and_byte_order_marks_of_spreadsheets(sampled: Path) -> None:
    sheet = sampled / "sheet.csv"
    sheet.write_bytes(
        b"\xef\xbb\xbfcase;reader;should_speak;rating;comment\r\n1;AB;YES;Usually appropriate;a, b\r\n"
    )
    found = review(sampled, [sheet])
    assert (found["readers"], found["judged"], found["rated"]) == (["AB"], 1, 1)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_sheets_as_spreadsheets_save_them(sampled: Path, encoding: str, separator: str) -> None:
    lines = [("Case", "Reader", "Should speak", "RATING", "comment"), ("", "", "", "", "")]
    lines += [("1", "AB", " Y ", "May be appropriate", '"größer,\nals"'), ("2", "", "?", "none", "")]
    text = "\r\n\r\n".join(separator.join(line) for line in lines)
    sheet = sampled / "sheet.csv"
    sheet.write_bytes(text.encode(encoding))
    found = review(sampled, [sheet])
    assert (found["readers"], found["judged"], found["rated"]) == (["AB", "sheet"], 1, 2)
    assert (found["unsure"], found["unknown_cases"]) == (1, 0)


def test_a_sheet_that_is_given_twice_counts_once(sampled: Path) -> None:
    sheet = _answered(sampled, "a.csv", {"1": ("yes", "none")})
    assert review(sampled, [sheet, sheet])["judged"] == 1


def test_readers_without_initials_are_told_apart(sampled: Path) -> None:
    for name in ("one", "two"):
        (sampled / name).mkdir()
    sheets = [_answered(sampled / name, "a.csv", {"1": ("yes", "none")}) for name in ("one", "two")]
    assert review(sampled, sheets)["readers"] == ["one/a", "two/a"]


def test_answers_in_the_sheet_itself_are_not_written_over(tmp_path: Path) -> None:
    with _rows(tmp_path, _population()) as rows:
        folder = draw(rows, tmp_path, 10, 1, blind=True)
        sheet = folder / "answer-sheet.csv"
        filled = sheet.read_text(encoding="utf-8").replace(",,,,", ",AB,yes,,", 1)
        sheet.write_text(filled, encoding="utf-8")
        draw(rows, tmp_path, 10, 1, blind=True)
        with pytest.raises(ReplayImpossible, match="another sample"):
            draw(rows, tmp_path, 12, 1, blind=True)
    assert sheet.read_text(encoding="utf-8") == filled


def test_the_review_stands_in_the_report(replayed: Replayed, desk: Any, tmp_path: Path) -> None:
    key = {line["case"]: line for line in _lines(replayed.out / "sample" / "key.csv")}
    answers = {case: (line["card"], line["rating"]) for case, line in key.items()}
    sheet = _answered(tmp_path, "a.csv", answers)
    before = (replayed.out / "report.html").read_bytes()
    finished = finish(replayed.ran, desk, Wanted(reviewed=(sheet,)))
    page = finished.report.read_text(encoding="utf-8")
    assert 'id="validation"' in page
    assert "PPV: of the orders with a card" in page
    assert 'id="validation"' not in before.decode()
    finish(replayed.ran, desk, Wanted(sample=24, blind=True))
    assert (replayed.out / "report.html").read_bytes() == before
