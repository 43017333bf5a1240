"""What a worker runs first, and that it takes nothing before a thread is idle."""

from __future__ import annotations

import threading
import time

import dramatiq
import pytest

from middleware.broker import LifoBroker
from middleware.commands import keys
from middleware.jobs import Job
from middleware.queues.policy import Policy
from middleware.store.filters import JobFilter

from ...service import wait_until
from ..workers import Gate, working


def all_jobs(broker: LifoBroker, queue: str = "default") -> list[Job]:
    """Every job of a queue."""
    jobs: list[Job] = []
    cursor = None
    while True:
        page = broker.store.page(JobFilter(queues=queue), limit=500, cursor=cursor)
        jobs += page.jobs
        if page.next is None:
            return jobs
        cursor = page.next


def inversions(jobs: list[Job]) -> list[tuple[Job, Job]]:
    """Claims that passed over a newer job that was waiting then: (claimed, passed over)."""
    return [
        (claimed, other)
        for claimed in jobs
        for other in jobs
        if claimed.started_at_us and other.started_at_us and claimed.place and other.place
        if other.place > claimed.place and other.seq < claimed.started_at_us < other.started_at_us
    ]


@pytest.mark.parametrize("threads", [1, 8])
def test_a_backlog_is_run_from_the_top(broker: LifoBroker, threads: int) -> None:
    @dramatiq.actor
    def work(n: int) -> None:
        pass

    for n in range(300):
        work.send(n)
    with working(broker, threads=threads):
        broker.join("default", timeout=20_000)

    jobs = all_jobs(broker)
    assert {job.status.value for job in jobs} == {"processed"}
    assert inversions(jobs) == []


@pytest.mark.parametrize("threads", [1, 8])
def test_while_jobs_arrive_no_claim_passes_over_a_newer_one(broker: LifoBroker, threads: int) -> None:
    @dramatiq.actor
    def work(n: int) -> None:
        time.sleep(0.001)

    def produce() -> None:
        for n in range(200):
            work.send(n)
        broker.redis.link.close()

    producers = [threading.Thread(target=produce) for _ in range(2)]
    with working(broker, threads=threads):
        for producer in producers:
            producer.start()
        for producer in producers:
            producer.join()
        broker.join("default", timeout=20_000)

    jobs = all_jobs(broker)
    assert len(jobs) == 400
    assert inversions(jobs) == []


@pytest.mark.parametrize("threads", [1, 4])
def test_no_more_jobs_are_claimed_than_threads_are_there(broker: LifoBroker, gate: Gate, threads: int) -> None:
    @dramatiq.actor
    def work(n: int) -> None:
        gate.wait(n)

    for n in range(20):
        work.send(n)
    with working(broker, threads=threads):
        gate.wait_for(threads)
        counted = broker.redis.link.call_all([("ZCARD", keys.leases("default")), ("ZCARD", keys.stack("default"))])
        assert counted == [threads, 20 - threads]
        gate.open()
        broker.join("default", timeout=10_000)

    assert gate.most_inside == threads


def test_a_job_sent_while_all_threads_work_is_the_next_to_run(broker: LifoBroker, gate: Gate) -> None:
    @dramatiq.actor
    def work(name: str) -> None:
        gate.wait(name)

    work.send("older")
    work.send("first")
    with working(broker):
        gate.wait_for(1)
        work.send("newest")
        gate.open()
        broker.join("default", timeout=10_000)

    assert gate.passed == ["first", "newest", "older"]


def test_a_worker_of_several_threads_leaves_a_window_its_bound(broker: LifoBroker) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    broker.windows.put_policy("default", Policy(close_when_empty=False))
    for _ in range(100):
        work.send()
    with working(broker, threads=8):
        window = broker.windows.open("default", opened_by="operator", credits=37)
        wait_until(lambda: _processed_in(broker, window.id) == 37, "37 jobs to be processed")

    closed = broker.windows.get(window.id)
    assert closed is not None
    assert (closed.claimed, closed.close_reason, closed.left_waiting) == (37, "credits", 63)


@pytest.mark.parametrize("others", [1, 2])
def test_a_hot_queue_does_not_starve_the_others(broker: LifoBroker, others: int) -> None:
    hot_runs = 0
    ran_after: list[int] = []

    @dramatiq.actor(queue_name="hot")
    def hot() -> None:
        nonlocal hot_runs
        hot_runs += 1
        time.sleep(0.001)

    @dramatiq.actor
    def cold(sent_at: int) -> None:
        ran_after.append(hot_runs - sent_at)

    for n in range(others):
        broker.declare_queue(f"cold{n}")
    broker.accept([hot.message() for _ in range(1000)])
    with working(broker):
        wait_until(lambda: hot_runs > 5, "the hot queue to be under way")
        for n in range(12):
            broker.enqueue(cold.message_with_options(args=(hot_runs,)).copy(queue_name=f"cold{n % others}"))
            wait_until(lambda n=n: len(ran_after) > n, "the cold job to run")
        assert hot_runs < 1000
        broker.flush("hot")

    assert max(ran_after) <= 50


def test_two_hot_queues_share_the_threads(broker: LifoBroker) -> None:
    runs = {"one": 0, "two": 0}

    @dramatiq.actor
    def work(name: str) -> None:
        runs[name] += 1
        time.sleep(0.001)

    for name in runs:
        broker.declare_queue(name)
        broker.accept([work.message(name).copy(queue_name=name) for _ in range(500)])
    with working(broker, threads=2):
        wait_until(lambda: max(runs.values()) >= 200, "200 runs")
        seen = dict(runs)
        for name in runs:
            broker.flush(name)

    assert min(seen.values()) >= 50, seen


def _processed_in(broker: LifoBroker, window_id: str) -> int:
    window = broker.windows.get(window_id)
    return window.processed if window else 0
