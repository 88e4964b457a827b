"""The report reader against labelled reports: accuracy per field, and no dangerous error at all."""

from pathlib import Path

import pytest

from cds_service.fhir.narrative import read_report
from tests.reports.labels import FIELDS, Accuracy, Labelled, accuracy, dangers, load, side

LEAST = 0.97
REPORTS = load(Path(__file__).parent)


@pytest.fixture(scope="module")
def figures() -> Accuracy:
    return accuracy(REPORTS)


@pytest.mark.parametrize("name", FIELDS)
def test_field_is_read_as_labelled(figures: Accuracy, name: str) -> None:
    share = figures.right[name] / figures.reports
    assert share >= LEAST, f"{name}: {share:.1%}\n" + "\n".join(figures.wrong)


def test_no_reading_is_dangerous(figures: Accuracy) -> None:
    assert figures.dangerous == ()


def test_there_are_many_reports_and_each_label_is_met() -> None:
    assert len(REPORTS) >= 240
    assert len({report.id for report in REPORTS}) == len(REPORTS)
    assert {report.labels["lesion"] for report in REPORTS} == {"indeterminate", "characterized", "none", None}
    assert {side(report.labels["size"]) for report in REPORTS} == {"under", "over", "open"}
    assert {report.labels["conclusion"] for report in REPORTS} == {
        "metastasis",
        "benign",
        "indeterminate",
        None,
    }


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.id)
def test_quotes_are_the_reports_own_words(report: Labelled) -> None:
    reading = report.read()
    for quote in (reading.lesion_quote, reading.size_quote, reading.limited, reading.perfusion_anomaly):
        assert quote in report.text
    assert bool(reading.lesion_quote) == (reading.lesion is not None)
    assert bool(reading.size_quote) == (reading.size is not None)
    if reading.study:
        assert reading.study.quote in report.text or reading.study.quote in report.title


@pytest.mark.parametrize(
    ("labelled", "read", "count"),
    [
        (("indeterminate", 8), ("indeterminate", 12.0), 1),
        (("indeterminate", 10), ("indeterminate", "<10"), 1),
        (("indeterminate", None), ("indeterminate", 8.0), 1),
        (("none", None), ("indeterminate", None), 1),
        ((None, None), ("characterized", None), 2),
        (("indeterminate", 8), ("characterized", 8.0), 1),
        (("indeterminate", 8), (None, None), 0),
        (("characterized", 8), ("indeterminate", "<=9"), 0),
    ],
)
def test_what_counts_as_dangerous(
    labelled: tuple[object, object], read: tuple[object, object], count: int
) -> None:
    names = ("lesion", "size")
    assert len(dangers(dict(zip(names, labelled, strict=True)), dict(zip(names, read, strict=True)))) == count


def test_indication_alone_tells_nothing() -> None:
    assert read_report("INDICATION: 8 mm indeterminate liver lesion.").lesion is None
