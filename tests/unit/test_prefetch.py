"""Prefetch as clients send it: every state of a key, content under any name, and what is not there."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.fhir.access.prefetch import (
    KEYS,
    OBSERVATION_CODES,
    TEMPLATES,
    TYPES,
    ResourceSet,
    State,
    read_prefetch,
)

Json = dict[str, Any]
EHR = "https://ehr.example/fhir"


def resource(kind: str, identity: str = "1", **members: object) -> Mapping[str, Any]:
    return {"resourceType": kind, "id": identity, **members}


def outcome(code: str = "processing", severity: str = "warning", words: str = "") -> Mapping[str, Any]:
    issue = {"severity": severity, "code": code, "details": {"text": words}}
    return resource("OperationOutcome", issue=[issue])


def bundle(*resources: object, **members: object) -> Json:
    entries = {"entry": [{"resource": each} for each in resources]} if resources else {}
    return {"resourceType": "Bundle", "type": "searchset", **entries, **members}


def link(relation: str, url: str) -> Json:
    return {"relation": relation, "url": f"{EHR}/{url}"}


def searched(url: str, *resources: object, **members: object) -> Json:
    return bundle(*resources, link=[link("self", url)], **members)


def conditions(prefetch: object) -> ResourceSet:
    return read_prefetch(prefetch)["conditions"]


CANCER, CYST = resource("Condition", "cancer"), resource("Condition", "cyst")
EMPTY = {"resourceType": "Bundle", "type": "searchset", "total": 0}


class TestTemplates:
    def test_one_for_each_key_and_in_the_order_of_the_contract(self) -> None:
        assert tuple(TEMPLATES) == KEYS == tuple(TYPES)

    @pytest.mark.parametrize("key", KEYS)
    def test_only_the_plain_subset_that_every_client_can_run(self, key: str) -> None:
        template = TEMPLATES[key]
        assert re.findall(r"\{\{(.*?)\}\}", template) == ["context.patientId"]
        path, _, query = template.partition("?")
        assert path.split("/")[0] == TYPES[key]
        names = {pair.split("=")[0] for pair in query.split("&") if pair}
        assert names <= {"patient", "code", "_count"}

    def test_observations_by_code_cover_what_the_contract_names(self) -> None:
        for code in ("21889-1", "33728-7", "33729-5", "98979-8", "2160-0", "777-3", "6301-6", "82810-3"):
            assert f"http://loinc.org|{code}" in TEMPLATES["observations"]
        assert len(set(OBSERVATION_CODES)) == len(OBSERVATION_CODES)

    @pytest.mark.parametrize("code", OBSERVATION_CODES)
    def test_codes_pass_their_check_digit(self, code: str) -> None:
        digits, check = code.split("-")
        doubled = str(int("".join(reversed(digits))[::2]) * 2)
        total = sum(map(int, doubled)) + sum(map(int, "".join(reversed(digits))[1::2]))
        assert -total % 10 == int(check)


class TestStates:
    @pytest.mark.parametrize("prefetch", [None, {}, [], "x", 7, {"other": None}])
    def test_nothing_sent(self, prefetch: object) -> None:
        sets = read_prefetch(prefetch)
        assert tuple(sets) == KEYS
        assert {each.state for each in sets.values()} == {State.NOT_SENT}

    def test_sent(self) -> None:
        found = conditions({"conditions": bundle(CANCER, CYST, total=2)})
        assert (found.state, found.resources, found.cut_short) == (State.SENT, (CANCER, CYST), False)

    @pytest.mark.parametrize("value", [None, {}, [], EMPTY, {"resourceType": "Bundle"}, bundle(entry=None)])
    def test_null_or_empty_by_our_key_is_searched_and_not_found(self, value: object) -> None:
        found = conditions({"conditions": value})
        assert (found.state, found.cut_short) == (State.EMPTY, False)

    @pytest.mark.parametrize(
        "value", ["<html>502</html>", "", 7, True, {"a": 1}, [7], bundle("junk"), bundle(None)]
    )
    def test_junk_by_our_key_has_failed_and_is_worth_asking_for(self, value: object) -> None:
        found = conditions({"conditions": value})
        assert (found.state, found.ask_again) == (State.FAILED, True)

    @pytest.mark.parametrize("value", [None, {}, "<html>", 7, EMPTY, outcome("forbidden", "error")])
    def test_any_of_that_under_another_name_says_nothing(self, value: object) -> None:
        assert conditions({"item3": value}).state is State.NOT_SENT

    @pytest.mark.parametrize(("code", "again"), [("forbidden", False), ("timeout", True)])
    def test_an_outcome_instead_of_content_has_failed(self, code: str, again: bool) -> None:
        for value in (outcome(code, "error"), bundle(outcome(code, "error"))):
            found = conditions({"conditions": value})
            assert (found.state, found.ask_again) == (State.FAILED, again)

    def test_the_wrong_kind_under_our_key_leaves_it_not_sent(self) -> None:
        sets = read_prefetch({"conditions": resource("Patient", "p1")})
        assert sets["conditions"].state is State.NOT_SENT
        assert sets["patient"].resources == (resource("Patient", "p1"),)


class TestByType:
    def test_other_keys_and_shuffled_keys_work(self) -> None:
        patient, report = resource("Patient"), resource("DiagnosticReport")
        sets = read_prefetch({"item1": patient, "reports": bundle(CANCER), "conditions": bundle(report)})
        assert sets["patient"].resources == (patient,)
        assert sets["conditions"].resources == (CANCER,)
        assert sets["reports"].resources == (report,)
        assert not any(each.cut_short for each in sets.values())

    def test_single_resources_lists_and_bundles_of_bundles(self) -> None:
        for value in (CANCER, [CANCER], bundle(bundle(CANCER)), {"response": {}, "resource": bundle(CANCER)}):
            assert conditions({"item1": value}).resources == (CANCER,)

    def test_each_search_of_a_batch_speaks_for_itself(self) -> None:
        batch = bundle(searched("Device?patient=p1"), searched("Condition?patient=p1", CANCER))
        sets = read_prefetch({"all": batch})
        assert sets["conditions"].state is State.SENT
        assert sets["devices"].state is State.EMPTY
        assert sets["allergies"].state is State.NOT_SENT

    def test_what_stands_beside_the_searches_of_a_batch_is_read(self) -> None:
        sets = read_prefetch({"all": bundle(resource("Patient"), bundle(CANCER))})
        assert (sets["patient"].state, sets["conditions"].state) == (State.SENT, State.SENT)

    def test_everything_in_one_bundle(self) -> None:
        sets = read_prefetch({"everything": bundle(resource("Patient"), CANCER, resource("Device"), CYST)})
        assert sets["conditions"].resources == (CANCER, CYST)
        assert sets["devices"].state is State.SENT
        assert sets["reports"].state is State.NOT_SENT

    def test_the_same_resource_twice_is_one_and_two_versions_are_two(self) -> None:
        newer = resource("Condition", "cancer", note="x")
        found = conditions({"a": bundle(CANCER), "b": bundle(CANCER, newer)})
        assert found.resources == (CANCER, newer)

    def test_unknown_kinds_are_left_alone(self) -> None:
        sets = read_prefetch({"meds": bundle(resource("MedicationRequest"))})
        assert {each.state for each in sets.values()} == {State.NOT_SENT}


class TestSelfLinks:
    def test_an_empty_answer_speaks_for_what_it_searched(self) -> None:
        sets = read_prefetch({"item2": searched("Condition?patient=p1", total=0)})
        assert (sets["conditions"].state, sets["conditions"].cut_short) == (State.EMPTY, False)
        assert sets["reports"].state is State.NOT_SENT

    def test_and_not_for_the_key_it_came_under(self) -> None:
        sets = read_prefetch({"conditions": searched("Device?patient=p1", total=0)})
        assert sets["conditions"].state is State.NOT_SENT
        assert sets["devices"].state is State.EMPTY

    @pytest.mark.parametrize(
        "query", ["patient={{context.patientId}}", "patient=%7B%7Bcontext.patientId%7D%7D"]
    )
    def test_a_token_left_standing_was_no_search(self, query: str) -> None:
        assert conditions({"conditions": searched(f"Condition?{query}", total=0)}).state is State.NOT_SENT

    @pytest.mark.parametrize(
        "query", ["code=44054006", "clinical-status=active", "category=encounter-diagnosis", "_id=1"]
    )
    def test_a_search_for_a_part_is_no_evidence_of_absence(self, query: str) -> None:
        url = f"Condition?patient=p1&{query}"
        for name in ("conditions", "item2"):
            found = conditions({name: searched(url, CYST)})
            assert (found.state, found.cut_short, found.ask_again) == (State.SENT, True, True)
        assert conditions({"item2": searched(url)}).state is State.NOT_SENT
        by_our_key = conditions({"conditions": searched(url)})
        assert (by_our_key.state, by_our_key.cut_short, by_our_key.ask_again) == (State.EMPTY, True, True)

    @pytest.mark.parametrize(
        "query", ["category=problem-list-item", "_count=50", "_format=json", "-pageContext=x"]
    )
    def test_a_search_that_keeps_what_counts_is_whole(self, query: str) -> None:
        assert not conditions({"item2": searched(f"Condition?patient=p1&{query}", CYST)}).cut_short

    def test_a_query_of_endless_length_is_not_read(self) -> None:
        url = "Condition?" + "&".join("patient=p1" for _ in range(300))
        assert conditions({"item2": searched(url, CYST)}).state is State.SENT

    def test_a_search_for_a_part_takes_nothing_from_a_search_for_all(self) -> None:
        part = searched("Condition?patient=p1&code=1", CYST)
        for prefetch in (
            {"a": part, "conditions": bundle(CANCER)},
            {"conditions": bundle(CANCER), "a": part},
        ):
            found = conditions(prefetch)
            assert not found.cut_short
            assert not found.ask_again
            assert CYST in found.resources

    def test_our_own_observation_search_is_whole_and_another_ones_is_not(self) -> None:
        codes = ",".join(OBSERVATION_CODES)
        egfr = resource("Observation")
        for query, cut_short in ((f"code={codes}", False), ("code=4548-4", True)):
            found = read_prefetch({"x": searched(f"Observation?patient=p1&{query}", egfr)})["observations"]
            assert found.cut_short is cut_short

    def test_what_was_included_is_evidence_but_not_all_of_its_kind(self) -> None:
        report, seen = resource("DiagnosticReport"), resource("Observation")
        value = bundle(report)
        value["entry"].append({"resource": seen, "search": {"mode": "include"}})
        sets = read_prefetch({"reports": value})
        assert not sets["reports"].cut_short
        assert (sets["observations"].resources, sets["observations"].cut_short) == ((seen,), True)


class TestIncompleteness:
    def test_more_pages(self) -> None:
        page = bundle(CANCER, link=[link("next", "Condition?page=2")])
        found = conditions({"conditions": page})
        assert (found.cut_short, found.held_back) == (True, False)
        assert found.next_url == f"{EHR}/Condition?page=2"

    @pytest.mark.parametrize(
        "remark",
        [
            outcome("suppressed"),
            outcome("incomplete"),
            outcome("processing", words="The client is not authorized for a sub-resource."),
            outcome("processing", severity="error"),
        ],
    )
    def test_a_remark_that_results_are_held_back(self, remark: Mapping[str, Any]) -> None:
        found = conditions({"conditions": bundle(CYST, remark)})
        assert (found.state, found.resources, found.cut_short) == (State.SENT, (CYST,), True)

    @pytest.mark.parametrize(
        "remark",
        [
            outcome("processing", words="Resource request returns no results."),
            outcome("not-supported", words="Unknown sort parameter 'date'; ignored"),
            outcome("informational", "information", "OK"),
        ],
    )
    def test_a_remark_of_another_kind_is_no_such_sign(self, remark: Mapping[str, Any]) -> None:
        assert not conditions({"conditions": bundle(CYST, remark)}).cut_short
        empty = conditions({"conditions": bundle(remark, total=0)})
        assert (empty.state, empty.cut_short) == (State.EMPTY, False)

    def test_nothing_found_and_results_held_back(self) -> None:
        found = conditions({"conditions": bundle(outcome("suppressed"), total=0)})
        assert (found.state, found.cut_short) == (State.EMPTY, True)

    def test_fewer_than_counted(self) -> None:
        found = conditions({"conditions": bundle(CYST, total=5)})
        assert (found.state, found.cut_short, found.ask_again) == (State.SENT, True, True)
        assert conditions({"conditions": bundle(total=5)}).state is State.NOT_SENT
        last = bundle(CYST, total=5, link=[link("previous", "Condition?page=1")])
        assert not conditions({"conditions": last}).cut_short

    @pytest.mark.parametrize("total", [True, "5", -1, None, 1.5])
    def test_a_count_that_is_none(self, total: object) -> None:
        assert not conditions({"conditions": bundle(CYST, total=total)}).cut_short

    def test_an_unreadable_entry_beside_a_good_one(self) -> None:
        found = conditions({"conditions": bundle(CYST, "junk")})
        assert (found.state, found.resources, found.cut_short) == (State.SENT, (CYST,), True)

    def test_our_key_failed_and_content_came_under_another(self) -> None:
        found = conditions({"conditions": outcome("timeout", "error"), "item2": bundle(CYST)})
        assert (found.state, found.resources, found.cut_short) == (State.SENT, (CYST,), True)

    def test_two_unfinished_answers_cannot_both_be_followed(self) -> None:
        pages = {name: bundle(CYST, link=[link("next", f"Condition?{name}")]) for name in ("a", "b")}
        found = conditions(pages)
        assert (found.cut_short, found.held_back) == (True, True)


SCRAPS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 5)
    | st.sampled_from(
        [
            "Bundle",
            "Condition",
            "OperationOutcome",
            "next",
            "self",
            "include",
            "error",
            "",
            f"{EHR}/Condition?a=%7B%7B",
        ]
    )
)
MEMBERS = st.sampled_from(
    [
        "resourceType",
        "id",
        "entry",
        "resource",
        "link",
        "relation",
        "url",
        "total",
        "search",
        "mode",
        "issue",
        "code",
    ]
)
MESS = st.recursive(
    SCRAPS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=4),
    max_leaves=25,
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from([*KEYS, "item1"]), MESS, max_size=3))
def test_no_mess_is_too_much(prefetch: Json) -> None:
    sets = read_prefetch(prefetch)
    assert tuple(sets) == KEYS
    for found in sets.values():
        assert all(each["resourceType"] == TYPES[found.key] for each in found.resources)
        assert bool(found.resources) == (found.state is State.SENT)
        assert found.cut_short or not found.next_url


def test_many_resources_without_ids_are_read_in_time_linear_in_their_number() -> None:
    many = bundle(*({"resourceType": "Condition", "n": n} for n in range(50_000)))
    assert len(conditions({"conditions": many}).resources) == 50_000


@pytest.mark.parametrize("code", [[], {}, 1, None, "junk"])
def test_an_issue_with_any_code_is_read(code: object) -> None:
    """A server may send there what cannot be looked up in a set."""
    failed = resource("OperationOutcome", issue=[{"severity": "error", "code": code}])
    assert read_prefetch({"conditions": failed})["conditions"].state is State.FAILED
