"""The server's clock goes back or ahead: order and windows hold, no lease is lost early, and none is kept for ages.

What can't hold, docs/promise.md says under "A clock that jumps"; the tests of that are here too.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..middleware.scripted import LEASE_US, SILENCE_US, START_US, Token
from .conftest import LoggedQueue

SECOND_US = 1_000_000
ROUND_US = LEASE_US // 3
DAY_US = 86_400 * SECOND_US
JUMPS = {
    "a day back": -DAY_US,
    "an hour back": -3_600 * SECOND_US,
    "a little more than a silence back": -SILENCE_US - SECOND_US,
    "a second back": -SECOND_US,
    "a second ahead": SECOND_US,
    "as far ahead as a silence": SILENCE_US - 1,
    "a little more than a lease ahead": LEASE_US + SECOND_US,
    "an hour ahead": 3_600 * SECOND_US,
    "a day ahead": DAY_US,
}

every_jump = pytest.mark.parametrize("jump_us", JUMPS.values(), ids=JUMPS)


@pytest.fixture
def green(logged: LoggedQueue) -> Iterator[LoggedQueue]:
    """A queue whose history and structures must be in order when the test ends."""
    yield logged
    assert logged.checked().found.texts == []
    logged.audit()


def rounds(queue: LoggedQueue, count: int, *held: Token) -> list[tuple[str, str]]:
    """So many rounds of maintenance, by a worker that holds these; what was put back or given up."""
    moved = []
    for _ in range(count):
        queue.clock.forward(us=ROUND_US)
        moved += queue.reclaim()
        queue.heartbeat(*held)
    return moved


@every_jump
def test_seqs_rise_and_the_newest_job_goes_first(green: LoggedQueue, jump_us: int) -> None:
    green.send_each("a", "b")
    green.clock.forward(us=jump_us)
    green.send_each("c", "d")
    green.clock.forward(us=-jump_us)
    green.send_each("e", "f")

    seqs = [green.job(id).seq for id in "abcdef"]
    assert seqs == sorted(set(seqs))
    assert green.claimed_ids(6) == ["f", "e", "d", "c", "b", "a"]


@every_jump
def test_what_comes_back_keeps_its_place(green: LoggedQueue, jump_us: int) -> None:
    green.send_each("a", "b", "c")
    c, b, _ = green.claim(3)
    green.clock.forward(us=jump_us)
    green.settle(b, "retry")
    green.settle(c, "put_back")
    green.send("d")

    assert green.claimed_ids(3) == ["d", "c", "b"]


@every_jump
def test_a_worker_that_lives_loses_no_lease(green: LoggedQueue, jump_us: int) -> None:
    green.send("a")
    (token,) = green.claim()
    rounds(green, 1, token)
    green.clock.forward(us=jump_us)

    assert rounds(green, 8, token) == []
    assert green.settle(token) == 0


@every_jump
@pytest.mark.parametrize("comes_back", [False, True], ids=["and stays", "and is corrected"])
def test_a_dead_workers_job_comes_back_within_two_leases_and_a_round(
    green: LoggedQueue, jump_us: int, comes_back: bool
) -> None:
    green.send("a")
    green.claim()
    rounds(green, 1)
    green.clock.forward(us=jump_us)
    rounds(green, 1)
    if comes_back:
        green.clock.forward(us=-jump_us)

    assert len(rounds(green, 7)) == 1 or green.status("a") == "queued"


@every_jump
def test_a_window_never_lets_more_through_than_its_credits(green: LoggedQueue, jump_us: int) -> None:
    green.rule(batch=2)
    green.send_each(*"abcdef")
    green.open(credits=2, lasts_us=5 * SECOND_US)
    green.claim()
    green.clock.forward(us=jump_us)
    green.claim(6)
    tick_ms = green.clock.now_us // 1000
    green.open(opened_by="tick", tick_ms=tick_ms, credits=2)

    assert len(green.claim(6)) == 2


@every_jump
def test_every_tick_by_the_new_time_opens_one_window(green: LoggedQueue, jump_us: int) -> None:
    green.rule(batch=1, close_when_empty=False)
    green.send("a")
    green.open(opened_by="tick", tick_ms=green.clock.now_us // 1000)
    green.clock.forward(us=jump_us)
    if abs(jump_us) <= SECOND_US:
        green.clock.forward(us=2 * SECOND_US)  # within a second, a tick may be the last one again: it is refused
    ticks_ms = [green.clock.now_us // 1000 + n for n in range(3)]

    numbers = [green.open(opened_by="tick", tick_ms=tick_ms).number for tick_ms in ticks_ms]

    assert numbers == [2, 3, 4]


def test_a_window_closes_by_its_own_time_when_the_clock_jumps_ahead(green: LoggedQueue) -> None:
    green.rule(batch=0, close_when_empty=False)
    green.send_each("a", "b")
    window = green.open(lasts_us=5 * SECOND_US)
    green.claim()
    green.clock.forward(us=DAY_US)

    assert green.claim() == []
    closed = green.window(window)
    assert (closed.close_reason, closed.closed_at_us) == ("time", closed.closes_at_us)


def test_a_window_that_the_clock_left_behind_is_open_until_the_next_one(green: LoggedQueue) -> None:
    green.rule(batch=0, close_when_empty=False)
    green.send_each("a", "b", "c")
    window = green.open(lasts_us=5 * SECOND_US)
    green.clock.forward(us=-DAY_US)
    green.clock.forward(us=60 * SECOND_US)
    assert len(green.claim()) == 1

    green.open(opened_by="tick", tick_ms=green.clock.now_us // 1000)
    assert green.window(window).close_reason == "replaced"


def test_delayed_jobs_fall_due_at_once_when_the_clock_jumps_past_their_time(green: LoggedQueue) -> None:
    for id, delay_s in (("first", 10), ("second", 20), ("far", 2 * 86_400)):
        green.send(id, after_us=delay_s * SECOND_US)
    green.clock.forward(us=DAY_US)

    assert green.claimed_ids(5) == ["second", "first"]
    assert green.status("far") == "scheduled"


def test_delayed_jobs_wait_for_the_clock_to_come_to_their_time_again(green: LoggedQueue) -> None:
    green.send("later", after_us=10 * SECOND_US)
    green.clock.forward(us=-DAY_US)

    until_us = green.scripts.promote()
    assert until_us == DAY_US + 10 * SECOND_US
    green.clock.forward(us=until_us)
    assert green.claimed_ids(1) == ["later"]


def test_a_job_delayed_after_the_clock_was_set_back_has_a_place_by_the_new_time(green: LoggedQueue) -> None:
    green.send("before")
    green.clock.forward(us=-DAY_US)
    green.send("delayed", after_us=SECOND_US)
    green.clock.forward(us=SECOND_US)

    # It fell due last of all, but its place is a time of yesterday: until the clock has caught up, it goes behind.
    assert green.claimed_ids(2) == ["before", "delayed"]
    assert green.job("delayed").place == START_US - DAY_US + SECOND_US


@every_jump
def test_no_wait_and_no_run_is_shorter_than_nothing(green: LoggedQueue, jump_us: int) -> None:
    green.send("a")
    green.clock.forward(us=jump_us)
    (token,) = green.claim()
    green.clock.forward(us=jump_us)
    green.settle(token)

    job = green.job("a")
    assert job.wait_ms == max(0, jump_us / 1000)
    assert job.run_ms == max(0, jump_us / 1000)
