"""Jobs that leave for good: pruned in finishing order, or flushed while they wait."""

from __future__ import annotations

import pytest

from middleware.commands import keys

from ..scripted import ScriptedQueue

DAY_US = 86_400_000_000
MANY = 1_000_000


def finish(queue: ScriptedQueue, *ids: str, outcome: str = "processed") -> None:
    """Send jobs and let them end in this order, a second apart."""
    queue.send(*ids)
    tokens = dict(queue.claim(len(ids)))
    for id in ids:
        queue.clock.forward(s=1)
        queue.settle((id, tokens[id]), outcome)


def prune(queue: ScriptedQueue, *, age_us: int = DAY_US, kept: int = MANY) -> int:
    """Prune by age and count alone."""
    return queue.scripts.prune(age_us, kept, 1 << 40, 10**6)


def left(queue: ScriptedQueue) -> set[str]:
    """The ids that are still there."""
    return set(queue.client.hkeys("lastin:{default}:records"))


def test_finished_jobs_go_when_they_are_old_enough(queue: ScriptedQueue) -> None:
    finish(queue, "a", "b", "c")
    queue.clock.forward(us=DAY_US - 1_000_000)

    assert prune(queue) == 2

    assert left(queue) == {"c"}
    assert queue.broker.store.get("a") is None
    assert queue.count("pruned") == 2


def test_beyond_the_count_those_go_that_ended_first(queue: ScriptedQueue) -> None:
    queue.send("a", "b", "c")
    c, b, a = queue.claim(3)
    for token in (b, c, a):
        queue.clock.forward(s=1)
        queue.settle(token)

    assert prune(queue, kept=2) == 1
    assert left(queue) == {"a", "c"}
    assert prune(queue, kept=0) == 2
    assert left(queue) == set()


@pytest.mark.parametrize("outcome", ["processed", "rejected", "cancelled"])
def test_every_final_state_is_pruned(queue: ScriptedQueue, outcome: str) -> None:
    finish(queue, "a", outcome=outcome)

    assert prune(queue, kept=0) == 1
    assert queue.broker.store.page().jobs == []


def test_a_pruned_job_leaves_nothing_behind(queue: ScriptedQueue) -> None:
    queue.send("a")
    failure = b'{"type":"E","message":"","traceback":null}'
    queue.settle(queue.claim()[0], "retry", failure=failure)
    queue.settle(queue.claim()[0], result=b"1")

    prune(queue, kept=0)

    counted = (keys.counters, keys.pending_counts, keys.samples, keys.task_counters, keys.task_counters_before)
    of_queues = (*counted, keys.policy, keys.heartbeat)
    assert set(queue.client.keys("lastin:{default}:*")) <= {key("default") for key in of_queues}


def test_what_waits_or_runs_is_never_pruned(queue: ScriptedQueue) -> None:
    queue.send("waiting", "running")
    queue.claim()
    queue.send("scheduled", after_us=100 * DAY_US)
    queue.clock.forward(us=50 * DAY_US)

    assert prune(queue, kept=0) == 0
    assert left(queue) == {"waiting", "running", "scheduled"}


def test_one_call_prunes_a_bounded_number_and_says_that_there_is_more(queue: ScriptedQueue) -> None:
    queue.send(*(f"job-{n:03}" for n in range(450)))
    for token in queue.claim(450):
        queue.settle(token)

    assert [prune(queue, kept=0) for _ in range(4)] == [200, 200, 50, 0]


def test_an_id_that_was_pruned_may_come_again(queue: ScriptedQueue) -> None:
    finish(queue, "a")
    prune(queue, kept=0)

    queue.send("a")

    assert queue.status("a") == "queued"
    assert (queue.count("accepted"), queue.count("pruned")) == (2, 1)


def test_purging_drops_what_waits_and_leaves_what_runs_or_ended(queue: ScriptedQueue) -> None:
    finish(queue, "ended")
    queue.send("running")
    token = queue.claim()[0]
    queue.send("waiting")
    queue.send("scheduled", after_us=1_000_000)
    queue.send("due", after_us=1)
    queue.clock.forward(us=1)
    queue.scripts.promote()

    queue.broker.flush("default")

    assert left(queue) == {"ended", "running"}
    assert queue.settle(token) == 0
    assert not queue.is_rung()
    assert queue.count("pruned") == 3


def test_a_purge_is_done_in_bounded_steps(queue: ScriptedQueue) -> None:
    queue.send(*(f"job-{n:03}" for n in range(700)))
    queue.send("later", after_us=1_000_000)

    assert [queue.scripts.flush() for _ in range(4)] == [500, 200, 1, 0]


def test_purging_closes_a_window_that_ends_with_the_stack(queue: ScriptedQueue) -> None:
    queue.rule(close_when_empty=True)
    queue.send("a", "b")
    window = queue.open()
    queue.claim()

    queue.broker.flush("default")

    assert queue.window(window).close_reason == "empty"


def test_finished_jobs_go_when_they_take_too_many_bytes(queue: ScriptedQueue) -> None:
    finish(queue, *(f"job-{n}" for n in range(10)))
    kept_bytes = queue.count("finished_bytes") // 2

    assert queue.scripts.prune(DAY_US, MANY, kept_bytes, 10**6) == 5

    assert left(queue) == {f"job-{n}" for n in range(5, 10)}
    assert queue.count("finished_bytes") <= kept_bytes
    assert queue.scripts.prune(DAY_US, MANY, 0, 10**6) == 5
    assert queue.count("finished_bytes") == 0


def test_a_job_whose_message_was_removed_by_hand_leaves_no_bytes_behind(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.client.hdel(keys.messages(queue.name), "a")
    queue.settle(queue.claim()[0], "rejected", failure=b"{}" * 100)
    assert queue.count("finished_bytes") > 200

    assert queue.scripts.prune(10**15, 0, 10**9, 10**6) == 1

    assert queue.count("finished_bytes") == 0


def test_a_revived_job_counts_no_longer_as_finished_bytes(queue: ScriptedQueue) -> None:
    finish(queue, "a", outcome="rejected")
    queue.broker.retry("a")

    assert queue.count("finished_bytes") == 0


def test_a_window_that_the_pruning_itself_finds_over_is_forgotten_by_it(queue: ScriptedQueue) -> None:
    queue.rule(close_when_empty=False)
    queue.send("a")
    window = queue.open(lasts_us=1)
    queue.settle(queue.claim()[0])
    queue.clock.forward(s=10)

    queue.scripts.prune(0, 0, 0, 10**6)

    assert queue.broker.windows.get(window.id) is None
