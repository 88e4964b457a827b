"""References, identity, statuses, dates and malformed JSON: what may count as evidence."""

from datetime import date
from typing import Any

import pytest

from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.dates import Order, When
from cds_service.fhir.datatypes.elements import codings, number, quoted, status_words, texts, words_of
from cds_service.fhir.datatypes.references import Target, Whose, owner, parse
from cds_service.fhir.evidence import MODIFIED, NOT_OURS, ODD_STATUS, sort_out
from cds_service.fhir.records import Entry, Records
from cds_service.guideline.chart import Searched
from tests.charts import BASE, SNOMED, concept, condition, observation, patient, report, sets


def filed(*resources: dict[str, Any], base: str | None = BASE) -> Records:
    return sort_out(sets(resources), owner("p1", base))


def whose(reference: object, base: str | None = BASE) -> Whose:
    return owner("p1", base).whose({"subject": {"reference": reference}})


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("Observation/a", Target("Observation", "a")),
        ("Observation/a/_history/3", Target("Observation", "a")),
        ("https://EHR.example:443/fhir/Observation/a", Target("Observation", "a", "ehr.example/fhir")),
        ("http://ehr.example/fhir/Observation/a/_history/3", Target("Observation", "a", "ehr.example/fhir")),
        ("urn:uuid:AB-1", Target("", "ab-1")),
        ("#inner", Target("#", "inner")),
        ("Patient/e.Iw-3_x", Target("Patient", "e.Iw-3_x")),
    ],
)
def test_references_are_read_in_every_form(text: str, target: Target) -> None:
    assert parse({"reference": text}) == target


@pytest.mark.parametrize(
    "text", ["", "#", "Patient", "Patient/", "Patient?identifier=1", "p1", 7, None, {}, "x" * 3000]
)
def test_what_is_no_reference_points_nowhere(text: object) -> None:
    assert parse({"reference": text}) is None


@pytest.mark.parametrize(
    "reference",
    [
        "Patient/p1",
        "Patient/p1/_history/2",
        "https://ehr.example/fhir/Patient/p1",
        "http://EHR.example/fhir/Patient/p1/_history/2",
        "https://ehr.example:443/fhir/Patient/p1",
        "urn:uuid:p1",
    ],
)
def test_these_references_are_this_patient(reference: str) -> None:
    assert whose(reference) is Whose.OURS


@pytest.mark.parametrize(
    "reference",
    [
        "Patient/p2",
        "Patient/P1",
        "https://ehr.example/fhir/Patient/p2",
        "https://other.example/fhir/Patient/p1",
        "https://ehr.example/fhir2/Patient/p1",
        "https://ehr.example.evil.example/fhir/Patient/p1",
    ],
)
def test_these_references_are_another_patient(reference: str) -> None:
    assert whose(reference) is Whose.ANOTHER


@pytest.mark.parametrize("reference", ["", "urn:uuid:other", "#contained", "Group/p1", "p1", None, 1])
def test_these_references_are_nobody_in_particular(reference: object) -> None:
    assert whose(reference) is Whose.UNCLEAR


def test_without_a_named_server_the_id_decides() -> None:
    assert whose("https://anything.example/r4/Patient/p1", base=None) is Whose.OURS
    assert whose("https://anything.example/r4/Patient/p2", base=None) is Whose.ANOTHER


def test_the_closing_slash_of_the_base_does_not_matter() -> None:
    assert whose("https://ehr.example/fhir/Patient/p1", base="https://ehr.example/fhir/") is Whose.OURS


def test_an_identifier_alone_does_not_tell_whose_it_is() -> None:
    resource = {"subject": {"identifier": {"system": "urn:mrn", "value": "p1"}, "display": "A B"}}
    assert owner("p1", BASE).whose(resource) is Whose.UNCLEAR


def test_one_of_several_owners_is_enough_to_be_another_patient() -> None:
    resource = {"subject": {"reference": "Patient/p1"}, "patient": {"reference": "Patient/p2"}}
    assert owner("p1", BASE).whose(resource) is Whose.ANOTHER


def test_a_resource_of_another_patient_is_named_by_type_only() -> None:
    foreign = condition("c9", concept(text="x"), subject={"reference": "Patient/p2"})
    assert filed(patient(), foreign).foreign == "Condition"


def test_another_patient_resource_is_foreign() -> None:
    assert filed(patient("p2")).foreign == "Patient"
    assert filed(patient("p1")).foreign == ""


def test_another_patient_inside_a_contained_resource_is_noticed() -> None:
    inner = observation("o1", concept(text="x"), subject={"reference": "Patient/p2"})
    assert filed(report("r1", "US", contained=[inner])).foreign == "Observation"


@pytest.mark.parametrize("status", ["entered-in-error", "refuted", "Entered in Error"])
def test_a_refuted_or_mistaken_condition_is_left_out(status: str) -> None:
    for given in (status, concept(("x", status, "")), concept(text=status)):
        assert not filed(condition("c1", concept(text="x"), verificationStatus=given)).of("Condition")


@pytest.mark.parametrize(
    ("kind", "status", "counts"),
    [
        ("DiagnosticReport", "registered", False),
        ("DiagnosticReport", "cancelled", False),
        ("DiagnosticReport", "unknown", False),
        ("DiagnosticReport", "partial", True),
        ("DiagnosticReport", "preliminary", True),
        ("ImagingStudy", "registered", False),
        ("ImagingStudy", "available", True),
        ("Procedure", "not-done", False),
        ("Procedure", "preparation", False),
        ("Procedure", "completed", True),
        ("Observation", "cancelled", False),
        ("Observation", "amended", True),
        ("Device", "inactive", False),
    ],
)
def test_statuses_decide_what_counts(kind: str, status: str, counts: bool) -> None:
    made = {"resourceType": kind, "id": "x", "subject": {"reference": "Patient/p1"}, "status": status}
    assert bool(filed(made).of(kind)) is counts


def test_why_a_resource_cannot_be_relied_on() -> None:
    records = filed(
        condition("a", concept(text="x"), modifierExtension=[{"url": "http://x", "valueBoolean": True}]),
        condition("b", concept(text="x"), subject=None),
        observation("c", concept(text="x"), status="unknown"),
        condition("d", concept(text="x"), modifierExtension=[]),
    )
    doubts = {entry.name: entry.doubt for entry in records.of("Condition", "Observation")}
    assert doubts == {
        "Condition/a": MODIFIED,
        "Condition/b": NOT_OURS,
        "Observation/c": ODD_STATUS,
        "Condition/d": "",
    }


def test_of_two_versions_the_one_updated_last_counts() -> None:
    old = condition("c1", concept(text="old"), meta={"lastUpdated": "2026-01-01T08:00:00Z"})
    new = condition("c1", concept(text="new"), meta={"lastUpdated": "2026-01-01T09:30:00+01:00"})
    assert [words_of(e.raw["code"]) for e in filed(new, old).of("Condition")] == ["new"]
    by_number = [{**old, "meta": {"versionId": "10"}}, {**new, "meta": {"versionId": "9"}}]
    assert [words_of(e.raw["code"]) for e in filed(*by_number).of("Condition")] == ["old"]


def test_resources_without_an_id_are_all_kept() -> None:
    both = [{**condition("x", concept(text=text)), "id": None} for text in ("one", "two")]
    assert len(filed(*both).of("Condition")) == 2


def test_links_are_followed_by_type_and_id_by_urn_and_into_contained_resources() -> None:
    inner = {**observation("in", concept(text="x")), "subject": None}
    records = filed(observation("o1", concept(text="x")), report("r1", "US", contained=[inner]))
    (holder,) = records.of("DiagnosticReport")
    linked = {
        **holder.raw,
        "result": [{"reference": r} for r in ("Observation/o1/_history/1", "urn:uuid:O1", "#in")],
    }
    again = filed(observation("o1", concept(text="x")), {**linked, "contained": [inner]})
    (entry,) = again.of("DiagnosticReport")
    assert again.linked(entry, "result") == {"Observation/o1", "DiagnosticReport/r1#in"}


def test_how_far_the_search_went_is_as_far_as_the_poorest_set() -> None:
    records = sort_out(sets([], cut_short=["reports"], not_sent=["devices"]), owner("p1", BASE))
    assert records.searched("conditions") is Searched.COMPLETE
    assert records.searched("conditions", "reports") is Searched.CUT_SHORT
    assert records.searched("conditions", "reports", "devices") is Searched.NOT_SEARCHED


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026-05-20", date(2026, 5, 20), date(2026, 5, 20)),
        ("2026-05-20T23:30:00+0000", date(2026, 5, 20), date(2026, 5, 20)),
        ("2026-05-20T23:30:00.123-05:00", date(2026, 5, 20), date(2026, 5, 20)),
        ("2026-05-20T23:30Z", date(2026, 5, 20), date(2026, 5, 20)),
        ("20260520", date(2026, 5, 20), date(2026, 5, 20)),
    ],
)
def test_dates_of_any_precision(text: str, first: date, last: date) -> None:
    found = dates.parse(text)
    assert found is not None
    assert (found.first, found.last) == (first, last)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13", "2026-02-30", "0000", "2026-05-20T25:00:00Z", 2026.5, None, []]
)
def test_what_is_no_date_is_none(text: object) -> None:
    assert dates.parse(text) is None


def test_times_of_one_day_are_told_apart_across_zones() -> None:
    morning, evening = dates.parse("2026-05-20T08:00:00-05:00"), dates.parse("2026-05-20T13:30:00Z")
    assert dates.order_with_times(evening, morning) is Order.AFTER
    assert dates.order(evening, morning) is Order.SAME_DAY


def test_imprecise_dates_do_not_tell_unless_they_lie_apart() -> None:
    year, day = dates.parse("2026"), dates.parse("2026-05-20")
    assert dates.order(year, day) is Order.UNCLEAR
    assert dates.order(dates.parse("2025"), day) is Order.BEFORE
    assert dates.order(None, day) is Order.UNCLEAR


def test_a_date_without_a_day_is_shown_with_the_words() -> None:
    (entry,) = filed(condition("c1", concept(text="Lung cancer"))).of("Condition")
    shown = entry.evidence("Lung cancer", dates.parse("2023-05"))
    assert (shown.text, shown.day) == ("Lung cancer (2023-05)", None)
    assert entry.evidence("x", When(date(2026, 5, 20), date(2026, 5, 20))).day == date(2026, 5, 20)


@pytest.mark.parametrize(
    ("given", "found", "said"),
    [
        ({"coding": {"system": SNOMED, "code": 300331000}}, ["300331000"], []),
        ([{"coding": [{"code": "a"}, None, "b"]}, {"text": "two"}], ["a"], ["two"]),
        ({"system": SNOMED, "code": "c"}, ["c"], []),
        ("just words", [], ["just words"]),
        ({"coding": "x", "text": 5}, [], ["5"]),
        (None, [], []),
        (3.5, [], []),
    ],
)
def test_malformed_concepts_give_what_can_be_read(given: object, found: list[str], said: list[str]) -> None:
    assert [coding.code for coding in codings(given)] == found
    assert texts(given) == said


def test_words_of_a_concept_prefer_its_text() -> None:
    assert words_of(concept((SNOMED, "1", "shown"), text="said")) == "said"
    assert words_of(concept((SNOMED, "1", "shown"))) == "shown"
    assert words_of(concept((SNOMED, "1", ""))) == "1"


def test_statuses_are_read_as_code_words_or_plain_string() -> None:
    assert "entered-in-error" in status_words({"text": "Entered in Error"})
    assert "active" in status_words("Active")
    assert status_words(None) == frozenset()


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (8, 8.0),
        ("8", 8.0),
        ("0,8", 0.8),
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
        ("8 mm", None),
        (None, None),
        ([], None),
    ],
)
def test_numbers(given: object, value: float | None) -> None:
    assert number(given) == value


def test_quotes_are_one_short_line_without_control_characters() -> None:
    assert quoted("a\n\tb\x00\u202ec  d") == "a b c d"
    assert len(quoted("x" * 500)) == 120


def test_a_resource_that_breaks_its_reader_costs_only_itself() -> None:
    records = filed(condition("good", concept(text="x")), condition("bad", concept(text="y")))

    def reader(entry: Entry) -> list[str]:
        if entry.name.endswith("bad"):
            raise ValueError
        return [entry.name]

    assert list(records.read_each(("Condition",), reader)) == ["Condition/good"]
    assert records.unread == {"Condition/bad"}


def test_a_procedure_that_was_not_done_is_left_out() -> None:
    made = {"resourceType": "Procedure", "id": "x", "subject": {"reference": "Patient/p1"}, "notDone": True}
    assert not filed(made).of("Procedure")
