"""The report reader's edges: what DiagnosticReports carry, hostile text, and that every quote is verbatim."""

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.fhir.narrative import read_report, report_text
from cds_service.fhir.narrative.layout import STATEMENT_LIMIT, fold, statements
from cds_service.fhir.narrative.resource_text import TEXT_LIMIT
from cds_service.guideline.chart import Interval

WORDS = (
    "liver lesion hypodensity cyst hemangioma metastasis kidney segment 7 8 mm 1.2 cm 0,8 cm <1 cm "
    "subcentimeter from 6 to 9 mm up to largest previously now not no . , ; : ( ) \n \n\n FINDINGS: "
    "IMPRESSION: ADDENDUM: likely is seen with or and additional the a may be excluded cannot no longer "
    "unchanged measures LR-3 THAD x by -"
).split(" ")
RTF = r"{\rtf1\ansi{\fonttbl{\f0 A;}}8\~mm \u8805?9\par x}"
HOSTILE = ("liver lesion 8 mm ", "(", "no ", "8 x ", "\n", "a", "IMPRESSION: ", "liver ", "8 mm, ", "{\\")
PROSE = st.lists(st.sampled_from(WORDS), max_size=120).map(" ".join)


def plain(text: str | bytes, charset: str = "") -> dict[str, Any]:
    return {"presentedForm": [form(text, f"text/plain{charset}")]}


def form(text: str | bytes, kind: str) -> dict[str, str]:
    raw = text if isinstance(text, bytes) else text.encode()
    return {"contentType": kind, "data": base64.b64encode(raw).decode()}


@pytest.mark.parametrize(
    ("resource", "text"),
    [
        ({"conclusion": "8 mm liver lesion"}, "8 mm liver lesion"),
        (
            {"presentedForm": [form("Lésion 8 mm".encode("latin-1"), "text/plain; charset=ISO-8859-1")]},
            "Lésion 8 mm",
        ),
        (plain("≥ 8 mm".encode("utf-16")), "≥ 8 mm"),
        (plain("8 mm ×".encode("cp1252")), "8 mm ×"),
        (plain("8 mm", "; charset=rot13"), "8 mm"),
        ({"presentedForm": [form("<p>&lt;1&nbsp;cm</p><script>9 mm</script>", "text/html")]}, "<1 cm"),
        (
            {"presentedForm": [form(RTF, "text/rtf")]},
            "8 mm ≥9\nx",
        ),
        ({"presentedForm": [form("%PDF-1.4 8 mm", "application/pdf")]}, ""),
        ({"presentedForm": [form("8 mm", "image/png")]}, ""),
        ({"presentedForm": [{"contentType": "text/plain", "data": "not base64!"}]}, ""),
        ({"presentedForm": form("8 mm", "text/plain")}, "8 mm"),
        ({"presentedForm": [None, 3, {"data": 4}], "text": "x", "conclusion": 8}, ""),
        ({"text": {"div": "<div>8 mm<br/>lesion</div>"}, "conclusion": "8 mm lesion"}, "8 mm lesion"),
        (
            {"text": {"div": "<div>FINDINGS: Liver.</div>"}, "conclusion": "A"},
            "FINDINGS: Liver.\n\nIMPRESSION:\nA",
        ),
        ({"presentedForm": [form("A b", "text/plain"), form("<i>a  B</i>", "text/html")]}, "A b"),
    ],
)
def test_report_text(resource: dict[str, Any], text: str) -> None:
    assert report_text(resource) == text


def test_conclusion_outranks_the_attached_findings() -> None:
    attached = [form("FINDINGS: Liver lesion, 8 mm.", "text/plain")]
    reading = read_report(
        report_text({"presentedForm": attached, "conclusion": "12 mm liver lesion, indeterminate."})
    )
    assert reading.size == Interval.point(12)


def test_report_text_is_capped() -> None:
    assert len(report_text({"conclusion": "lesion " * TEXT_LIMIT})) <= TEXT_LIMIT


@pytest.mark.parametrize(
    ("words", "size"),
    [
        ("8 x 6 mm", Interval.point(8)),
        ("0,8 x 1,1 cm", Interval.point(11)),
        ("3 by 4 by 5 cm", Interval.point(50)),
        ("eight millimeter", Interval.point(8)),
        ("one point two centimeter", Interval.point(12)),
        ("up to 9 mm", Interval(high=9, high_included=True)),
        ("less than 1 cm", Interval(high=10)),
        ("≥ 1.2 cm", Interval(low=12, low_included=True)),
        ("8\n   mm", Interval.point(8)),
        ("8-9 mm", Interval(8, 9, True, True)),
        ("8", None),
        ("8.125.3 mm", None),
        ("900 cm", None),
        ("8 mm2", None),
    ],
)
def test_lengths(words: str, size: Interval | None) -> None:
    assert read_report(f"Indeterminate liver lesion of {words}.").size == size


@pytest.mark.parametrize(
    "text",
    [word * (200_000 // len(word)) for word in HOSTILE],
    ids=lambda text: text[:12].strip() or "blank",
)
def test_hostile_texts_are_read_in_short_statements(text: str) -> None:
    read_report(text)
    assert all(len(statement.text) <= STATEMENT_LIMIT for statement in statements(text))


def test_nothing_beyond_the_cap_is_read() -> None:
    assert read_report("." * TEXT_LIMIT + " 8 mm liver lesion.").lesion is None


@settings(max_examples=200)
@given(
    text=PROSE | st.text(max_size=400), title=st.sampled_from(("", "US ABDOMEN", "MRI liver", "CT thyroid"))
)
def test_any_text_is_read_and_quoted_verbatim(text: str, title: str) -> None:
    reading = read_report(text, title)
    for quote in (reading.lesion_quote, reading.size_quote, reading.limited, reading.perfusion_anomaly):
        assert quote in text
    assert reading.lesion in ("indeterminate", "characterized", "none", None)
    assert reading.size is None or (
        reading.lesion in ("indeterminate", "characterized") and reading.size_quote
    )
    assert reading == read_report(text, title)


@given(text=st.text(max_size=300))
def test_folding_keeps_every_place(text: str) -> None:
    assert len(fold(text)) == len(text)


@given(
    value=st.recursive(
        st.none() | st.text(max_size=9) | st.integers(), lambda inner: st.lists(inner, max_size=3)
    ),
    kind=st.sampled_from(
        ("text/plain", "text/html", "application/rtf", "application/pdf", "", "text/html; charset=x")
    ),
    data=st.binary(max_size=200),
)
def test_no_resource_makes_it_raise(value: object, kind: str, data: bytes) -> None:
    forms = [{"contentType": kind, "data": base64.b64encode(data).decode()}, value]
    report_text({"presentedForm": forms, "text": {"div": data.decode("latin-1")}, "conclusion": value})
    report_text({"presentedForm": value, "text": value, "conclusion": value})
