"""Charts as they were written and as objects: opened either way they say the same, however odd they are."""

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.errors import RequestUnreadable
from cds_service.fhir.access.opened import Opened, open_all, open_body, opened
from cds_service.fhir.access.prefetch import read_prefetch
from cds_service.fhir.access.whose import foreign_resource
from cds_service.fhir.chart_reader import read_chart
from cds_service.fhir.datatypes.references import owner
from cds_service.fhir.datatypes.sent import Resource
from tests.charts import (
    LESION,
    TODAY,
    concept,
    condition,
    observation,
    patient,
    report,
    resource,
    size,
    terms,
)
from tests.contract.planting import vignettes

Json = dict[str, Any]
ODD: tuple[object, ...] = (
    *(None, [], {}, "", "x", 0, 7.5, True, False, 10**19, ["x"], [[]], [{}]),
    *("final", "entered-in-error", {"text": "Entered in Error"}, "2026-05-20", "2026-02-30", " 2026-05-20"),
    *("Patient/p2", {"reference": "Patient/p1"}, {"reference": "Patient/p2"}, {"reference": "urn:uuid:p1"}),
    *(concept(LESION), [concept(LESION)], {"text": "liver lesion"}, 'caf\u00e9 "\\\U0001f600'),
)
MEMBERS = (
    *("resourceType", "id", "subject", "patient", "status", "verificationStatus", "modifierExtension"),
    *("code", "bodySite", "component", "contained", "valueCodeableConcept", "valueString", "category"),
    *("result", "conclusionCode", "effectiveDateTime", "meta", "type", "reaction", "description"),
)
INNER = observation("in", concept(LESION))
SOUND: tuple[Json, ...] = (
    patient(),
    condition("c1", concept(LESION), "2026-05-01"),
    condition("c2", concept(text="History of lung cancer"), "2020-05-01"),
    size("s1", 8),
    observation("o1", concept(("http://loinc.org", "2160-0", "")), "2026-04-01", valueQuantity={"value": 1}),
    report("r1", "US abdomen", conclusion="Indeterminate 9 mm lesion of the liver.", contained=[INNER]),
    report("r2", "MRI abdomen with contrast", "2026-05-22", result=[{"reference": "Observation/s1"}]),
    resource("Procedure", "p1", status="completed", code=concept(text="Cardiac pacemaker")),
    resource("AllergyIntolerance", "a1", "patient", code=concept(text="Gadolinium")),
    resource("Device", "d1", "patient", type=concept(text="Cardiac pacemaker")),
    resource("ImagingStudy", "i1", status="available", description="CT abdomen", started="2026-05-20"),
)


@st.composite
def resources(draw: st.DrawFn) -> Json:
    made = copy.deepcopy(draw(st.sampled_from(SOUND)))
    for member in draw(st.lists(st.sampled_from(MEMBERS), max_size=2)):
        made[member] = copy.deepcopy(draw(st.sampled_from(ODD)))
    return made


ENTRIES = st.one_of(
    st.builds(lambda held: {"fullUrl": "urn:uuid:1", "resource": held}, resources()),
    st.builds(lambda held: {"resource": held, "search": {"mode": "include"}}, resources()),
    st.sampled_from(ODD),
    st.builds(lambda held: {"resource": held}, st.sampled_from(ODD)),
)


def bundle(entries: object) -> Json:
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries}


BUNDLES = st.builds(bundle, st.lists(ENTRIES, max_size=6) | st.sampled_from(ODD))
NESTED = st.builds(
    lambda inner, more: bundle([{"resource": inner}, *more]), BUNDLES, st.lists(ENTRIES, max_size=2)
)
VALUES = st.one_of(
    BUNDLES, BUNDLES, NESTED, resources(), st.lists(resources(), max_size=2), st.sampled_from(ODD)
)
PREFETCHES = st.dictionaries(st.sampled_from(("conditions", "observations", "reports", "item1")), VALUES)


def read_in_full(prefetch: object) -> tuple[object, ...]:
    sets = read_prefetch(prefetch)
    named = [
        (
            *(getattr(one, mark) for mark in ("key", "state", "cut_short", "ask_again")),
            list(map(dict, one.resources)),
        )
        for one in sets.values()
    ]
    foreign = foreign_resource(prefetch, owner("p1", None))
    return named, foreign, read_chart(sets, terms(), "p1", None, TODAY)


def as_written(prefetch: Json) -> Json:
    return {name: orjson.dumps(value) for name, value in prefetch.items()}


@settings(max_examples=300, deadline=None)
@given(PREFETCHES)
def test_written_or_at_hand_a_chart_says_the_same(prefetch: Json) -> None:
    read = read_in_full(prefetch)
    assert read_in_full(as_written(prefetch)) == read
    assert read_in_full(open_all(as_written(prefetch))) == read


@pytest.mark.parametrize("number", range(0, 160, 8))
def test_written_or_at_hand_a_vignette_says_the_same(number: int) -> None:
    prefetch = vignettes()[number % len(vignettes())].get("prefetch") or {}
    assert read_in_full(as_written(prefetch)) == read_in_full(prefetch)


def test_what_nobody_asks_for_stays_as_it_was_sent() -> None:
    creatinine = concept(("http://loinc.org", "2160-0", "Creatinine"))
    mg = {"value": 1, "unit": "mg/dL"}
    needed = [
        *(patient(), condition("c1", concept(LESION))),
        observation("new", creatinine, "2026-05-20T10:00:00-05:00", valueQuantity=mg),
    ]
    other = [
        condition("c2", concept(("http://hl7.org/fhir/sid/icd-10-cm", "I10", "Hypertension"))),
        observation("o1", concept(("http://loinc.org", "8480-6", "Systolic blood pressure"))),
        observation("old", creatinine, "2024-05-20T10:00:00Z", valueQuantity=mg),
        resource("Procedure", "p1", status="completed", code=concept(text="Appendectomy")),
        resource("AllergyIntolerance", "a1", "patient", code=concept(text="Penicillin")),
        resource("MedicationRequest", "m1"),
    ]
    found = opened(orjson.dumps(bundle([{"resource": one} for one in (*needed, *other)])))
    assert isinstance(found, Opened)
    assert foreign_resource({"x": found}, owner("p1", None)) == ""
    read_chart(read_prefetch({"x": found}), terms(), "p1", None, TODAY)
    held = [one for one, _ in found.entries if isinstance(one, Resource)]
    read = [one.id for one in held if one._whole is not None]
    assert read == [one["id"] for one in needed]


@pytest.mark.parametrize("entry", [{"resource": SOUND[1]}, {}, "x"])
def test_entries_that_are_no_list_are_looked_into_for_another_patient(entry: object) -> None:
    """They are no answer to a search, but whose they are still counts."""
    given = bundle(entry)
    for value in (given, orjson.dumps(given)):
        assert opened(value) == given
        foreign = foreign_resource({"x": value}, owner("p2", None))
        assert foreign == ("Condition" if isinstance(entry, dict) and entry else "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"x"',
        b"{",
        b'{"resourceType": "Bundle", "entry": [}',
        b'{"a": "\xff"}',
        b"[" * 70 + b"]" * 70,
    ],
)
def test_what_a_server_answers_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(RequestUnreadable):
        open_body(body)


def test_a_server_may_begin_its_answer_with_a_byte_order_mark_and_break_a_character() -> None:
    sound = orjson.dumps(bundle([{"resource": {**SOUND[1], "note": "X"}}]))
    for body in (sound, b"\xef\xbb\xbf" + sound, sound.replace(b'"X"', rb'"\ud800"')):
        found = open_body(body)
        assert isinstance(found, Opened)
        assert [one.name for one, _ in found.entries if isinstance(one, Resource)] == ["Condition/c1"]
