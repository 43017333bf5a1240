"""The ideal LIFO that overload is held against."""

from __future__ import annotations

from benchmarks.driver.ideal import newest_first


def test_a_job_that_finds_an_idle_worker_starts_at_once() -> None:
    assert newest_first([0, 5, 20], workers=1, service=5) == [(0, 0), (5, 5), (20, 20)]


def test_a_worker_that_becomes_free_takes_the_newest() -> None:
    assert newest_first([0, 1, 2, 3], workers=1, service=10) == [(0, 0), (3, 10), (2, 20), (1, 30)]


def test_a_job_that_arrives_as_a_worker_becomes_free_goes_before_those_that_wait() -> None:
    assert newest_first([0, 1, 10], workers=1, service=10) == [(0, 0), (10, 10), (1, 20)]


def test_at_twice_the_capacity_half_of_the_jobs_start_at_once() -> None:
    arrivals = [n * 5 for n in range(4000)]  # 200 a second, of 40 ms each, in ms

    starts = newest_first(arrivals, workers=4, service=40)

    fresh = sum(at - arrival <= 1000 for arrival, at in starts if arrival < 19_000)
    assert len(starts) == len(arrivals)
    assert 0.49 <= fresh / 3800 <= 0.51
