"""Rate limits: how they are written, and when a call has to wait."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.auth.rates import RateLimit, RatesInMemory, rate_limit


@pytest.mark.parametrize(
    ("written", "limit"),
    [("50/second", RateLimit(50, 1)), ("1/minute", RateLimit(1, 60)), ("2000/hour", RateLimit(2000, 3600))],
)
def test_as_it_is_written(written: str, limit: RateLimit) -> None:
    assert rate_limit(written) == limit


@pytest.mark.parametrize(
    "written", ["", "50", "0/second", "-1/second", "50/day", "50 / second", "5e3/second", "50/seconds"]
)
def test_anything_else_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="such as 50/second"):
        rate_limit(written)


class Calls:
    """Calls of tenants at moments that the test chooses."""

    def __init__(self) -> None:
        self.now = 100.0
        self._rates = RatesInMemory(lambda: self.now)

    def wait(self, limit: RateLimit, tenant: str = "north") -> float | None:
        return asyncio.run(self._rates.admit(tenant, limit))


def test_as_many_at_once_as_the_limit_says_and_then_evenly() -> None:
    calls, limit = Calls(), RateLimit(5, 1)
    assert [calls.wait(limit) for _ in range(5)] == [None] * 5
    assert calls.wait(limit) == pytest.approx(0.2)
    calls.now += 0.2
    assert calls.wait(limit) is None
    assert calls.wait(limit) == pytest.approx(0.2)
    calls.now += 60
    assert [calls.wait(limit) for _ in range(6)][:5] == [None] * 5


def test_a_call_that_waits_is_not_counted() -> None:
    calls, limit = Calls(), RateLimit(1, 60)
    assert calls.wait(limit) is None
    assert {round(calls.wait(limit) or 0) for _ in range(100)} == {60}
    calls.now += 60
    assert calls.wait(limit) is None


def test_tenants_do_not_use_up_each_others() -> None:
    calls, limit = Calls(), RateLimit(1, 60)
    assert calls.wait(limit) is None
    assert calls.wait(limit, "south") is None
    assert calls.wait(limit) is not None


@given(st.integers(1, 20), st.sampled_from((1.0, 60.0)), st.lists(st.floats(0, 5), min_size=1, max_size=120))
def test_in_no_window_more_than_twice_the_limit(
    calls_allowed: int, per_s: float, pauses: list[float]
) -> None:
    """A full burst, and what comes evenly beside it; a caller that waits as told is let in."""
    calls, limit = Calls(), RateLimit(calls_allowed, per_s)
    passed: list[float] = []
    for pause in pauses:
        calls.now += pause
        wait = calls.wait(limit)
        if wait is not None:
            calls.now += wait
            assert calls.wait(limit) is None
        passed.append(calls.now)
    for start in passed:
        assert sum(start <= at < start + per_s for at in passed) <= 2 * calls_allowed
