"""A queue at one moment."""

from __future__ import annotations

from middleware.jobs import JobStatus
from middleware.processes.registry import Registration, Threads
from middleware.queues.policy import Policy
from middleware.redis_link.link import Link

from ..scripted import START_US, ScriptedQueue

NOW_MS = START_US // 1000


def plan(queue: ScriptedQueue, next_tick_ms: int | None) -> None:
    queue.broker.windows.put_policy("default", Policy(close_when_empty=False), next_tick_ms=next_tick_ms)


def test_a_queue_that_was_never_used(queue: ScriptedQueue, gated_queue: ScriptedQueue) -> None:
    found = queue.snapshot()

    assert (found.mode, found.order, found.order_now, found.gate) == ("continuous", "lifo", "lifo", "open")
    assert (found.pause, found.window, found.next_window_at_us, found.oldest_age_us) == (None,) * 4
    assert found.counts == dict.fromkeys(JobStatus, 0)
    assert (found.accepted, found.pruned, found.policy) == (0, 0, None)
    assert (gated_queue.snapshot().mode, gated_queue.snapshot().gate) == ("windows", "closed")


def test_jobs_are_counted_in_the_state_that_they_are_in(queue: ScriptedQueue) -> None:
    queue.send("later", after_us=5_000_000)
    queue.send_each(*"abcdefg")
    tokens = queue.claim(5)
    queue.settle(tokens[0], "processed")
    queue.settle(tokens[1], "rejected")
    queue.cancel("a", "called off")
    queue.scripts.flush()
    queue.send_each("x", "y")

    counts = {status.value: count for status, count in queue.snapshot().counts.items() if count}
    assert counts == {"queued": 2, "running": 3, "scheduled": 1, "processed": 1, "rejected": 1, "cancelled": 1}
    assert (queue.snapshot().accepted, queue.snapshot().pruned) == (10, 1)


def test_the_oldest_age_is_that_of_the_lowest_place(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.clock.forward(s=2)
    queue.send("b")

    assert queue.snapshot().oldest_age_us == 2_000_000
    assert queue.snapshot().as_dict(Threads(0, 0))["oldest_age_s"] == 2.0


def test_the_open_window_is_shown_until_its_time_is_up(queue: ScriptedQueue) -> None:
    queue.rule(close_when_empty=False)
    queue.send("a")
    window = queue.open(lasts_us=1_000_000)

    assert (queue.snapshot().gate, queue.snapshot().window) == ("open", window)
    queue.clock.forward(s=1)
    assert (queue.snapshot().gate, queue.snapshot().window) == ("closed", None)


def test_the_next_window_is_when_the_cadence_says(queue: ScriptedQueue) -> None:
    plan(queue, NOW_MS + 2_000)
    assert queue.snapshot().next_window_at_us == (NOW_MS + 2_000) * 1000

    queue.clock.forward(s=2)
    queue.broker.windows.open("default", opened_by="tick", tick_ms=NOW_MS + 2_000, next_tick_ms=NOW_MS + 4_000)
    assert queue.snapshot().next_window_at_us == (NOW_MS + 4_000) * 1000

    queue.open()
    queue.rule(close_when_empty=False, batch=7)
    assert queue.snapshot().next_window_at_us == (NOW_MS + 4_000) * 1000


def test_a_tick_that_somebody_else_has_opened_shows_the_next_one_all_the_same(queue: ScriptedQueue) -> None:
    plan(queue, NOW_MS + 2_000)
    scripts = queue.scripts
    assert scripts.open_window("tick", NOW_MS, 0, 0, next_tick_ms=NOW_MS + 2_000)[0] == b"opened"
    plan(queue, NOW_MS)

    assert scripts.open_window("tick", NOW_MS, 0, 0, next_tick_ms=NOW_MS + 2_000)[0] == b"repeated"

    assert queue.snapshot().next_window_at_us == (NOW_MS + 2_000) * 1000


def test_no_window_is_next_where_none_is_planned_or_nobody_opens_them(queue: ScriptedQueue) -> None:
    plan(queue, NOW_MS + 2_000)
    plan(queue, None)
    assert queue.snapshot().next_window_at_us is None

    plan(queue, NOW_MS + 2_000)
    queue.clock.forward(s=8)
    assert queue.snapshot().next_window_at_us is None


def test_threads_are_those_of_the_workers_that_consume_the_queue(queue: ScriptedQueue, redis_url: str) -> None:
    link = Link(redis_url, timeout_s=5)
    members = [
        Registration("a", "worker", lease_us=60_000_000, queues=lambda: ["default", "mail"], threads=8),
        Registration("b", "worker", lease_us=60_000_000, queues=lambda: ["mail"], threads=4),
        Registration("c", "scheduler", lease_us=60_000_000, queues=lambda: ["default"]),
    ]
    for member in members:
        member.renew(link)
    queue.send("x")
    queue.claim(worker="a")

    described = queue.broker.control.describe("default")
    assert described is not None
    assert described["threads"] == {"total": 8, "idle": 7}

    for member in members:
        member.leave(link)
    link.close()


def test_all_queues_are_shown_by_name(queue: ScriptedQueue) -> None:
    mail = ScriptedQueue(queue.url, "mail", clock=queue.clock)
    mail.send("x")

    described = queue.broker.control.describe_all()
    assert [(one["name"], one["counts"]["queued"]) for one in described] == [("default", 0), ("mail", 1)]
    assert queue.broker.control.describe("nobody") is None
    mail.close()
