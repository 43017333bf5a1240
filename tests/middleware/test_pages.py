"""Lists: pages by (seq, queue), newest first, over several queues, while jobs arrive and move."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from middleware.jobs import Job, JobStatus
from middleware.scripts import Offer
from middleware.store.filters import JobFilter
from middleware.store.reading import JobStore

from .scripted import START_US, Clock, ScriptedQueue


@pytest.fixture
def queues(redis_url: str) -> Iterator[dict[str, ScriptedQueue]]:
    """Three queues on one clock."""
    clock = Clock()
    three = {name: ScriptedQueue(redis_url, name, clock=clock) for name in ("alpha", "beta", "gamma")}
    yield three
    for queue in three.values():
        queue.audit()
        queue.close()


def walk(store: JobStore, limit: int = 50, **where: Any) -> list[Job]:
    """All jobs that fit, page by page."""
    wanted = JobFilter(**where)
    jobs: list[Job] = []
    cursor = None
    for _ in range(500):
        page = store.page(wanted, limit=limit, cursor=cursor)
        jobs += page.jobs
        if page.next is None:
            return jobs
        assert page.next != cursor, "the next page is this one again"
        cursor = page.next
    raise AssertionError("the walk has no end")


def ids(jobs: list[Job]) -> list[str]:
    """Only the ids."""
    return [job.id for job in jobs]


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

    assert ids(walk(queues["alpha"].broker.store, queue="beta")) == ["beta-1"]


def test_a_job_is_found_by_its_id_in_any_queue(queues: dict[str, ScriptedQueue]) -> None:
    queues["gamma"].send("gamma-1")

    job = queues["alpha"].broker.store.get("gamma-1")

    assert job is not None
    assert job.queue == "gamma"
    assert queues["alpha"].broker.store.get("nobody") is None
    assert queues["alpha"].broker.store.get("") is None


def test_a_narrow_filter_finds_what_lies_deep_and_tells_the_end(queue: ScriptedQueue) -> None:
    queue.scripts.accept([Offer("needle", "rare", queue.encoded("needle"))])
    for batch in range(6):
        queue.send(*(f"hay-{batch}-{n:03}" for n in range(900)))

    page = queue.broker.store.page(JobFilter(task="rare"), limit=2)

    assert (ids(page.jobs), page.next) == (["needle"], None)


def test_one_call_looks_at_no_more_than_its_budget(queue: ScriptedQueue) -> None:
    for batch in range(6):
        queue.send(*(f"hay-{batch}-{n:03}" for n in range(900)))

    below, rows = queue.scripts.page(None, 50, ["stack", "displaced"], task="rare")

    assert rows == []
    assert below is not None
    assert START_US + 5400 - 2200 < below < START_US + 5400 - 1900


def test_a_walk_with_a_filter_sees_exactly_what_fits(queue: ScriptedQueue) -> None:
    tasks = ["send", "count", "rest"]
    for n in range(60):
        queue.clock.forward(us=n % 3)
        due = b"+2" if n % 4 == 0 else b""
        queue.scripts.accept([Offer(f"job-{n:02}", tasks[n % 3], queue.encoded(f"job-{n:02}"), due)])
        if n % 5 == 0:
            for token in queue.claim(2):
                queue.settle(token)
    every = walk(queue.broker.store)
    low, high = every[50].seq, every[5].seq

    for limit, status, task in itertools.product((1, 7, 60), (None, *JobStatus), (None, "count")):
        statuses = None if status is None else frozenset({status})
        found = walk(
            queue.broker.store, limit, statuses=statuses, task=task, created_after_us=low, created_before_us=high
        )

        assert found == [
            job for job in every if low < job.seq < high and task in (None, job.task) and status in (None, job.status)
        ]


def test_a_job_that_was_pruned_while_a_page_was_read_is_left_out(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b")
    queue.client.hdel("lastin:{default}:messages", "b")

    assert ids(walk(queue.broker.store)) == ["a"]
    assert queue.broker.store.get("b") is None
    queue.client.hset("lastin:{default}:messages", "b", "x")


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["alpha", "beta", "gamma"]),
        st.sampled_from(["send", "batch", "delay", "same due", "claim", "processed", "retry", "later", "wait"]),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=MOVES, during=MOVES, limit=st.integers(1, 9), pages_between=st.integers(1, 3))
def test_a_walk_sees_each_job_that_was_there_once_and_in_order(
    queues: dict[str, ScriptedQueue],
    before: list[tuple[str, str]],
    during: list[tuple[str, str]],
    limit: int,
    pages_between: int,
) -> None:
    next(iter(queues.values())).client.flushall()
    for queue in queues.values():
        queue.client.sadd("lastin:queues", queue.name)
    mover = _Mover(queues)
    mover.run(before)
    there = mover.sent.copy()
    store = queues["alpha"].broker.store

    seen: list[Job] = []
    cursor = None
    moves = iter(during)
    while True:
        page = store.page(limit=limit, cursor=cursor)
        seen += page.jobs
        if page.next is None:
            break
        assert page.next != cursor
        cursor = page.next
        mover.run([move for move, _ in zip(moves, range(pages_between), strict=False)])

    order = [(job.seq, job.queue) for job in seen]
    assert order == sorted(order, reverse=True)
    assert len(order) == len(set(order))
    assert there <= {job.id for job in seen}


class _Mover:
    """Moves jobs about; ids are numbered."""

    def __init__(self, queues: dict[str, ScriptedQueue]) -> None:
        self.sent: set[str] = set()
        self._queues = queues
        self._running: dict[str, list[tuple[str, int]]] = {name: [] for name in queues}
        self._same_due_us = next(iter(queues.values())).clock.now_us + 30

    def run(self, moves: list[tuple[str, str]]) -> None:
        for name, move in moves:
            self._make(self._queues[name], self._running[name], move)

    def _make(self, queue: ScriptedQueue, running: list[tuple[str, int]], move: str) -> None:
        match move:
            case "send":
                queue.send(*self._new(1))
            case "batch":
                queue.send(*self._new(4))
            case "delay":
                queue.send(*self._new(1), after_us=7)
            case "same due":
                queue.offer(*self._new(3), due=b"%d" % self._same_due_us)
            case "claim":
                running += queue.claim(2)
            case "wait":
                queue.clock.forward(us=3)
                queue.scripts.promote()
            case "later" if running:
                queue.settle(running.pop(), "retry", delay_us=5)
            case "processed" | "retry" if running:
                queue.settle(running.pop(), move)

    def _new(self, count: int) -> list[str]:
        new = [f"job-{len(self.sent) + n:03}" for n in range(count)]
        self.sent.update(new)
        return new
