"""Why a job isn't running, or ended as it did, and when it may start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dramatiq
import pytest

from middleware.diagnosis.why import Explanation, explain
from middleware.processes.registry import Registration

from ..scripted import WORKER, ScriptedQueue


@pytest.fixture
def queue(queue: ScriptedQueue) -> Iterator[ScriptedQueue]:
    """A continuous queue with one live worker of two threads, which is called as those who claim are."""
    with_worker(queue)
    return queue


def with_worker(queue: ScriptedQueue, threads: int = 2) -> None:
    link = queue.broker.redis.new_link()
    Registration(WORKER, "worker", lease_us=600_000_000, queues=lambda: [queue.name], threads=threads).renew(link)
    link.close()


def why(queue: ScriptedQueue, id: str) -> Explanation:
    explanation = explain(id, queue.broker)
    assert explanation is not None
    return explanation


def causes(queue: ScriptedQueue, id: str) -> dict[str, dict[str, Any]]:
    """The data of each cause, by its code."""
    return {cause.code: cause.data for cause in why(queue, id).causes}


def starts_in(queue: ScriptedQueue, id: str) -> tuple[float | None, str]:
    estimate = why(queue, id).estimate
    assert estimate is not None
    return estimate.starts_in_s, estimate.because


def flow(queue: ScriptedQueue, *, seconds: int, arrive: int, start: int) -> None:
    """Let so many jobs come and be processed each second."""
    for second in range(seconds):
        queue.clock.forward(s=1)
        queue.send(*(f"flow-{second}-{n}" for n in range(arrive)))
        for token in queue.claim(start):
            queue.settle(token)


def test_nothing_is_in_the_way_of_the_top_job(queue: ScriptedQueue) -> None:
    queue.send("a")

    assert list(causes(queue, "a")) == ["next"]
    assert starts_in(queue, "a") == (0.0, "2 threads are idle: it starts at once.")


def test_newer_jobs_go_first(queue: ScriptedQueue) -> None:
    queue.send_each(*"abcd")
    queue.rule(mode="continuous")

    assert causes(queue, "a")["others_first"] == {"before": 3, "order": "lifo", "above": 3, "below": 0}
    assert "others_first" not in causes(queue, "d")


def test_in_fifo_order_older_jobs_go_first(queue: ScriptedQueue) -> None:
    queue.send_each(*"abcd")
    queue.rule(mode="continuous", order="fifo")

    assert causes(queue, "d")["others_first"] == {"before": 3, "order": "fifo", "above": 0, "below": 3}
    assert "others_first" not in causes(queue, "a")


def test_no_scheduler_has_put_a_policy_in_force(gated_queue: ScriptedQueue) -> None:
    gated_queue.send("a")

    assert list(causes(gated_queue, "a"))[:2] == ["no_policy", "no_worker"]
    assert starts_in(gated_queue, "a")[0] is None


def test_a_pause_is_shown_with_who_and_why(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.broker.control.pause("default", by="ops", reason="the provider is down")

    data = causes(queue, "a")["paused"]

    assert (data["by"], data["reason"]) == ("ops", "the provider is down")
    assert starts_in(queue, "a")[0] is None


def test_no_window_is_open_until_the_next_tick(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.rule()
    assert causes(queue, "a")["window_closed"] == {"next_window_at": None}
    assert starts_in(queue, "a") == (None, "It starts when a window opens, and none is planned.")

    next_ms = queue.clock.now_us // 1000 + 8000
    queue.broker.windows.put_policy("default", queue.snapshot().policy, next_tick_ms=next_ms)  # type: ignore[arg-type]

    assert causes(queue, "a")["window_closed"]["next_window_at"] is not None
    assert starts_in(queue, "a") == (pytest.approx(8, abs=0.01), "The next window opens then.")


def test_the_credits_of_the_window_are_used_by_those_above(queue: ScriptedQueue) -> None:
    queue.rule(close_when_empty=False)
    queue.send_each(*"abcd")
    window = queue.open(credits=2)
    queue.claim(1)

    assert causes(queue, "a")["credits"] == {"window": window.id, "credits": 2, "left": 1, "closes_at": None}
    assert "credits" not in causes(queue, "c")


def test_no_worker_lives(redis_url: str) -> None:
    lonely = ScriptedQueue(redis_url)
    lonely.send("a")

    assert list(causes(lonely, "a")) == ["no_worker"]
    assert starts_in(lonely, "a")[0] is None
    lonely.close()


def test_all_threads_are_busy(queue: ScriptedQueue) -> None:
    queue.send_each(*"abc")
    queue.claim(2)

    assert causes(queue, "a")["threads_busy"] == {"total": 2, "idle": 0}


def test_a_job_that_runs_is_shown_with_its_worker_and_progress(queue: ScriptedQueue) -> None:
    queue.send("a")
    [token] = queue.claim()
    queue.scripts.progress(token, b'{"share":0.4,"note":"half"}')

    data = causes(queue, "a")

    assert list(data) == ["running"]
    assert (data["running"]["worker"], data["running"]["progress"]) == (WORKER, {"share": 0.4, "note": "half"})
    assert why(queue, "a").estimate is None


def test_a_job_whose_worker_is_silent_says_so_and_when_it_comes_back(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.claim(worker="dead")

    assert causes(queue, "a")["worker_silent"]["lease_ends_at"] is not None


def test_a_job_that_runs_beyond_its_time_limit_says_so(queue: ScriptedQueue) -> None:
    dramatiq.actor(lambda: None, actor_name="task", broker=queue.broker, time_limit=500)
    queue.send("a")
    queue.claim()
    queue.clock.forward(ms=499)
    assert list(causes(queue, "a")) == ["running"]

    queue.clock.forward(ms=201)

    data = causes(queue, "a")["over_time_limit"]
    assert (data["time_limit_s"], data["run_s"]) == (0.5, 0.7)


def test_a_running_job_that_was_asked_to_stop_says_why(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.claim()
    queue.broker.cancel("a", reason="withdrawn")

    assert causes(queue, "a")["cancel_requested"] == {"reason": "withdrawn"}


def test_a_delay_and_a_backoff_are_shown_apart(queue: ScriptedQueue) -> None:
    queue.send("later", after_us=60_000_000)
    queue.send("fails")
    failure = b'{"type":"OSError","message":"no route","traceback":null}'
    queue.settle(queue.claim()[0], "retry", delay_us=30_000_000, failure=failure)

    assert list(causes(queue, "later")) == ["delayed"]
    assert starts_in(queue, "later")[0] == pytest.approx(60, abs=0.01)
    backoff = causes(queue, "fails")["backoff"]
    assert (backoff["attempts"], backoff["error"]["type"]) == (1, "OSError")
    assert starts_in(queue, "fails") == (pytest.approx(30, abs=0.01), "It isn't due before then.")


def test_lost_workers_are_counted(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.claim()
    queue.lose_leases()

    assert causes(queue, "a")["worker_lost"] == {"lost": 1}


@pytest.mark.parametrize(
    ("outcome", "reason", "code"),
    [("rejected", "failed", "failed"), ("rejected", "odd", "rejected"), ("processed", "", "processed")],
)
def test_an_end_is_shown_with_its_reason(queue: ScriptedQueue, outcome: str, reason: str, code: str) -> None:
    queue.send("a")
    failure = b'{"type":"OSError","message":"no route","traceback":null}' if reason else b""
    queue.settle(queue.claim()[0], outcome, reason=reason, failure=failure)

    [cause] = why(queue, "a").causes

    assert (cause.code, cause.data["attempts"]) == (code, 1)
    assert ("no route" in cause.message) == (outcome == "rejected")


def test_a_job_that_lost_its_workers_too_often_says_so(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.claim()
    queue.lose_leases(crash_limit=1)

    assert list(causes(queue, "a")) == ["worker_lost"]


def test_a_cancelled_job_says_why(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.broker.cancel("a", reason="withdrawn")

    assert causes(queue, "a")["cancelled"]["reason"] == "withdrawn"


def test_where_more_arrive_than_start_an_old_job_may_never_start(queue: ScriptedQueue) -> None:
    queue.send("old")
    flow(queue, seconds=200, arrive=3, start=2)
    queue.claim(2)

    starts_in_s, because = starts_in(queue, "old")

    assert starts_in_s is None
    assert because.startswith("It may never start at this rate: 3.0 jobs a second arrive and 2.0 start")


def test_a_minute_is_too_little_to_say_that_it_may_never_start(queue: ScriptedQueue) -> None:
    queue.send("old")
    flow(queue, seconds=60, arrive=3, start=2)
    queue.claim(2)

    starts_in_s, because = starts_in(queue, "old")

    assert starts_in_s is None
    assert because == (
        "It isn't known yet: in the 60 s so far 3.0 jobs a second arrive and 2.0 start, and newer ones go first."
    )


def test_the_top_job_starts_when_the_next_window_opens_whatever_the_rates_are(queue: ScriptedQueue) -> None:
    queue.rule(batch=10, period_us=10_000_000)
    for n in range(12):
        queue.clock.forward(s=25)
        queue.send(f"before-{n}")
        queue.open(credits=1)
        queue.settle(queue.claim()[0])
    queue.clock.forward(s=6)
    queue.send_each("a", "b", "top")
    next_ms = queue.clock.now_us // 1000 + 4000
    queue.broker.windows.put_policy("default", queue.snapshot().policy, next_tick_ms=next_ms)  # type: ignore[arg-type]

    assert [starts_in(queue, id) for id in ("a", "top")] == [(pytest.approx(4), "The next window opens then.")] * 2


def test_a_job_that_the_credits_of_the_next_windows_are_not_for_starts_in_a_later_one(queue: ScriptedQueue) -> None:
    queue.rule(batch=2, period_us=10_000_000)
    queue.send("once")
    queue.open(credits=1)
    queue.settle(queue.claim()[0])
    queue.clock.forward(s=60)
    queue.send_each(*"abcde")
    next_ms = queue.clock.now_us // 1000 + 4000
    queue.broker.windows.put_policy("default", queue.snapshot().policy, next_tick_ms=next_ms)  # type: ignore[arg-type]

    starts_in_s, because = starts_in(queue, "a")

    assert starts_in_s == pytest.approx(24, abs=0.1)
    assert because.startswith("4 newer jobs go first;")
    assert because.endswith("its turn comes in window 3 from now.")


def test_a_delayed_job_starts_in_the_window_after_it_falls_due(queue: ScriptedQueue) -> None:
    queue.rule(batch=100, period_us=60_000_000, close_when_empty=True)
    queue.send("once")
    queue.open(credits=1)
    queue.settle(queue.claim()[0])
    queue.send("later", after_us=90_000_000)
    next_ms = queue.clock.now_us // 1000 + 10_000
    queue.broker.windows.put_policy("default", queue.snapshot().policy, next_tick_ms=next_ms)  # type: ignore[arg-type]

    assert starts_in(queue, "later")[0] == pytest.approx(130, abs=0.1)


def test_where_more_start_than_arrive_the_stack_drains_at_the_difference(queue: ScriptedQueue) -> None:
    queue.send("old")
    queue.send(*(f"newer-{n}" for n in range(400)))
    queue.clock.forward(s=20)
    flow(queue, seconds=310, arrive=1, start=2)
    queue.claim(2)

    starts_in_s, because = starts_in(queue, "old")

    assert starts_in_s == pytest.approx(90, rel=0.1)
    assert "newer jobs go first" in because


def test_in_fifo_order_arrivals_do_not_matter(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", order="fifo")
    flow(queue, seconds=60, arrive=3, start=2)
    queue.send("last")
    queue.claim(2)

    assert starts_in(queue, "last")[0] == pytest.approx(29.5, rel=0.1)


def test_a_share_for_the_oldest_reaches_an_old_job_all_the_same(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", oldest_share_ppm=100_000)
    flow(queue, seconds=60, arrive=3, start=2)
    queue.claim(2)
    oldest = queue.waiting()[-1]

    starts_in_s, because = starts_in(queue, oldest)

    assert starts_in_s == pytest.approx(5, rel=0.1)
    assert because.startswith("10.0% of the claims go to the oldest, and 0 jobs are older")


def test_where_nothing_has_started_nobody_can_tell(queue: ScriptedQueue) -> None:
    queue.send_each(*"abcdef")
    queue.claim(2)
    queue.clock.forward(s=600)

    starts_in_s, because = starts_in(queue, "a")

    assert starts_in_s is None
    assert because == "3 go first, and none has started in the last 5 minutes."


def test_there_is_nothing_to_explain_of_a_job_that_is_not_there(queue: ScriptedQueue) -> None:
    assert explain("nobody", queue.broker) is None


def test_ticks_that_come_in_uneven_steps_are_gone_through_as_the_cadence_has_them(queue: ScriptedQueue) -> None:
    queue.rule(batch=2, lasts_us=5_000_000)
    queue.send("once")
    queue.open(credits=1)
    queue.settle(queue.claim()[0])
    queue.clock.forward(s=600)
    queue.send_each(*"abcde")
    now_ms = queue.clock.now_us // 1000
    queue.broker.windows.put_policy(
        "default",
        queue.snapshot().policy,  # type: ignore[arg-type]
        next_tick_ms=now_ms + 4000,
        later_ticks_ms=[now_ms + 7000, now_ms + 3_000_000, now_ms + 3_010_000],
    )

    assert [starts_in(queue, id)[0] for id in "eca"] == [pytest.approx(at_s, abs=0.1) for at_s in (4, 7, 3000)]


def test_a_job_that_would_start_after_its_deadline_expires_before(queue: ScriptedQueue) -> None:
    queue.rule(mode="windows")
    next_ms = queue.clock.now_us // 1000 + 60_000
    queue.broker.windows.put_policy("default", queue.snapshot().policy, next_tick_ms=next_ms)  # type: ignore[arg-type]
    queue.send("good", expires_in_us=90_000_000)
    queue.send("late", expires_in_us=30_000_000)

    assert starts_in(queue, "good")[0] == pytest.approx(60, abs=1)
    seconds, because = starts_in(queue, "late")
    assert (seconds, because[:43]) == (None, "It expires before: it would start in about ")
    assert causes(queue, "late")["deadline"] == {"expires_at": "2023-11-14T22:13:50.000000Z", "left_s": 30.0}


def test_an_expired_job_tells_its_deadline(queue: ScriptedQueue) -> None:
    queue.send("a", expires_in_us=5_000_000)
    queue.clock.forward(s=6)
    queue.scripts.promote()

    assert causes(queue, "a")["expired"]["expires_at"] == "2023-11-14T22:13:25.000000Z"
    [cause] = why(queue, "a").causes
    assert cause.message == "Its deadline passed at 2023-11-14T22:13:25.000000Z before a worker claimed it."


def test_a_job_that_ran_and_expired_before_its_next_attempt_says_again(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous")
    queue.send("a", expires_in_us=5_000_000)
    queue.settle(queue.claim()[0], "retry", delay_us=60_000_000)
    queue.clock.forward(s=6)
    queue.scripts.promote()

    [cause] = why(queue, "a").causes
    assert (cause.code, cause.data["attempts"]) == ("expired", 1)
    assert cause.message.endswith(" before a worker claimed it again.")


def test_as_many_of_the_queue_run_as_may(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", max_running=1)
    queue.send_each("a", "b")
    queue.claim()

    found = causes(queue, "a")

    assert found["queue_full"] == {"running": 1, "max_running": 1}
    assert "next" not in found


def test_as_many_of_its_group_run_as_may(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", max_running_per_group=1)
    queue.send_of("customer-7", "a", "b")
    queue.send_of("customer-8", "c")
    queue.claim(2)

    assert causes(queue, "a")["group_full"] == {"group": "customer-7", "running": 1, "max_running_per_group": 1}
    assert "other groups" in starts_in(queue, "a")[1]


def test_the_turns_of_groups_come_first(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", share_by_group=True)
    queue.send_of("calm", "a", "b")
    queue.send_of("loud", "c", "d", "e")
    queue.claim()

    of_loud, of_calm, none = causes(queue, "c"), causes(queue, "b"), queue.send("f") and causes(queue, "f")
    assert of_loud["turns"] == {"group": "loud", "groups": 2, "had_turn": True}
    assert of_loud["others_first"]["before"] == 1
    assert of_calm["turns"] == {"group": "calm", "groups": 2, "had_turn": False}
    assert "others_first" not in of_calm
    assert none["turns"] == {"group": None, "groups": 3, "had_turn": False}
