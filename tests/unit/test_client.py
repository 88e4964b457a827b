"""Fetching from a FHIR server: what is asked, where the token may go, and every way an answer can fail."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx
import pytest
import respx

from cds_service.fhir.access.client import FetchLimits, fetch_missing, new_client
from cds_service.fhir.access.prefetch import KEYS, ResourceSet, State, read_prefetch
from cds_service.fhir.access.scopes import Reach, reach
from cds_service.fhir.access.servers import may_query, within
from cds_service.hooks import FhirAccess

Json = dict[str, Any]
Sets = dict[str, ResourceSet]
EHR = "https://ehr.example/fhir"
ACCESS = FhirAccess(EHR, token="t0ken")
LIMITS = FetchLimits(deadline_s=5, servers=(EHR,))
CANCER: Mapping[str, Any] = {"resourceType": "Condition", "id": "cancer"}
CYST: Mapping[str, Any] = {"resourceType": "Condition", "id": "cyst"}


@pytest.fixture
def ehr() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=EHR, assert_all_called=False) as router:
        yield router


def bundle(*resources: Mapping[str, Any], after: str | None = None, **members: object) -> Json:
    links = {"link": [{"relation": "next", "url": after}]} if after else {}
    entries = [{"resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries, **links, **members}


def everything_but(*keys: str) -> Json:
    return {key: None for key in KEYS if key not in keys}


def fetch(
    prefetch: object, access: FhirAccess | None = ACCESS, limits: FetchLimits = LIMITS, patient: str = "p1"
) -> Sets:
    async def run() -> Sets:
        async with new_client(5) as http:
            return dict(await fetch_missing(read_prefetch(prefetch), access, patient, http, limits))

    return asyncio.run(run())


def fetch_conditions(**options: Any) -> ResourceSet:
    return fetch(everything_but("conditions"), **options)["conditions"]


class TestWhatIsAsked:
    def test_only_what_was_not_sent_and_with_the_token(self, ehr: respx.MockRouter) -> None:
        route = ehr.get("/Condition", params={"patient": "p1"}).respond(json=bundle(CANCER))
        found = fetch_conditions()
        assert (found.state, found.resources, found.cut_short) == (State.SENT, (CANCER,), False)
        assert ehr.calls.call_count == 1
        headers = route.calls.last.request.headers
        assert headers["Authorization"] == "Bearer t0ken"
        assert headers["Accept"] == "application/fhir+json"
        assert headers["Accept-Encoding"] == "identity"

    def test_without_a_token_the_server_is_asked_without_one(self, ehr: respx.MockRouter) -> None:
        route = ehr.get("/Condition").respond(json=bundle())
        assert fetch_conditions(access=FhirAccess(EHR)).state is State.EMPTY
        assert "Authorization" not in route.calls.last.request.headers

    def test_everything_at_once_when_nothing_was_sent(self, ehr: respx.MockRouter) -> None:
        ehr.get("/Patient/p1").respond(json={"resourceType": "Patient", "id": "p1"})
        ehr.get(url__regex=rf"{EHR}/\w+\?.*").respond(json=bundle())
        sets = fetch(None)
        assert sets["patient"].state is State.SENT
        assert {sets[key].state for key in KEYS[1:]} == {State.EMPTY}
        asked = [call.request.url.path.removeprefix("/fhir/").split("/")[0] for call in ehr.calls]
        assert sorted(asked) == sorted(set(asked))
        assert len(asked) == len(KEYS)

    @respx.mock
    def test_nothing_when_all_was_sent_or_there_is_no_server(self) -> None:
        everything = everything_but()
        assert fetch(everything) == dict(read_prefetch(everything))
        assert fetch(None, access=None) == dict(read_prefetch(None))

    def test_the_id_of_the_patient_cannot_leave_its_place(self, ehr: respx.MockRouter) -> None:
        route = ehr.get(url__startswith=EHR).respond(json={"resourceType": "Patient", "id": "x"})
        fetch(everything_but("patient"), patient="a/b?c=d&e f")
        assert route.calls.last.request.url.raw_path == b"/fhir/Patient/a%2Fb%3Fc%3Dd%26e%20f"
        for sly in ("..", ".", "../Condition", "x/../../admin"):
            assert fetch(everything_but("patient"), patient=sly)["patient"].state is not State.SENT
        assert route.call_count == 1

    def test_a_failed_prefetch_is_asked_for_again_only_where_that_may_help(
        self, ehr: respx.MockRouter
    ) -> None:
        ehr.get(url__startswith=EHR).respond(json=bundle())
        denied = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]}
        fetch({**everything_but(), "devices": denied})
        assert ehr.calls.call_count == 0
        assert fetch({**everything_but(), "devices": "<html>"})["devices"].state is State.EMPTY
        assert fetch({**everything_but(), "conditions": denied})["conditions"].state is State.EMPTY
        assert ehr.calls.call_count == 2

    def test_a_search_for_a_part_is_made_whole(self, ehr: respx.MockRouter) -> None:
        part = bundle(CYST, link=[{"relation": "self", "url": f"{EHR}/Condition?patient=p1&code=1"}])
        route = ehr.get("/Condition").respond(json=bundle(CANCER, CYST))
        found = fetch({**everything_but(), "conditions": part})["conditions"]
        assert (found.resources, found.cut_short) == ((CYST, CANCER), False)
        route.respond(500)
        kept = fetch({**everything_but(), "conditions": part})["conditions"]
        assert (kept.state, kept.resources, kept.cut_short) == (State.SENT, (CYST,), True)

    def test_cookies_are_not_kept_from_one_request_to_the_next(self) -> None:
        async def run() -> list[httpx.Request]:
            async with new_client(5) as http:
                with respx.mock(base_url=EHR, assert_all_called=False) as ehr:
                    ehr.get("/Condition").respond(json=bundle(), headers={"Set-Cookie": "session=1; Path=/"})
                    for _ in range(2):
                        sets = read_prefetch(everything_but("conditions"))
                        await fetch_missing(sets, ACCESS, "p1", http, LIMITS)
                    return [call.request for call in ehr.calls]

        assert all("Cookie" not in request.headers for request in asyncio.run(run()))


class TestPaging:
    def test_pages_are_followed_with_the_token(self, ehr: respx.MockRouter) -> None:
        ehr.get("/Condition", params={"patient": "p1"}).respond(json=bundle(CANCER, after=f"{EHR}?page=2"))
        second = ehr.get(f"{EHR}?page=2").respond(json=bundle(CYST, total=2))
        found = fetch_conditions()
        assert (found.resources, found.cut_short, found.next_url) == ((CANCER, CYST), False, None)
        assert second.calls.last.request.headers["Authorization"] == "Bearer t0ken"

    @pytest.mark.parametrize(("total", "cut_short"), [(2, False), (5, True)])
    def test_pages_that_end_before_the_total_are_no_whole(
        self, ehr: respx.MockRouter, total: int, cut_short: bool
    ) -> None:
        """Sent or fetched: an empty last page does not make up for what the server counted."""
        ehr.get("/Condition", params={"page": "2"}).respond(json=bundle(CYST))
        first = bundle(CANCER, after=f"{EHR}/Condition?page=2", total=total)
        sent = fetch({**everything_but("conditions"), "conditions": first})["conditions"]
        assert sent.cut_short is cut_short
        ehr.get("/Condition", params={"patient": "p1"}).respond(json=first)
        assert fetch_conditions().cut_short is cut_short

    def test_pages_of_what_was_sent_are_followed_too(self, ehr: respx.MockRouter) -> None:
        ehr.get("/Condition", params={"page": "2"}).respond(json=bundle(CYST))
        sent = bundle(CANCER, after="Condition?page=2")  # relative, as HTTP allows
        found = fetch({**everything_but(), "conditions": sent})["conditions"]
        assert (found.resources, found.cut_short) == ((CANCER, CYST), False)
        assert ehr.calls.call_count == 1

    def test_results_held_back_on_the_sent_page_stay_held_back(self, ehr: respx.MockRouter) -> None:
        ehr.get("/Condition").respond(json=bundle(CYST))
        remark = {
            "resourceType": "OperationOutcome",
            "issue": [{"severity": "warning", "code": "suppressed"}],
        }
        sent = bundle(CANCER, remark, after=f"{EHR}/Condition?page=2")
        assert fetch({**everything_but(), "conditions": sent})["conditions"].cut_short

    @respx.mock
    @pytest.mark.parametrize(
        "after",
        [
            "https://evil.example/fhir/Condition?page=2",
            "https://ehr.example.evil.test/fhir/Condition?page=2",
            "https://ehr.example@evil.test/fhir/Condition?page=2",
            "http://ehr.example/fhir/Condition?page=2",
            "https://ehr.example:8443/fhir/Condition?page=2",
            "https://ehr.example/fhir2/Condition?page=2",
            "https://ehr.example/fhir/../admin?page=2",
            "https://ehr.example/fhir/%2e%2e/admin?page=2",
            "//evil.example/fhir/Condition?page=2",
            "file:///etc/passwd",
            "https://ehr.example:port/fhir",
            "https://[",
        ],
    )
    def test_a_page_elsewhere_is_not_followed(self, after: str) -> None:
        respx.get(f"{EHR}/Condition", params={"patient": "p1"}).respond(json=bundle(CANCER, after=after))
        found = fetch_conditions()
        assert (found.state, found.resources, found.cut_short) == (State.SENT, (CANCER,), True)
        assert respx.calls.call_count == 1

    def test_a_circle_ends(self, ehr: respx.MockRouter) -> None:
        ehr.get("/Condition").respond(json=bundle(CANCER, after=f"{EHR}/Condition?patient=p1"))
        assert fetch_conditions().cut_short
        assert ehr.calls.call_count == 1

    def test_so_does_a_chain_without_end(self, ehr: respx.MockRouter) -> None:
        pages = iter(range(1000))
        ehr.get("/Condition").mock(
            side_effect=lambda _: httpx.Response(
                200, json=bundle(CANCER, after=f"{EHR}/Condition?page={next(pages)}")
            )
        )
        found = fetch_conditions(limits=FetchLimits(deadline_s=5, pages=7, servers=(EHR,)))
        assert (ehr.calls.call_count, found.resources, found.cut_short) == (7, (CANCER,), True)

    @pytest.mark.parametrize(
        "fault", [httpx.Response(500), httpx.Response(200, text="junk"), httpx.ReadTimeout("")]
    )
    def test_pages_before_a_fault_are_kept(
        self, ehr: respx.MockRouter, fault: httpx.Response | Exception
    ) -> None:
        ehr.get("/Condition", params={"patient": "p1"}).respond(
            json=bundle(CANCER, after=f"{EHR}/Condition?page=2")
        )
        ehr.get("/Condition", params={"page": "2"}).mock(side_effect=[fault])
        found = fetch_conditions()
        assert (found.state, found.resources, found.cut_short) == (State.SENT, (CANCER,), True)


class TestFaults:
    @pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 400, 401, 403, 404, 429, 500, 503])
    def test_any_status_but_200(self, ehr: respx.MockRouter, status: int) -> None:
        ehr.get("/Condition").respond(status, headers={"Location": f"{EHR}/Device"}, json=bundle(CANCER))
        found = fetch_conditions()
        assert (found.state, found.resources) == (State.FAILED, ())
        assert ehr.calls.call_count == 1

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html>",
            b"[]",
            b"null",
            b'{"resourceType": "Patient"}',
            b"\xff\xfe",
            b'{"resourceType": NaN}',
            b"[" * 5000 + b"]" * 5000,
            b'{"resourceType": "Bundle", "x": ' + b"[" * 1000 + b"]" * 1000 + b"}",
            b'{"resourceType": "OperationOutcome"}',
            b'{"resourceType": ["Bundle"]}',
        ],
    )
    def test_any_body_that_is_no_answer(self, ehr: respx.MockRouter, body: bytes) -> None:
        ehr.get("/Condition").respond(content=body)
        assert fetch_conditions().state is State.FAILED

    def test_half_a_character_costs_that_character(self, ehr: respx.MockRouter) -> None:
        body = json.dumps(bundle({**CANCER, "note": [{"text": "\ud800"}]})).encode()
        ehr.get("/Condition").respond(content=b"\xef\xbb\xbf" + body)
        assert fetch_conditions().resources[0]["note"] == [{"text": "\ufffd"}]

    @pytest.mark.parametrize(
        "fault", [httpx.ConnectError(""), httpx.ReadError(""), httpx.RemoteProtocolError("")]
    )
    def test_any_fault_of_the_line(self, ehr: respx.MockRouter, fault: Exception) -> None:
        ehr.get("/Condition").mock(side_effect=fault)
        assert fetch_conditions().state is State.FAILED

    def test_one_fault_costs_its_own_set_only(self, ehr: respx.MockRouter) -> None:
        ehr.get("/Condition").respond(json=bundle(CANCER))
        ehr.get("/Device").respond(403)
        sets = fetch(everything_but("conditions", "devices"))
        assert (sets["conditions"].state, sets["devices"].state) == (State.SENT, State.FAILED)

    def test_a_compressed_body_is_refused(self, ehr: respx.MockRouter) -> None:
        bomb = gzip.compress(b" " * 1_000_000)
        ehr.get("/Condition").respond(content=bomb, headers={"Content-Encoding": "gzip"})
        assert fetch_conditions().state is State.FAILED

    def test_a_body_that_is_too_long_is_not_read_to_its_end(self, ehr: respx.MockRouter) -> None:
        read = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal read
            while True:
                read += 1000
                yield b" " * 1000

        ehr.get("/Condition").mock(return_value=httpx.Response(200, content=endless()))
        limits = FetchLimits(deadline_s=5, page_bytes=10_000, servers=(EHR,))
        assert fetch_conditions(limits=limits).state is State.FAILED
        assert read <= 12_000

    def test_all_answers_together_have_a_limit(self, ehr: respx.MockRouter) -> None:
        ehr.get(url__startswith=EHR).respond(json=bundle(text=" " * 3000))
        limits = FetchLimits(deadline_s=5, total_bytes=10_000, servers=(EHR,))
        sets = fetch(everything_but(*KEYS[1:]), limits=limits)
        states = [sets[key].state for key in KEYS[1:]]
        assert states.count(State.EMPTY) == 3
        assert states.count(State.FAILED) == 4

    def test_a_slow_set_costs_the_deadline_and_not_the_others(self, ehr: respx.MockRouter) -> None:
        async def slow(_: httpx.Request) -> httpx.Response:
            await asyncio.sleep(30)
            return httpx.Response(200, json=bundle())

        ehr.get("/Condition", params={"patient": "p1"}).respond(
            json=bundle(CANCER, after=f"{EHR}/Condition?page=2")
        )
        ehr.get("/Condition", params={"page": "2"}).mock(side_effect=slow)
        ehr.get("/Device").mock(side_effect=slow)
        ehr.get("/Procedure").respond(json=bundle())
        limits = FetchLimits(deadline_s=0.3, servers=(EHR,))
        sets = fetch(everything_but("conditions", "devices", "procedures"), limits=limits)
        assert (sets["conditions"].resources, sets["conditions"].cut_short) == ((CANCER,), True)
        assert sets["devices"].state is State.FAILED
        assert sets["procedures"].state is State.EMPTY

    def test_a_caller_that_gives_up_is_not_held(self) -> None:
        async def slow(_: httpx.Request) -> httpx.Response:
            await asyncio.sleep(30)
            return httpx.Response(200)

        async def run() -> None:
            with respx.mock(base_url=EHR, assert_all_called=False) as ehr:
                ehr.get("/Condition").mock(side_effect=slow)
                async with new_client(5) as http:
                    sets = read_prefetch(everything_but("conditions"))
                    with pytest.raises(TimeoutError):
                        async with asyncio.timeout(0.2):
                            await fetch_missing(sets, ACCESS, "p1", http, LIMITS)

        asyncio.run(run())


class TestWhereTheTokenMayGo:
    @pytest.mark.parametrize(
        "base", [EHR, f"{EHR}/", "https://EHR.example/fhir", "https://ehr.example:443/fhir"]
    )
    def test_a_configured_server(self, base: str) -> None:
        assert may_query(base, (EHR,), loopback=False)

    @pytest.mark.parametrize(
        "base",
        [
            "https://ehr.example",
            "https://ehr.example/fhir2",
            "https://ehr.example/fhir/sub",
            "https://ehr.example.evil.test/fhir",
            "https://ehr.example@evil.test/fhir",
            "https://user:pass@ehr.example/fhir",
            "https://ehr.example:8443/fhir",
            "http://ehr.example/fhir",
            "https://ehr.example/fhir?x=1",
            "https://ehr.example/fhir#x",
            "ftp://ehr.example/fhir",
            "http://169.254.169.254/latest",
            "https://[",
            "https://ehr.example:port/fhir",
            "",
            "ehr.example/fhir",
        ],
    )
    def test_no_other(self, base: str) -> None:
        assert not may_query(base, (EHR,), loopback=True)

    @pytest.mark.parametrize(
        "base", ["http://localhost:8080/fhir", "http://127.0.0.1/r4", "http://[::1]:1/fhir"]
    )
    def test_this_machine_where_that_is_allowed(self, base: str) -> None:
        assert may_query(base, (), loopback=True)
        assert not may_query(base, (), loopback=False)

    @pytest.mark.parametrize(
        "base",
        [
            "http://localhost.evil.test/fhir",
            "http://127.0.0.1.evil.test/",
            "http://0.0.0.0/",
            "http://10.0.0.1",
        ],
    )
    def test_what_only_looks_like_it(self, base: str) -> None:
        assert not may_query(base, (), loopback=True)

    @respx.mock
    def test_a_server_that_may_not_be_asked_is_not_contacted(self) -> None:
        sets = fetch(None, access=FhirAccess("http://169.254.169.254/latest", token="t0ken"))
        assert {each.state for each in sets.values()} == {State.NOT_SENT}
        assert respx.calls.call_count == 0

    def test_links_within_the_base(self) -> None:
        assert str(within("?page=2", EHR)) == f"{EHR}/?page=2"
        assert str(within(f"{EHR}?_getpages=1", EHR)) == f"{EHR}?_getpages=1"


class TestScopes:
    @pytest.mark.parametrize(
        ("scope", "reached"),
        [
            (None, Reach.ALL),
            ("", Reach.ALL),
            ("launch openid fhirUser", Reach.ALL),
            ("patient/Condition.read", Reach.ALL),
            ("user/*.read launch", Reach.ALL),
            ("user/*.*", Reach.ALL),
            ("system/Condition.rs", Reach.ALL),
            ("patient/*.cruds", Reach.ALL),
            ("patient/Condition.s", Reach.ALL),
            ("Condition.Read (Problems) (R4)", Reach.ALL),
            ("patient/Observation.read Condition.Read (Problems) (R4)", Reach.ALL),
            ("patient/Observation.read", Reach.NONE),
            ("patient/Observation.read launch/patient", Reach.NONE),
            ("patient/Condition.write", Reach.NONE),
            ("patient/Condition.r", Reach.NONE),
            ("patient/Condition.c", Reach.NONE),
            ("patient/Condition.rs?category=encounter-diagnosis", Reach.PART),
            ("patient/Condition.rs?category=http://x|problem-list-item", Reach.ALL),
            ("patient/Condition.rs?category=encounter-diagnosis patient/Condition.rs", Reach.ALL),
        ],
    )
    def test_searching_conditions(self, scope: str | None, reached: Reach) -> None:
        assert reach(scope, "Condition", search=True) is reached

    def test_reading_a_patient(self) -> None:
        assert reach("patient/Patient.r", "Patient", search=False) is Reach.ALL
        assert reach("patient/Patient.s", "Patient", search=False) is Reach.NONE

    def test_what_the_scope_does_not_cover_is_not_asked_for(self, ehr: respx.MockRouter) -> None:
        ehr.get("/Device").respond(json=bundle())
        access = FhirAccess(EHR, token="t0ken", scope="patient/Device.read")
        sets = fetch(everything_but("conditions", "devices"), access=access)
        assert (sets["conditions"].state, sets["devices"].state) == (State.NOT_SENT, State.EMPTY)
        assert ehr.calls.call_count == 1

    def test_a_filtered_scope_is_no_search_of_everything(self, ehr: respx.MockRouter) -> None:
        ehr.get("/Condition").respond(json=bundle(CYST))
        access = FhirAccess(EHR, token="t0ken", scope="patient/Condition.rs?category=encounter-diagnosis")
        assert fetch_conditions(access=access).cut_short
