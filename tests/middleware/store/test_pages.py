"""Lists: pages by (seq, queue), newest first, over several queues, while jobs arrive and move."""

from __future__ import annotations

from middleware.jobs import JobStatus

from ..scripted import ScriptedQueue
from ..walks import ids, walk


def test_no_jobs_are_one_empty_page(queue: ScriptedQueue) -> None:
    page = queue.broker.store.page()

    assert (page.jobs, page.next) == ([], None)


def test_the_newest_jobs_come_first_and_the_last_page_has_no_next(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b", "c")

    first = queue.broker.store.page(limit=2)
    second = queue.broker.store.page(limit=2, cursor=first.next)

    assert (ids(first.jobs), ids(second.jobs), second.next) == (["c", "b"], ["a"], None)


def test_a_page_holds_complete_jobs(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.settle(queue.claim()[0], result=b"[1]")

    assert queue.broker.store.page().jobs == [queue.job("a")]
    assert queue.job("a").result == [1]


def test_one_list_holds_the_jobs_of_all_states(queue: ScriptedQueue) -> None:
    queue.send_each("queued", "processed", "rejected", "retried", "running")
    running, retried, rejected, processed = queue.claim(4)
    queue.settle(processed)
    queue.settle(rejected, "rejected")
    queue.settle(retried, "retry", delay_us=60_000_000)
    queue.clock.forward(us=1)
    queue.send("scheduled", after_us=60_000_000)

    assert running[0] == "running"
    assert ids(walk(queue.broker.store, limit=2)) == [
        "scheduled",
        "running",
        "retried",
        "rejected",
        "processed",
        "queued",
    ]
    for status in ("queued", "processed", "rejected", "running"):
        assert ids(walk(queue.broker.store, statuses=frozenset({JobStatus(status)}), limit=1)) == [status]
    assert ids(walk(queue.broker.store, statuses=frozenset({JobStatus.SCHEDULED}), limit=1)) == ["scheduled", "retried"]


def test_jobs_that_arrive_while_somebody_pages_do_not_move_the_rest(queue: ScriptedQueue) -> None:
    queue.send_each(*(f"old-{n}" for n in range(6)))
    first = queue.broker.store.page(limit=2)

    queue.send_each("new-0", "new-1", "new-2")
    second = queue.broker.store.page(limit=2, cursor=first.next)

    assert ids(second.jobs) == ["old-3", "old-2"]


def test_a_job_that_changes_its_state_while_somebody_pages_is_seen_once(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b", "c", "d")
    first = queue.broker.store.page(limit=2)

    d, c, b = queue.claim(3)
    queue.settle(d)
    queue.settle(c, "retry")
    queue.settle(b)
    second = queue.broker.store.page(limit=2, cursor=first.next)

    assert (ids(first.jobs), ids(second.jobs)) == (["d", "c"], ["b", "a"])


def test_a_job_that_fell_due_is_listed_by_its_seq_not_by_its_place(queue: ScriptedQueue) -> None:
    queue.send("delayed", after_us=5)
    queue.clock.forward(us=1)
    queue.send_each("a", "b")
    queue.clock.forward(us=10)
    queue.scripts.promote()
    assert queue.waiting() == ["delayed", "b", "a"]

    assert ids(walk(queue.broker.store, statuses=frozenset({JobStatus.QUEUED}), limit=1)) == ["b", "a", "delayed"]
    assert ids(walk(queue.broker.store, limit=1)) == ["b", "a", "delayed"]


def test_a_job_whose_place_is_another_jobs_seq_hides_neither(queue: ScriptedQueue) -> None:
    queue.send("delayed", after_us=10)
    queue.clock.forward(us=10)
    queue.send("same score")
    queue.scripts.promote()
    queue.send_each("younger")

    assert ids(walk(queue.broker.store, limit=1)) == ["younger", "same score", "delayed"]


def test_thousands_of_jobs_that_fell_due_at_once_end_no_walk_and_hide_nobody(queue: ScriptedQueue) -> None:
    due_us = queue.clock.now_us + 1_000_000
    queue.send("oldest")
    for batch in range(5):
        queue.offer(*(f"due-{batch}-{n:03}" for n in range(900)), due=b"%d" % due_us)
    queue.clock.now_us = due_us
    queue.send("accepted at that very moment")
    while queue.scripts.promote() == 0:
        pass
    queue.send_each("newest")

    found = ids(walk(queue.broker.store, statuses=frozenset({JobStatus.QUEUED}), limit=500))

    assert len(found) == len(set(found)) == 4503
    assert (found[0], found[1], found[-1]) == ("newest", "accepted at that very moment", "oldest")


def test_pages_go_by_seq_and_then_by_queue(queues: dict[str, ScriptedQueue]) -> None:
    for name in ("beta", "gamma", "alpha"):
        queues[name].send(f"{name}-1")
    queues["alpha"].clock.forward(us=1)
    queues["beta"].send("beta-2")

    expected = ["beta-2", "gamma-1", "beta-1", "alpha-1"]
    for limit in (1, 2, 3, 4, 50):
        assert ids(walk(queues["alpha"].broker.store, limit=limit)) == expected


def test_a_list_of_one_queue_leaves_the_others_out(queues: dict[str, ScriptedQueue]) -> None:
    queues["alpha"].send("alpha-1")
    queues["beta"].send("beta-1")

    assert ids(walk(queues["alpha"].broker.store, queues="beta")) == ["beta-1"]


def test_a_job_is_found_by_its_id_in_any_queue(queues: dict[str, ScriptedQueue]) -> None:
    queues["gamma"].send("gamma-1")

    job = queues["alpha"].broker.store.get("gamma-1")

    assert job is not None
    assert job.queue == "gamma"
    assert queues["alpha"].broker.store.get("nobody") is None
    assert queues["alpha"].broker.store.get("") is None


def test_a_job_that_was_pruned_while_a_page_was_read_is_left_out(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b")
    queue.client.hdel("lastin:{default}:messages", "b")

    assert ids(walk(queue.broker.store)) == ["a"]
    assert queue.broker.store.get("b") is None
    queue.client.hset("lastin:{default}:messages", "b", queue.encoded("b").decode())
