"""Windows: ticks, credits, every reason to close, and counts that add up."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from middleware.errors import WindowRefusedError
from middleware.windows import Policy, Window

from .scripted import START_US, ScriptedQueue

TICK_MS = START_US // 1000


def test_a_window_lets_through_its_credits_and_not_one_more(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a", "b", "c", "d", "e")
    window = queue.open(credits=3)

    assert queue.claimed_ids(2) == ["e", "d"]
    assert queue.claimed_ids(2) == ["c"]
    assert queue.claimed_ids(2) == []

    closed = queue.window(window)
    assert (closed.claimed, closed.credits, closed.close_reason) == (3, 3, "credits")
    assert (closed.left_waiting, closed.closed_at_us) == (2, queue.clock.now_us)


def test_credits_are_never_given_back(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a", "b", "c")
    window = queue.open(credits=2)
    c, b = queue.claim(2)
    queue.settle(c, "retry")
    queue.settle(b, "put_back")

    assert queue.claim() == []
    assert queue.window(window).claimed == 2


def test_a_window_without_bound_ends_when_the_stack_is_empty(queue: ScriptedQueue) -> None:
    queue.rule(close_when_empty=True)
    queue.send("a", "b")
    window = queue.open()
    assert queue.window(window).credits is None

    queue.claim(10)

    closed = queue.window(window)
    assert (closed.close_reason, closed.left_waiting, closed.oldest_wait_us) == ("empty", 0, None)


def test_a_window_that_stays_open_takes_what_comes_later(queue: ScriptedQueue) -> None:
    queue.rule(close_when_empty=False)
    window = queue.open()
    assert queue.claim() == []

    queue.send("a")

    assert queue.is_rung()
    assert queue.claimed_ids() == ["a"]
    assert queue.window(window).is_open


def test_time_closes_a_window_at_the_planned_moment_whenever_it_is_noticed(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a", "b")
    window = queue.open(lasts_us=1_000_000)
    queue.claim()

    queue.clock.forward(us=999_999)
    assert queue.window(window).is_open
    queue.clock.forward(s=5)
    assert queue.claim() == []

    closed = queue.window(window)
    assert (closed.close_reason, closed.closed_at_us) == ("time", START_US + 1_000_000)
    assert (closed.left_waiting, closed.oldest_wait_us) == (1, 1_000_000)


@pytest.mark.parametrize("end", ["made continuous", "last job cancelled", "purged"])
def test_a_window_whose_time_was_up_keeps_that_end_whatever_happens_later(queue: ScriptedQueue, end: str) -> None:
    queue.rule(close_when_empty=True)
    queue.send("a", "b")
    window = queue.open(lasts_us=1_000_000)
    queue.claim()
    queue.clock.forward(s=5)

    match end:
        case "made continuous":
            queue.rule(mode="continuous")
        case "last job cancelled":
            queue.scripts.cancel("a", "called off")
        case "purged":
            queue.scripts.purge()

    closed = queue.window(window)
    assert (closed.close_reason, closed.closed_at_us) == ("time", START_US + 1_000_000)


def test_a_time_that_is_up_closes_a_window_for_whoever_reads_it(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a", "b")
    queue.open(lasts_us=1_000_000)
    queue.claim()
    queue.clock.forward(s=1)

    (window,) = queue.broker.windows.history("default")
    assert (window.close_reason, window.is_open) == ("time", False)


def test_the_next_window_replaces_an_open_one(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a", "b", "c")
    first = queue.open(credits=5)
    queue.claim()

    queue.clock.forward(s=1)
    second = queue.open(credits=1)
    queue.claim(3)

    replaced = queue.window(first)
    assert (replaced.close_reason, replaced.closed_at_us, replaced.claimed) == ("replaced", START_US + 1_000_000, 1)
    assert queue.window(second).claimed == 1


def test_an_operator_closes_a_window(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a", "b")
    window = queue.open()
    queue.claim()

    closed = queue.broker.windows.close(window.id)

    assert closed is not None
    assert (closed.close_reason, closed.left_waiting) == ("operator", 1)
    assert queue.claim() == []


def test_closing_a_window_again_changes_nothing(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a", "b")
    window = queue.open(credits=1)
    queue.claim()

    queue.clock.forward(s=1)
    again = queue.broker.windows.close(window.id)

    assert again is not None
    assert (again.close_reason, again.closed_at_us) == ("credits", START_US)


def test_a_window_that_was_never_there_cannot_be_closed(queue: ScriptedQueue) -> None:
    assert queue.broker.windows.close("default.7") is None
    assert queue.broker.windows.close("no window") is None


def test_making_a_queue_continuous_ends_its_window(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a", "b")
    window = queue.open(credits=1_000)
    queue.claim()

    queue.rule(mode="continuous")

    assert queue.window(window).close_reason == "replaced"
    assert queue.claimed_ids() == ["a"]
    assert queue.job("a").window is None


def test_a_window_keeps_the_rule_that_it_was_opened_with(queue: ScriptedQueue) -> None:
    queue.rule(order="fifo")
    queue.send("a", "b", "c")
    window = queue.open(credits=2)

    queue.rule(order="lifo", oldest_share_ppm=500_000)
    assert queue.claimed_ids(2) == ["a", "b"]
    assert (queue.window(window).order, queue.window(window).oldest_share_ppm) == ("fifo", 0)


def test_a_window_over_an_empty_stack_comes_back_closed_and_is_not_kept(queue: ScriptedQueue) -> None:
    queue.rule(close_when_empty=True)

    window = queue.open(credits=10)

    assert (window.is_open, window.close_reason) == (False, "empty")
    assert queue.broker.windows.get(window.id) is None
    assert queue.count("windows_unused") == 1


def test_jobs_that_fall_due_belong_to_the_window_that_opens_then(queue: ScriptedQueue) -> None:
    queue.rule(close_when_empty=True)
    queue.send("later", after_us=1_000)
    queue.clock.forward(us=1_000)

    window = queue.open()

    assert window.is_open
    assert queue.claimed_ids() == ["later"]


def test_opening_wakes_a_consumer(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a")
    assert not queue.is_rung()

    queue.open()

    assert queue.is_rung()


def test_a_tick_opens_one_window_however_often_it_is_asked(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a", "b")
    queue.open(opened_by="tick", tick_ms=TICK_MS)

    for repeated in (TICK_MS, TICK_MS - 2000):
        with pytest.raises(WindowRefusedError, match="isn't later than the last one"):
            queue.open(opened_by="tick", tick_ms=repeated)
    assert [w.tick_ms for w in queue.broker.windows.history("default")] == [TICK_MS]


def test_a_tick_of_an_empty_stack_is_used_up_too(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.open(opened_by="tick", tick_ms=TICK_MS)
    queue.send("a")

    with pytest.raises(WindowRefusedError):
        queue.open(opened_by="tick", tick_ms=TICK_MS)


def test_a_tick_more_than_a_second_ahead_is_refused(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a")

    with pytest.raises(WindowRefusedError, match="more than a second ahead"):
        queue.open(opened_by="tick", tick_ms=TICK_MS + 1001)
    assert queue.open(opened_by="tick", tick_ms=TICK_MS + 1000).is_open


def test_without_a_policy_or_in_a_continuous_queue_no_window_opens(queue: ScriptedQueue) -> None:
    with pytest.raises(WindowRefusedError, match="no policy"):
        queue.open()
    queue.rule(mode="continuous")
    with pytest.raises(WindowRefusedError, match="continuous"):
        queue.open()


def test_a_policy_that_is_in_force_already_changes_nothing(queue: ScriptedQueue) -> None:
    policy = Policy(oldest_share_ppm=100_000, batch=7)

    assert queue.broker.windows.put_policy("default", policy)
    assert not queue.broker.windows.put_policy("default", policy)
    assert queue.broker.windows.policy("default") == policy


def test_every_outcome_is_counted_in_the_window_of_its_claim(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send(*"abcdef")
    window = queue.open()
    f, e, d, c, b, _ = queue.claim(6)
    queue.open()

    queue.settle(f)
    queue.settle(e, "rejected")
    queue.settle(d, "retry", delay_us=5)
    queue.settle(c, "put_back")
    queue.settle(b, "cancelled")

    counted = queue.window(window)
    assert (counted.claimed, counted.running) == (6, 1)
    assert (counted.processed, counted.rejected, counted.retried) == (1, 1, 1)
    assert (counted.put_back, counted.cancelled) == (1, 1)


def test_a_lost_lease_counts_as_put_back_and_a_lost_worker_as_rejected(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a")
    first = queue.open()
    queue.claim()
    queue.lose_leases(crash_limit=2)
    second = queue.open()
    queue.claim()
    queue.lose_leases(crash_limit=2)

    assert (queue.window(first).put_back, queue.window(first).running) == (1, 0)
    assert (queue.window(second).rejected, queue.window(second).running) == (1, 0)


def test_a_job_tells_the_window_of_its_last_claim(queue: ScriptedQueue) -> None:
    queue.rule()
    queue.send("a")
    queue.open()
    queue.settle(queue.claim()[0], "retry")
    second = queue.open()
    queue.claim()

    assert queue.job("a").window == second.id


def test_first_and_last_claim_are_noted(queue: ScriptedQueue) -> None:
    queue.rule(close_when_empty=False)
    queue.send("a", "b")
    window = queue.open()
    queue.clock.forward(us=5)
    queue.claim()
    queue.clock.forward(us=5)
    queue.claim()

    noted = queue.window(window)
    assert (noted.first_claim_at_us, noted.last_claim_at_us) == (START_US + 5, START_US + 10)


def test_the_history_is_newest_first_and_pages_by_number(queue: ScriptedQueue) -> None:
    queue.rule(close_when_empty=False)
    for n in range(5):
        queue.send(f"job-{n}")
        queue.open(credits=1)
        queue.claim()

    newest = queue.broker.windows.history("default", limit=2)
    older = queue.broker.windows.history("default", limit=2, before=newest[-1].number)

    assert [w.number for w in newest + older] == [5, 4, 3, 2]


ACTIONS = st.lists(
    st.sampled_from(["send", "claim", "claim 3", "processed", "retry", "delayed", "put_back", "lose", "open", "time"]),
    max_size=40,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=ACTIONS, credits=st.integers(0, 4), close_when_empty=st.booleans())
def test_whatever_happens_windows_add_up_and_never_overrun(
    queue: ScriptedQueue, actions: list[str], credits: int, close_when_empty: bool
) -> None:
    queue.client.flushall()
    queue.rule(close_when_empty=close_when_empty)
    running: list[tuple[str, int]] = []
    for n, action in enumerate(actions):
        queue.clock.forward(ms=3)
        match action:
            case "send":
                queue.send(f"job-{n}")
            case "open":
                assert isinstance(queue.open(credits=credits, lasts_us=20_000), Window)
            case "claim" | "claim 3":
                running += queue.claim(3 if action == "claim 3" else 1)
            case "time":
                queue.clock.forward(ms=9)
            case "lose":
                queue.lose_leases()
            case "delayed" if running:
                queue.settle(running.pop(0), "retry", delay_us=10_000)
            case "processed" | "retry" | "put_back" if running:
                queue.settle(running.pop(0), action)
        queue.audit()
