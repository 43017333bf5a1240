"""When a job starts, by windows and random walks alone."""

from __future__ import annotations

import math
import random
from itertools import count

import pytest

from middleware.diagnosis.forecast import MOST_WINDOWS, Opening, Outlook, Start, passage, start_of


def outlook(first: float, **more: float) -> Outlook:
    return Outlook(**{"first": first, "last": 0, "share": 0, "growth": 0, "pace": 10, **more})


def every(period_s: float, *, lasts_s: float, credits: float = math.inf, idle: int = 0) -> list[Opening]:
    ticks_s = (n * period_s for n in range(1, MOST_WINDOWS + 2))
    return [Opening(tick_s, tick_s + lasts_s, credits, idle) for tick_s in ticks_s]


def test_a_job_for_which_a_thread_is_idle_starts_when_the_window_opens() -> None:
    assert start_of(outlook(3), every(10, lasts_s=5, idle=4)) == Start(10, at_opening=True)


def test_credits_let_so_many_through_in_each_window() -> None:
    start = start_of(outlook(100), every(10, lasts_s=10, credits=20, idle=20))
    assert (start.in_s, start.windows) == (60, 5)


def test_what_arrives_meanwhile_goes_first() -> None:
    openings = every(10, lasts_s=10, credits=20, idle=20)
    assert start_of(outlook(100, growth=1), openings).in_s == pytest.approx(120, abs=10)
    assert start_of(outlook(100, growth=2.5), openings) == Start(math.inf)


def test_a_window_that_is_too_short_is_not_enough() -> None:
    start = start_of(outlook(74), every(20, lasts_s=5))
    assert start.in_s == pytest.approx(42.5, abs=0.5)


def test_a_share_reaches_the_oldest_where_the_order_never_would() -> None:
    openings = every(10, lasts_s=10, credits=20, idle=20)
    start = start_of(outlook(1000, last=9, share=0.25, growth=3), openings)
    assert (start.in_s, start.by_share) == (20, True)


def test_a_job_that_is_not_due_waits_for_the_window_after() -> None:
    assert start_of(outlook(0, joins_s=33), every(10, lasts_s=1, idle=1)).in_s == 40
    assert start_of(outlook(0, joins_s=30.5), every(10, lasts_s=1, idle=1)).in_s == 30.5


def test_a_wait_of_very_many_windows_is_extrapolated() -> None:
    assert start_of(outlook(100_000), every(1, lasts_s=1, credits=10, idle=10)).in_s == pytest.approx(10_000, rel=0.01)


def test_without_end_it_is_never_where_more_comes_than_starts() -> None:
    forever = [Opening(0, math.inf, math.inf, 0)]
    assert start_of(outlook(5, growth=20), forever) == Start(math.inf)
    assert start_of(outlook(99, growth=0), forever).in_s == pytest.approx(10, rel=0.01)
    assert start_of(outlook(0, growth=10.5), forever).in_s < 1


@pytest.mark.parametrize(("ahead", "down", "up", "in_s"), [(5, 3, 2, 6), (20, 2, 1, 20), (1, 2, 3, 10), (10, 1, 0, 10)])
def test_the_passage_is_that_of_a_random_walk(ahead: int, down: float, up: float, in_s: float) -> None:
    chance = random.Random(3)

    def comes_down() -> bool:
        left, time_s = ahead, 0.0
        for _ in count():
            time_s += chance.expovariate(down + up)
            if time_s > in_s:
                return False
            left += -1 if chance.random() < down / (down + up) else 1
            if not left:
                return True
        return False

    share = sum(comes_down() for _ in range(4000)) / 4000
    assert passage(ahead, down, up, in_s) == pytest.approx(share, abs=0.08)
