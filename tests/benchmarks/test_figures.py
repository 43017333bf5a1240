"""The arithmetic of results."""

from __future__ import annotations

import pytest

from benchmarks.driver.figures import at_least, at_most, percentile, shown, spread


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)], ids=["median", "p99", "largest", "smallest"]
)
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(share: float, expected: float) -> None:
    assert percentile(range(100, 0, -1), share) == expected


def test_a_percentile_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="got none"):
        percentile([], 0.5)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (8285.3, "8,285"),
        (0.01234, "0.0123"),
        (1.5, "1.5"),
        (25_000.0, "25,000"),
        (99.96, "100"),
        (0, "0"),
        (-3.456, "-3.46"),
    ],
)
def test_numbers_are_shown_with_three_digits(value: float, text: str) -> None:
    assert shown(value) == text


def test_a_spread_shows_the_median_and_the_range_of_several_rounds() -> None:
    assert spread([3, 1, 2]) == "2 (1–3)"
    assert spread([2]) == "2"
    assert spread([2.0001, 2.0002]) == "2"


def test_a_bound_is_kept_from_above_or_from_below() -> None:
    assert at_most(5).is_kept(5)
    assert not at_most(5).is_kept(5.1)
    assert at_least(2.5).is_kept(2.5)
    assert not at_least(2.5).is_kept(2.4)


def test_the_hardest_to_stand_beside_is_the_largest_from_below_and_the_smallest_from_above() -> None:
    assert at_least(2, "a", "b").best([1, 3]) == 3
    assert at_most(2, "a", "b").best([1, 3]) == 1


def test_a_bound_reads_as_a_sentence() -> None:
    assert str(at_least(2500)) == "≥ 2,500"
    assert str(at_most(1.5, "rq")) == "≤ 1.5 ×"
