"""Several Workers on one broker, as programs and tests start them."""

from __future__ import annotations

import dramatiq

from middleware.broker import LifoBroker

from ...service import wait_until
from ..workers import Gate, ended, working


def test_when_one_worker_stops_the_other_works_on(broker: LifoBroker) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    with working(broker):
        with working(broker):
            ended(broker, work.send())
        for _ in range(3):
            assert ended(broker, work.send()).status == "processed"


def test_the_worker_that_began_first_may_stop_first(broker: LifoBroker) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    first, second = (dramatiq.Worker(broker, worker_timeout=100, worker_threads=1) for _ in range(2))
    first.start()
    second.start()
    try:
        first.stop(timeout=5_000)
        for _ in range(3):
            assert ended(broker, work.send()).status == "processed"
    finally:
        second.stop(timeout=5_000)


def test_each_has_its_own_threads_and_entry_in_the_registry(broker: LifoBroker, gate: Gate) -> None:
    @dramatiq.actor
    def work() -> None:
        gate.wait()

    with working(broker), working(broker, threads=2):
        messages = [work.send() for _ in range(3)]
        gate.wait_for(3)
        wait_until(lambda: sorted(one.thread_count for one in broker.registry.processes()) == [1, 2], "both entries")
        gate.open()
        assert len({ended(broker, message).worker for message in messages}) == 2


def test_a_retry_is_settled_whichever_worker_runs_it(broker: LifoBroker) -> None:
    tried = []

    @dramatiq.actor(min_backoff=1, max_backoff=2)
    def work(n: int) -> None:
        tried.append(n)
        if tried.count(n) == 1:
            raise ValueError("once more")

    with working(broker), working(broker):
        jobs = [ended(broker, message) for message in [work.send(n) for n in range(6)]]

    assert {(job.status, job.attempts) for job in jobs} == {("processed", 2)}
