"""Wake-ups: the doorbell loses none, delayed jobs start in time, and a worker that stops leaves its work to others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dramatiq
import pytest

from middleware.broker import LifoBroker
from middleware.commands import keys
from middleware.queues.policy import Policy
from middleware.settings import Settings

from ...service import wait_until
from ..workers import RARE_ROUNDS, Gate, ended, working

PROMPT_S = 20.0
"""Far below the minute after which the maintenance would notice a lost wake-up."""

pytestmark = pytest.mark.usefixtures("rare_rounds")


@pytest.fixture
def settings() -> Settings:
    """Long leases, and so rare rounds."""
    return RARE_ROUNDS


@contextmanager
def another(url: str) -> Iterator[LifoBroker]:
    """The broker of another process."""
    broker = LifoBroker(url=url, settings=RARE_ROUNDS)
    yield broker
    broker.close()


def waiting_at_doorbells(broker: LifoBroker) -> int:
    """How many connections wait in a BLPOP."""
    clients = broker.redis.link.call("INFO", "clients").decode()
    return int(clients.partition("blocked_clients:")[2].split()[0])


@pytest.mark.parametrize("threads", [1, 8])
def test_no_wake_up_is_lost_at_the_idle_edge(broker: LifoBroker, threads: int) -> None:
    done = threading.Semaphore(0)

    @dramatiq.actor
    def work() -> None:
        done.release()

    with working(broker, threads=threads):
        for n in range(300):
            work.send()
            assert done.acquire(timeout=PROMPT_S), f"job {n} wasn't started"


def test_no_wake_up_is_lost_when_producers_and_two_workers_race(broker: LifoBroker, redis_url: str) -> None:
    done = threading.Semaphore(0)

    def work() -> None:
        done.release()

    actor = dramatiq.actor(work, broker=broker)

    def produce() -> None:
        for _ in range(40):
            for _ in range(3):
                actor.send()
            assert done.acquire(timeout=PROMPT_S)
        broker.redis.link.close()

    with another(redis_url) as other:
        dramatiq.actor(work, broker=other)
        with working(broker, threads=2), working(other, threads=2):
            producers = [threading.Thread(target=produce) for _ in range(3)]
            for producer in producers:
                producer.start()
            for producer in producers:
                producer.join()
            for _ in range(240):
                assert done.acquire(timeout=PROMPT_S)


def test_a_delayed_job_starts_when_it_falls_due(broker: LifoBroker) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    with working(broker, threads=2):
        messages = [work.send_with_options(delay=delay) for delay in (300, 60, 200, 120)]
        jobs = [ended(broker, message) for message in messages]

    for job in jobs:
        assert job.due_at_us is not None
        assert job.started_at_us is not None
        assert 0 <= job.started_at_us - job.due_at_us < PROMPT_S * 1_000_000


def test_a_retry_with_a_delay_starts_when_it_falls_due(broker: LifoBroker) -> None:
    @dramatiq.actor
    def work() -> None:
        if broker.store.get(message.message_id).attempts == 1:
            raise dramatiq.errors.Retry("later", delay=80)

    message = work.message()
    with working(broker):
        job = ended(broker, broker.enqueue(message))

    assert job.attempts == 2
    assert 0 <= job.started_at_us - job.due_at_us < PROMPT_S * 1_000_000


def test_an_opening_window_wakes_idle_workers(broker: LifoBroker) -> None:
    done = threading.Semaphore(0)

    @dramatiq.actor
    def work() -> None:
        done.release()

    broker.windows.put_policy("default", Policy(close_when_empty=True))
    with working(broker, threads=2):
        for _ in range(20):
            work.send()
            work.send()
            broker.windows.open("default", opened_by="operator")
            for _ in range(2):
                assert done.acquire(timeout=PROMPT_S)


def test_a_worker_that_is_stopping_takes_no_wake_up_from_another(
    broker: LifoBroker, redis_url: str, gate: Gate
) -> None:
    done = threading.Semaphore(0)

    def work(hold: bool) -> None:
        if hold:
            gate.wait()
        done.release()

    actor = dramatiq.actor(work, broker=broker)
    leaving = dramatiq.Worker(broker, worker_timeout=100, worker_threads=2)
    leaving.start()
    actor.send(True)
    gate.wait_for(1)
    stopping = threading.Thread(target=leaving.stop, daemon=True)
    stopping.start()
    wait_until(lambda: waiting_at_doorbells(broker) == 0, "the worker to leave the doorbell", patience_s=6)

    with another(redis_url) as other:
        dramatiq.actor(work, broker=other)
        with working(other):
            for n in range(60):
                actor.send(False)
                assert done.acquire(timeout=PROMPT_S), f"job {n} wasn't started"
    gate.open()
    stopping.join(30)
    assert not stopping.is_alive()


def test_a_worker_that_stops_waits_for_running_jobs(broker: LifoBroker, gate: Gate) -> None:
    @dramatiq.actor
    def work() -> None:
        gate.wait()

    message = work.send()
    with working(broker):
        gate.wait_for(1)
        threading.Timer(0.2, gate.open).start()

    assert broker.store.get(message.message_id).status.value == "processed"


def test_a_worker_that_stops_puts_back_what_it_could_not_finish(broker: LifoBroker, gate: Gate) -> None:
    @dramatiq.actor
    def work(n: int) -> None:
        gate.wait(n)

    messages = [work.send(n) for n in range(5)]
    worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=2)
    worker.start()
    gate.wait_for(2)

    worker.stop(timeout=100)

    jobs = [broker.store.get(message.message_id) for message in messages]
    assert {job.status.value for job in jobs} == {"queued"}
    assert [job.attempts for job in jobs] == [0, 0, 0, 1, 1]
    assert broker.redis.link.call("ZREVRANGE", keys.stack("default"), 0, 0) == [messages[-1].message_id.encode()]
    gate.open()
    wait_until(lambda: len(gate.passed) == 2, "the threads to come back")
    assert {broker.store.get(message.message_id).status.value for message in messages} == {"queued"}


def test_a_worker_can_be_started_again_in_the_same_process(broker: LifoBroker) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    for _ in range(2):
        with working(broker):
            assert ended(broker, work.send()).status.value == "processed"


def test_a_worker_of_some_queues_leaves_the_others_alone(broker: LifoBroker) -> None:
    @dramatiq.actor(queue_name="mine")
    def mine() -> None:
        pass

    @dramatiq.actor(queue_name="theirs")
    def theirs() -> None:
        pass

    left = theirs.send()
    with working(broker, queues={"mine"}):
        assert ended(broker, mine.send()).status.value == "processed"

    assert broker.store.get(left.message_id).status.value == "queued"


def test_the_setting_of_queues_limits_a_worker_too(redis_url: str) -> None:
    broker = LifoBroker(url=redis_url, settings=Settings(queues=frozenset({"mine"})))
    for name in ("mine", "theirs"):
        dramatiq.actor(lambda: None, actor_name=name, queue_name=name, broker=broker)
    left = broker.actors["theirs"].send()
    with working(broker):
        ended(broker, broker.actors["mine"].send())

    assert broker.store.get(left.message_id).status.value == "queued"
    broker.close()
