"""Walks through long lists: with filters, in bounded steps, and while jobs move about as hypothesis likes."""

from __future__ import annotations

import itertools

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from middleware.commands.types import Offer
from middleware.jobs import Job, JobStatus
from middleware.store.filters import JobFilter

from ..scripted import START_US, ScriptedQueue
from ..walks import ids, walk


def test_a_narrow_filter_finds_what_lies_deep_and_shows_the_end(queue: ScriptedQueue) -> None:
    queue.scripts.accept([Offer("needle", "rare", queue.encoded("needle"))])
    for batch in range(6):
        queue.send(*(f"hay-{batch}-{n:03}" for n in range(900)))

    page = queue.broker.store.page(JobFilter(tasks="rare"), limit=2)

    assert (ids(page.jobs), page.next) == (["needle"], None)


def test_one_call_looks_at_no_more_than_its_budget(queue: ScriptedQueue) -> None:
    for batch in range(6):
        queue.send(*(f"hay-{batch}-{n:03}" for n in range(900)))

    below, rows = queue.scripts.page(None, 50, ["stack", "displaced"], tasks=["rare"])

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
            queue.broker.store, limit, statuses=statuses, tasks=task, created_after_us=low, created_before_us=high
        )

        assert found == [
            job for job in every if low < job.seq < high and task in (None, job.task) and status in (None, job.status)
        ]


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
