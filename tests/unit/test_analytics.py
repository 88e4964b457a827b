"""The numbers as tables and as CSV, and who is let in to see them."""

import base64
import csv
import io
from dataclasses import replace
from datetime import date

import pytest
from fastapi import Request
from starlette.exceptions import HTTPException

from cds_service.activity import OUTSIDE, SEVERAL, Activity, Override, Share
from cds_service.guideline.content.library import load
from cds_service.web.analytics import tables
from cds_service.web.analytics.access import Operator
from cds_service.web.analytics.csv_files import overrides_csv, shares_csv
from cds_service.web.analytics.routes import window_of

LIBRARY = load()
MONDAY = date(2026, 11, 16)
PET = "fdg-pet-ct-skull-base-to-mid-thigh"
SHARE = Share(MONDAY, "north", "order-select", PET, "6", "rated", 10, 8, 3, 2)
PASSWORD = "a long enough password"


def test_sums_and_shares() -> None:
    numbers = tables.total([SHARE, SHARE])
    assert (numbers.orders, numbers.cards, numbers.accepted, numbers.overridden) == (20, 16, 6, 4)
    assert (numbers.unheard, numbers.firing) == (6, "80 %")
    assert tables.total([]) == tables.Numbers()
    assert tables.Numbers().firing == "–"


def test_a_card_both_accepted_and_overridden_leaves_nobody_unheard_below_nothing() -> None:
    assert tables.Numbers(orders=1, cards=1, accepted=1, overridden=1).unheard == 0


def test_weeks_without_a_call_are_shown() -> None:
    activity = Activity(shares=(SHARE, replace(SHARE, week=date(2026, 10, 26))))
    weeks = tables.by_week(activity)
    assert [line.label for line in weeks] == ["2026-10-26", "2026-11-02", "2026-11-09", "2026-11-16"]
    assert [line.numbers.orders for line in weeks] == [10, 0, 0, 10]
    assert tables.by_week(Activity()) == ()


def test_lines_by_variant_study_and_verdict() -> None:
    either = replace(SHARE, variant="3,6", cards=9, verdict="undetermined")
    unknown = replace(SHARE, procedure=OUTSIDE, variant="", verdict="not-applicable", cards=0)
    several = replace(SHARE, procedure=SEVERAL, variant="", cards=1)
    gone = replace(SHARE, procedure="a-study-of-old", cards=0)
    activity = Activity(shares=(SHARE, either, unknown, several, gone))
    assert [line.label for line in tables.by_variant(activity)] == ["Variant 3 or 6", "Variant 6"]
    assert [line.label for line in tables.by_procedure(activity, LIBRARY)] == [
        "FDG-PET/CT skull base to mid-thigh",
        "Code names several studies",
        "a-study-of-old",
    ]
    assert "Not about the topic" not in [line.label for line in tables.by_verdict(activity)]
    assert (tables.outside(activity), tables.ambiguous(activity)) == (10, 10)


def test_reasons_in_our_words_or_as_they_were_sent() -> None:
    ours = LIBRARY.override_reasons[0]
    assert tables.reason_words(Override(ours.system, ours.code, 1), LIBRARY) == ours.display
    assert tables.reason_words(Override("urn:x", "LOCAL-7", 1), LIBRARY) == "LOCAL-7"
    assert tables.reason_words(Override("", "", 1), LIBRARY) == tables.UNSAID


def test_csv_reads_back_and_runs_nothing() -> None:
    hostile = Override("urn:x", '=HYPERLINK("https://evil.example")', 4)
    rows = list(csv.reader(io.StringIO(overrides_csv(Activity(overrides=(hostile,))))))
    assert rows == [["system", "code", "cards"], ["urn:x", '\'=HYPERLINK("https://evil.example")', "4"]]
    (read,) = csv.DictReader(io.StringIO(shares_csv(Activity(shares=(SHARE,)))))
    assert (read["week"], read["procedure"], read["orders"], read["overridden"]) == (
        "2026-11-16",
        PET,
        "10",
        "2",
    )


def _request(
    headers: dict[str, str], host: str = "127.0.0.1", scheme: str = "http", query: str = ""
) -> Request:
    lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": scheme,
            "path": "/analytics",
            "query_string": query.encode(),
            "headers": lines,
            "client": (host, 1),
            "server": ("service.example", 443),
        }
    )


def _basic(pair: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


@pytest.mark.parametrize("user", ["", "operator", "anybody"])
def test_the_password_lets_in_whoever_knows_it(user: str) -> None:
    Operator(PASSWORD).admit(_request(_basic(f"{user}:{PASSWORD}")))


def test_a_password_may_hold_colons_and_letters_of_any_script() -> None:
    Operator("пароль: with : colons").admit(_request(_basic("x:пароль: with : colons")))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        _basic("operator:"),
        _basic(f"operator:{PASSWORD} "),
        _basic(PASSWORD),
        {"Authorization": "Basic ???"},
        {"Authorization": "Basic /w=="},
        {"Authorization": f"Bearer {PASSWORD}"},
        {"Authorization": PASSWORD},
    ],
)
def test_nobody_else_is_let_in(headers: dict[str, str]) -> None:
    with pytest.raises(HTTPException) as refused:
        Operator(PASSWORD).admit(_request(headers))
    assert refused.value.status_code == 401
    assert (refused.value.headers or {})["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    ("host", "scheme", "behind_tls", "heard"),
    [
        ("127.0.0.1", "http", False, False),
        ("::1", "http", False, False),
        ("10.1.2.3", "http", False, True),
        ("10.1.2.3", "https", False, False),
        ("10.1.2.3", "http", True, False),
    ],
)
def test_the_password_is_not_asked_for_where_it_could_be_overheard(
    host: str, scheme: str, behind_tls: bool, heard: bool
) -> None:
    request = _request(_basic(f"x:{PASSWORD}"), host, scheme)
    operator = Operator(PASSWORD, behind_tls)
    if heard:
        with pytest.raises(HTTPException) as refused:
            operator.admit(request)
        assert refused.value.status_code == 403
    else:
        operator.admit(request)


def test_the_password_stands_in_no_representation() -> None:
    assert PASSWORD not in repr(Operator(PASSWORD))


@pytest.mark.parametrize(
    ("query", "since", "until", "variant"),
    [
        ("", date(2026, 8, 30), None, ""),
        ("since=", None, None, ""),
        ("since=2026-01-01&until=2026-02-01&variant=6", date(2026, 1, 1), date(2026, 2, 1), "6"),
        ("since=yesterday&until=2026-13-40", None, None, ""),
        ("since=2026-01-01&since=2026-03-01", date(2026, 3, 1), None, ""),
    ],
)
def test_the_window_that_an_address_asks_for(
    query: str, since: date | None, until: date | None, variant: str
) -> None:
    window = window_of(_request({}, query=query), date(2026, 11, 22))
    assert (window.since, window.until, window.variant) == (since, until, variant)
