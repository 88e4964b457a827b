"""A tenant's line to its FHIR servers: when one is left alone, and that one tenant cannot hold up another."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest
import respx

from cds_service.fhir.access.client import FetchLimits, fetch_missing, new_client
from cds_service.fhir.access.line import AT_ONCE, FAILURES, REMEMBERED, REST_S, Line
from cds_service.fhir.access.prefetch import ResourceSet, State, read_prefetch
from cds_service.hooks import FhirAccess
from tests.callers import KeyAddress, key_address

EHR = "https://ehr.example/fhir"


class Clock:
    """Stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def line(clock: Clock) -> Line:
    return Line(clock=clock)


class TestRest:
    def test_after_failures_in_a_row(self, line: Line, clock: Clock) -> None:
        for _ in range(FAILURES):
            assert line.may_try(EHR)
            line.failed(EHR)
        assert not line.may_try(EHR)
        assert line.may_try("https://other.example/fhir")
        clock.now += REST_S - 1
        assert not line.may_try(EHR)
        clock.now += 2
        assert [line.may_try(EHR) for _ in range(5)] == [True, False, False, False, False]
        line.failed(EHR)
        assert not line.may_try(EHR)
        clock.now += REST_S + 1
        assert line.may_try(EHR)
        line.answered(EHR)
        assert [line.may_try(EHR) for _ in range(5)] == [True] * 5

    def test_a_trial_that_never_ends_is_not_the_last(self, line: Line, clock: Clock) -> None:
        for _ in range(FAILURES):
            line.failed(EHR)
        for _ in range(3):
            clock.now += REST_S + 1
            assert line.may_try(EHR)

    def test_one_answer_in_between_is_enough(self, line: Line) -> None:
        for _ in range(3):
            for _ in range(FAILURES - 1):
                line.failed(EHR)
            line.answered(EHR)
        assert line.may_try(EHR)

    def test_only_so_many_servers_are_remembered(self, line: Line) -> None:
        for _ in range(FAILURES):
            line.failed(EHR)
        for number in range(REMEMBERED):
            line.failed(f"https://{number}.example")
        assert line.may_try(EHR)


def fetch(line: Line, times: int = 1, base: str = EHR, deadline_s: float = 5) -> list[ResourceSet]:
    """The problem list of some requests, one after the other."""
    wanted = FetchLimits(deadline_s, servers=(EHR,), loopback=True)

    async def run() -> list[ResourceSet]:
        async with new_client(5) as http:
            return [
                (await fetch_missing(read_prefetch({}), FhirAccess(base, "t"), "p1", http, wanted, line))[
                    "conditions"
                ]
                for _ in range(times)
            ]

    return asyncio.run(run())


class TestWhatCountsAsAnAnswer:
    @pytest.fixture
    def ehr(self) -> Iterator[respx.MockRouter]:
        with respx.mock(base_url=EHR, assert_all_called=False) as router:
            yield router

    @pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
    def test_a_server_out_of_order_is_left_alone(
        self, line: Line, ehr: respx.MockRouter, status: int
    ) -> None:
        ehr.get(url__startswith=EHR).respond(status)
        fetch(line, FAILURES)
        asked = ehr.calls.call_count
        (found,) = fetch(line)
        assert ehr.calls.call_count == asked
        assert (found.state, found.held_back) == (State.FAILED, True)

    @pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError])
    def test_nor_one_that_does_not_answer(
        self, line: Line, ehr: respx.MockRouter, error: type[Exception]
    ) -> None:
        ehr.get(url__startswith=EHR).mock(side_effect=error)
        fetch(line, FAILURES)
        assert not line.may_try(EHR)

    @pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404])
    def test_a_refusal_is_an_answer(self, line: Line, ehr: respx.MockRouter, status: int) -> None:
        ehr.get(url__startswith=EHR).respond(status, json={})
        fetch(line, 2 * FAILURES)
        assert line.may_try(EHR)

    def test_one_query_that_works_is_enough(self, line: Line, ehr: respx.MockRouter) -> None:
        ehr.get("/Condition").respond(json={"resourceType": "Bundle"})
        ehr.get(url__startswith=EHR).respond(500)
        fetch(line, 2 * FAILURES)
        assert line.may_try(EHR)

    def test_a_deadline_that_passed(self, line: Line) -> None:
        with key_address() as slow:
            slow.hold.clear()
            fetch(line, FAILURES, slow.base, deadline_s=0.05)
            assert not line.may_try(slow.base)

    def test_who_never_got_to_ask_proves_nothing(self) -> None:
        line = Line(at_once=1)

        async def run() -> None:
            limits = FetchLimits(deadline_s=0.02, servers=(EHR,))
            async with line.slots, new_client(1) as http:
                for _ in range(2 * FAILURES):
                    await fetch_missing(read_prefetch({}), FhirAccess(EHR, "t"), "p1", http, limits, line)

        asyncio.run(run())
        assert line.may_try(EHR)


def test_a_tenant_whose_server_hangs_does_not_hold_up_another() -> None:
    """More requests than the slow tenant's line takes, while the other tenant's server answers."""

    async def run(slow: KeyAddress, quick: KeyAddress) -> list[str]:
        limits = FetchLimits(deadline_s=60, loopback=True)
        async with new_client(60) as http:
            stuck = Line()
            waiting = [
                asyncio.ensure_future(
                    fetch_missing(read_prefetch({}), FhirAccess(slow.base), "p1", http, limits, stuck)
                )
                for _ in range(AT_ONCE // 4)
            ]
            await slow.until_asked(AT_ONCE)
            found = await fetch_missing(read_prefetch({}), FhirAccess(quick.base), "p1", http, limits, Line())
            for each in waiting:
                each.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            return [str(one.state) for one in found.values()]

    with key_address() as slow, key_address() as quick:
        slow.hold.clear()
        assert set(asyncio.run(run(slow, quick))) == {State.FAILED}  # its server has none of it, and says so
        assert len(slow.calls) == AT_ONCE
        assert len(quick.calls) == 8
