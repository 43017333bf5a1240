"""How long jobs run in a simulation."""

from __future__ import annotations

import pytest

from scheduler.backtest.arrivals import Arrival, Arrivals
from scheduler.backtest.run_times import percentile, read_run_time
from scheduler.errors import ArrivalsError

RECORDED = Arrivals.of([Arrival(n, None, run_us) for n, run_us in enumerate([10, None, 30, 20, 40])])


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("5ms", [5000] * 5),
        ("0ms", [0] * 5),
        ("recorded", [10, 20, 30, 20, 40]),
        ("p50", [20] * 5),
        ("p99", [40] * 5),
        ("p100", [40] * 5),
    ],
)
def test_a_run_time_is_fixed_recorded_or_a_percentile(text: str, runs: list[int]) -> None:
    run_time = read_run_time(text)
    run_us = run_time.of(RECORDED)

    assert [run_us(job) for job in range(5)] == runs
    assert read_run_time(str(run_time)) == run_time


@pytest.mark.parametrize("text", ["", "fast", "p0", "p101", "50", "-1s"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration such as 50ms, recorded, or p1 to p100"):
        read_run_time(text)


def test_without_any_recorded_time_one_must_be_given() -> None:
    for text in ("recorded", "p90"):
        with pytest.raises(ArrivalsError, match="say so, such as --run-time 50ms"):
            read_run_time(text).of(Arrivals.of([Arrival(1)]))


def test_percentiles_are_by_nearest_rank() -> None:
    assert [percentile([1, 2, 3, 4], p) for p in (1, 25, 26, 50, 75, 99, 100)] == [1, 1, 2, 2, 3, 4, 4]
