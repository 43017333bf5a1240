"""Bounds of what runs with real workers: never overrun, and a slot that is free is taken at once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path

import dramatiq
import pytest

from middleware.broker import LifoBroker
from middleware.queues.policy import Policy
from middleware.settings import Settings

from ...service import wait_until
from ..worker_process import WorkerProcess
from ..workers import RARE_ROUNDS, audit, ended, working

PROMPT_S = 20.0
"""Far less than the minute between two rounds of the maintenance."""
LEASE_S = 2.0


@pytest.fixture
def settings() -> Settings:
    """Long leases, and so rare rounds."""
    return RARE_ROUNDS


class Inside:
    """How many runs of each group there are, and the most there ever were."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.most_of_all = 0

    def run(self, group: str) -> None:
        """Be inside for a moment."""
        with self._lock:
            self._now[group] += 1
            self.most[group] = max(self.most[group], self._now[group])
            self.most_of_all = max(self.most_of_all, self._now.total())
        time.sleep(0.005)
        with self._lock:
            self._now[group] -= 1


def test_busy_workers_keep_within_the_bounds_and_leave_none_waiting(broker: LifoBroker, redis_url: str) -> None:
    inside = Inside()
    other = LifoBroker(url=redis_url)

    def work(customer: str) -> None:
        inside.run(customer)

    actor = dramatiq.actor(work, broker=broker, group="customer")
    dramatiq.actor(work, broker=other, group="customer")
    broker.windows.put_policy("default", Policy("continuous", max_running=5, max_running_per_group=2))
    messages = [actor.send(customer) for customer in ["loud"] * 60 + ["calm", "quiet"] * 20]

    with working(broker, threads=4), working(other, threads=4):
        jobs = [ended(broker, message) for message in messages]

    assert {job.status.value for job in jobs} == {"processed"}
    assert {job.group for job in jobs} == {"loud", "calm", "quiet"}
    assert inside.most_of_all <= 5
    assert set(inside.most.values()) == {2}
    audit(redis_url)
    other.close()


@pytest.mark.usefixtures("rare_rounds")
@pytest.mark.parametrize("limit", ["max_running", "max_running_per_group"])
def test_a_worker_that_was_held_back_hears_at_once_of_a_slot_that_another_freed(
    broker: LifoBroker, redis_url: str, limit: str
) -> None:
    began, go_on = threading.Semaphore(0), threading.Event()

    def hold(name: str) -> None:
        began.release()
        go_on.wait(20)

    def work(name: str) -> None:
        pass

    other = LifoBroker(url=redis_url, settings=RARE_ROUNDS)
    broker.declare_queue("default")
    holding = dramatiq.actor(hold, broker=other)
    dramatiq.actor(work, broker=other)
    dramatiq.actor(hold, broker=broker)
    waiting = dramatiq.actor(work, broker=broker)
    broker.windows.put_policy("default", Policy("continuous", **{limit: 1}))
    with working(other, threads=1) as busy:
        holding.send_with_options(args=("a",), group="one")
        assert began.acquire(timeout=10)
        with working(broker, threads=1):
            held_back = waiting.send_with_options(args=("b",), group="one")
            wait_until(lambda: broker.control.snapshot("default").held_back == 1, "one job to be held back")
            time.sleep(0.1)  # the idle worker has looked, and found that nothing may run
            pausing = threading.Thread(target=busy.pause)  # so that the other one has to take it
            pausing.start()
            wait_until(lambda: all(consumer.paused for consumer in busy.consumers.values()), "no more claims of it")
            go_on.set()
            at = time.monotonic()
            job = ended(broker, held_back)
            assert time.monotonic() - at < PROMPT_S
            pausing.join(30)
            busy.resume()

    assert job.status.value == "processed"
    audit(redis_url)
    other.close()


def test_the_slots_of_a_killed_worker_come_back_with_the_end_of_its_leases(
    broker: LifoBroker, redis_url: str, tmp_path: Path
) -> None:
    broker.declare_queue("default")
    broker.windows.put_policy("default", Policy("continuous", max_running=2, max_running_per_group=1))
    until = tmp_path / "go on"

    def send(name: str) -> str:
        message = dramatiq.Message("default", "hold", (), {"name": name, "until": str(until)}, {"group": "one"})
        return broker.enqueue(message).message_id

    maintaining = LifoBroker(url=redis_url, settings=Settings(lease_s=LEASE_S))
    maintaining.declare_queue("default")
    maintenance = maintaining.new_maintenance()
    maintenance.start()
    try:
        with WorkerProcess(tmp_path, redis_url, LEASE_S=str(LEASE_S)) as worker:
            ids = [send("a"), send("b")]
            wait_until(lambda: any(line.startswith("began") for line in worker.lines()), "a job to run")
            worker.kill()
        wait_until(lambda: broker.control.snapshot("default").held_back == 0, "the slot to be free", patience_s=10)
    finally:
        maintenance.stop()
        maintaining.close()
    until.touch()
    with WorkerProcess(tmp_path, redis_url):
        jobs = [ended(broker, id) for id in ids]

    assert sorted(job.attempts for job in jobs) == [1, 2]
    audit(redis_url)
