"""Intervals, kappa and suppression, against published or hand-made examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.replay.statistics import kappa, suppressed, weighted_share, wilson


@pytest.mark.parametrize(
    ("successes", "of", "low", "high"),
    [  # Newcombe, Statistics in Medicine 1998;17:857, table I, score method without continuity correction
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval(successes: int, of: int, low: float, high: float) -> None:
    share = wilson(successes, of)
    assert share is not None
    assert (round(share.low, 4), round(share.high, 4)) == (low, high)


def test_nothing_has_no_share() -> None:
    assert wilson(0, 0) is None
    assert weighted_share([]) is None


@given(st.integers(0, 50), st.integers(1, 50), st.floats(0.5, 100))
def test_equal_weights_are_none(yes: int, no: int, weight: float) -> None:
    plain = wilson(yes, yes + no)
    weighted = weighted_share([(True, weight)] * yes + [(False, weight)] * no)
    assert plain is not None
    assert weighted is not None
    assert (weighted.value, weighted.low, weighted.high) == pytest.approx(
        (plain.value, plain.low, plain.high)
    )


def test_a_case_counts_for_what_it_stands_for() -> None:
    share = weighted_share([(True, 90.0), (False, 10.0)])
    assert share is not None
    assert share.value == pytest.approx(0.9)
    assert share.of == pytest.approx(100**2 / (90**2 + 10**2))


def test_cohens_kappa() -> None:
    # Two readers of 50 proposals: 20 both yes, 15 both no, 5 and 10 apart.
    pairs = [("yes", "yes")] * 20 + [("no", "no")] * 15 + [("yes", "no")] * 5 + [("no", "yes")] * 10
    assert kappa(pairs) == pytest.approx(0.4)
    assert kappa([("yes", "yes"), ("no", "no")]) == 1
    assert kappa([("yes", "yes")] * 3) is None
    assert kappa([]) is None


def test_small_groups_are_hidden_and_cannot_be_worked_out() -> None:
    assert suppressed({"a": 100, "b": 50}, 11) == frozenset()
    assert suppressed({"a": 100, "b": 50, "c": 3}, 11) == {"c", "b"}
    assert suppressed({"a": 100, "b": 4, "c": 3}, 11) == {"c", "b"}
    assert suppressed({"a": 100, "b": 0}, 11) == frozenset()
    assert suppressed({"a": 3}, 11) == {"a"}
    assert suppressed({"a": 11, "b": 10}, 11) == {"a", "b"}
