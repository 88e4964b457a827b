"""What is written alike is read once, and from nothing but what is written alike."""

from collections.abc import Sequence
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.fhir.access.searches import NO_SEARCH, _parameters, read_search
from cds_service.fhir.chart_reader import read_chart
from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.elements import JsonObject
from cds_service.fhir.datatypes.references import owner
from cds_service.fhir.datatypes.sent import Cut, Resource
from cds_service.fhir.datatypes.sent import resource as sent
from cds_service.fhir.evidence import SAYING, sort_out
from cds_service.fhir.facts import labs
from cds_service.fhir.facts.grouping import Groups
from cds_service.guideline.chart import Measure
from tests.charts import (
    LESION,
    LOINC,
    TODAY,
    concept,
    condition,
    measure,
    observation,
    patient,
    read,
    report,
    sets,
    terms,
)
from tests.contract.planting import vignettes

CREATININE, EGFR, EGFR_OF_MEN = ("2160-0", "98979-8", "70969-1")


_Record: TypeAlias = tuple[int, frozenset[int]]


class Named(dict[str, Any]):
    """An object that refuses to be asked for what it was not made with."""

    allowed: frozenset[str] = frozenset()

    def get(self, name: str, default: Any = None) -> Any:
        assert name in self.allowed, name
        return super().get(name, default)


def test_readers_of_what_is_alike_ask_for_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member that is not cut out would look as if nobody had sent it."""
    asked: list[Named] = []

    def read_named(self: Cut, written: bytes) -> JsonObject:
        made = Named(as_before(self, written))
        made.allowed = frozenset(self._members)
        asked.append(made)
        return made

    as_before = Cut.read
    monkeypatch.setattr(Cut, "read", read_named)
    for case in vignettes()[::7]:
        resources = [one for value in case.get("prefetch", {}).values() for one in _held(value)]
        chart = read_chart(sets(resources), terms(), case["context"]["patientId"], None, TODAY)
        assert not any("could not be read" in remark for remark in chart.remarks)
    assert len(asked) > len(SAYING)


def _held(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, dict):
        return []
    if value.get("resourceType") == "Bundle":
        return [entry["resource"] for entry in value.get("entry", ())]
    return [value]


def test_what_is_written_alike_is_read_once_and_told_in_its_order() -> None:
    names = ("a", "b", "c", "d")
    words = ("one", "two", "one", "two")
    records = sort_out(
        sets([condition(n, concept(text=w)) for n, w in zip(names, words, strict=True)]), owner("p1", None)
    )
    asked: list[JsonObject] = []

    def text(said: JsonObject) -> str:
        asked.append(said)
        return str(said["code"]["text"])

    found = [(entry.sent.id, said) for entry, said in records.alike("Condition", text)]
    assert found == list(zip(names, words, strict=True))
    assert len(asked) == 2


def test_all_that_are_alike_are_unread_when_one_is() -> None:
    records = sort_out(sets([condition(name, concept(text="x")) for name in "ab"]), owner("p1", None))

    def breaks(_: JsonObject) -> str:
        raise ValueError

    assert records.alike("Condition", breaks) == []
    assert records.unread == {"Condition/a", "Condition/b"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b'{"resourceType": "Condition", "id": "a"}', "Condition/a"),
        (b'{"id": "b", "resourceType": "Condition", "id": "a"}', "Condition/a"),
        (b'{"resourceType": "Condition", "i\\u0064": "\\u0061 "}', "Condition/a"),
        (b'{"resourceType": "Condition", "id": 7}', "Condition/7"),
        (b'{"resourceType": "Condition", "id": 99999999999999999999}', "Condition"),
        (b'{"resourceType": "Condition", "id": ["a"]}', "Condition"),
        (b'{"resourceType": 7}', "7"),
        (b"{}", ""),
    ],
)
def test_a_name_is_read_from_the_text_as_from_the_object(text: bytes, name: str) -> None:
    assert Resource(text).name == sent(orjson.loads(text)).name == name


def test_a_resource_is_the_object_it_was_sent_as() -> None:
    made = condition("c1", concept(LESION))
    assert sent(made) == made == Resource(orjson.dumps(made))
    assert (len(sent(made)), list(sent(made)), sent(made)["id"]) == (len(made), list(made), "c1")
    assert sent({"id": 2**70, "code": float("inf")}).written("code") in (b"null", b"Infinity")


@given(st.text("0123456789-T:Z+. ", max_size=26) | st.datetimes().map(lambda one: one.isoformat()))
def test_a_plain_day_is_the_day_that_is_read(text: str) -> None:
    day, when = dates.plain_day(orjson.dumps(text)), dates.parse(text)
    if day:
        assert when is not None
        assert (when.exact, when.first.isoformat()) == (True, day)


@pytest.mark.parametrize("text", ["2026-05-20", "2024-02-29T23:59:59.5+14:00", "2026-05-20T10:00Z"])
def test_dates_as_most_are_written_are_plain(text: str) -> None:
    assert dates.plain_day(orjson.dumps(text)) == text[:10]


@given(st.lists(st.tuples(st.integers(0, 3), st.frozensets(st.integers(0, 9), max_size=3))))
def test_groups_are_as_if_each_were_compared_with_every_other(
    records: list[tuple[int, frozenset[int]]],
) -> None:
    def belongs(group: Sequence[_Record], record: _Record) -> bool:
        tied = any(other[1] & record[1] for other in group)
        return tied and all(abs(other[0] - record[0]) < 3 for other in group)

    slowly: list[list[_Record]] = []
    quickly: Groups[_Record] = Groups(belongs)
    for record in records:
        quickly.add(record, record[1])
        home = next((group for group in slowly if belongs(group, record)), None)
        if home is None:
            slowly.append([record])
        else:
            home.append(record)
    assert quickly.groups == slowly


DAYS = st.one_of(
    st.dates(TODAY.replace(month=5, day=25), TODAY).map(lambda day: day.isoformat()),
    st.builds(
        lambda day, hour, zone: f"2026-05-{day}T{hour:02}:30:00{zone}",
        *(st.integers(28, 31), st.integers(0, 23), st.sampled_from(("Z", "+14:00", "-11:00", ""))),
    ),
    st.sampled_from((None, "2026", "2026-05", "2026-02-30", "20260531", " 2026-05-31")),
)
LABS = st.builds(
    lambda code, day, value, status, unit: ({"value": value, "unit": unit}, code, day, status),
    *(st.sampled_from((CREATININE, EGFR, EGFR_OF_MEN)), DAYS, st.sampled_from((0.7, 1.1, 60, 90, 9999))),
    *(
        st.sampled_from(("final", "final", "unknown")),
        st.sampled_from(("mg/dL", "mL/min/{1.73_m2}", "furlong")),
    ),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(LABS, max_size=8))
def test_results_that_are_not_read_would_change_nothing(made: list[tuple[Any, str, str | None, str]]) -> None:
    given_ones = [
        observation(f"o{place}", concept((LOINC, code, "")), day, valueQuantity=value, status=status)
        for place, (value, code, day, status) in enumerate(made)
    ]

    def egfr() -> Measure:
        return measure(read(patient(), *given_ones), "egfr")

    lazily, usual = egfr(), labs.ZONES
    try:
        labs.ZONES = usual * 100_000  # so that none is too old
        assert egfr() == lazily
    finally:
        labs.ZONES = usual


@given(st.text("ab=&+%7B{}:;é", max_size=30))
def test_parameters_of_a_search_are_those_of_the_standard_library(query: str) -> None:
    assert _parameters(query) == parse_qsl(query, keep_blank_values=True)


def test_a_search_with_too_many_parameters_says_nothing_of_them() -> None:
    many = "&".join(f"a{number}=1" for number in range(201))
    assert not read_search(f"Condition?{many}&code=x").narrowed
    assert read_search("Condition?code=x").narrowed
    assert read_search(None) is NO_SEARCH


def test_a_report_that_lists_nothing_is_not_read_for_its_results() -> None:
    listing = report("r1", "US abdomen", result=[{"reference": "Observation/o1"}])
    records = sort_out(sets([listing, report("r2", "US abdomen")]), owner("p1", None))
    assert [records.listed_by(one) for one in records.of("DiagnosticReport")] == [{"Observation/o1"}, set()]
