"""Worker processes that are killed, stopped, or signalled twice."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dramatiq
import pytest

from middleware.broker import LifoBroker
from middleware.commands import keys
from middleware.queues.policy import Policy
from middleware.redis_link.link import Link
from middleware.settings import Settings

from ...service import wait_until
from ..scripted import ScriptedQueue
from ..worker_process import WorkerProcess
from ..workers import ended, working

LEASE_S = 2.0


@pytest.fixture
def client(broker: LifoBroker) -> LifoBroker:
    """The broker of a program that only sends."""
    broker.declare_queue("default")
    return broker


@contextmanager
def maintenance(redis_url: str, **settings: Any) -> Iterator[None]:
    """Somebody else who is connected and looks after the queue, as the scheduler does."""
    broker = LifoBroker(url=redis_url, settings=Settings(lease_s=LEASE_S, **settings))
    broker.declare_queue("default")
    maintenance = broker.new_maintenance()
    maintenance.start()
    yield
    maintenance.stop()
    broker.close()


@pytest.fixture
def scheduler(redis_url: str) -> Iterator[None]:
    """The maintenance of another process."""
    with maintenance(redis_url):
        yield


def send(broker: LifoBroker, task: str, **arguments: str) -> str:
    """Send one message for a task of the other process."""
    message = dramatiq.Message("default", task, (), arguments, {})
    return broker.enqueue(message).message_id


def counted(redis_url: str, name: str) -> int:
    """One of the queue's counters."""
    queue = ScriptedQueue(redis_url)
    try:
        return queue.count(name)
    finally:
        queue.close()


@pytest.mark.usefixtures("scheduler")
def test_the_jobs_of_a_killed_worker_run_again(client: LifoBroker, redis_url: str, tmp_path: Path) -> None:
    until = tmp_path / "go on"
    with WorkerProcess(tmp_path, redis_url, LEASE_S=str(LEASE_S)) as worker:
        ids = [send(client, "hold", name=name, until=str(until)) for name in ("a", "b", "c")]
        wait_until(lambda: sum(line.startswith("began") for line in worker.lines()) == 2, "two jobs to run")
        worker.kill()
        wait_until(lambda: counted(redis_url, "reclaimed") == 2, "both to be put back")
        assert {client.store.get(id).status.value for id in ids} == {"queued"}

    until.touch()
    with WorkerProcess(tmp_path, redis_url):  # with a lease that doesn't run out when the machine has much to do
        jobs = [ended(client, id) for id in ids]

    assert [(job.status.value, job.attempts) for job in jobs] == [
        ("processed", 1),
        ("processed", 2),
        ("processed", 2),
    ]
    assert sorted(line for line in worker.lines() if line.startswith("ended")) == ["ended a", "ended b", "ended c"]


def test_after_a_death_of_everybody_a_new_worker_finds_the_jobs(
    client: LifoBroker, redis_url: str, tmp_path: Path
) -> None:
    until = tmp_path / "go on"
    with WorkerProcess(tmp_path, redis_url, LEASE_S=str(LEASE_S)) as worker:
        id = send(client, "hold", name="a", until=str(until))
        worker.wrote("began a")
        worker.kill()
        until.touch()
        worker.start()

        assert ended(client, id).attempts == 2


def test_a_job_that_kills_its_worker_is_rejected_in_the_end(client: LifoBroker, redis_url: str, tmp_path: Path) -> None:
    with (
        WorkerProcess(tmp_path, redis_url, LEASE_S=str(LEASE_S), CRASH_LIMIT="2") as worker,
        maintenance(redis_url, crash_limit=2),
    ):
        id = send(client, "crash")
        for times in (1, 2):
            worker.wrote("crashed", times)
            worker.kill()
            wait_until(lambda: client.store.get(id).status.value != "running", "the lease to run out")
            if times == 1:
                worker.start()

    job = client.store.get(id)
    assert job is not None
    assert (job.status.value, job.reason, job.attempts) == ("rejected", "worker_lost", 2)


@pytest.mark.usefixtures("scheduler")
def test_a_worker_that_was_stopped_past_its_lease_settles_in_vain(
    client: LifoBroker, redis_url: str, tmp_path: Path
) -> None:
    until = tmp_path / "go on"
    ran_here: list[str] = []

    def hold(name: str, until: str) -> None:
        ran_here.append(name)

    with WorkerProcess(tmp_path, redis_url, threads=1, LEASE_S=str(LEASE_S)) as stopped:
        id = send(client, "hold", name="a", until=str(until))
        stopped.wrote("began a")
        stopped.signal(signal.SIGSTOP)
        dramatiq.actor(hold, broker=client)
        with working(client):
            job = ended(client, id)
        until.touch()
        stopped.signal(signal.SIGCONT)
        stopped.wrote("ended a")
        wait_until(lambda: counted(redis_url, "stale_settles") == 1, "the stale settlement")

    assert ran_here == ["a"]
    assert client.store.get(id) == job
    assert (job.status.value, job.attempts) == ("processed", 2)


def test_two_signals_to_the_whole_group_let_running_jobs_finish(
    client: LifoBroker, redis_url: str, tmp_path: Path
) -> None:
    until = tmp_path / "go on"
    with WorkerProcess(tmp_path, redis_url, threads=2) as worker:
        ids = [send(client, "hold", name=name, until=str(until)) for name in ("waits", "a", "b")]
        for name in ("a", "b"):
            worker.wrote(f"began {name}")

        worker.signal(signal.SIGTERM)
        worker.logged("Shutting down")
        worker.signal(signal.SIGTERM)
        until.touch()
        assert worker.wait() == 0

    statuses = [client.store.get(id).status.value for id in ids]
    assert statuses == ["queued", "processed", "processed"]
    assert client.store.get(ids[0]).attempts == 0


def test_a_worker_for_a_queue_that_nobody_declares_does_not_start(redis_url: str, tmp_path: Path) -> None:
    with WorkerProcess(tmp_path, redis_url, QUEUES="default,defualt") as worker:
        assert worker.wait() == 2
        worker.logged("lastin: QUEUES names defualt, but the declared queues are: default.")


def test_a_wake_up_that_a_stopped_worker_took_is_rung_again(client: LifoBroker, redis_url: str) -> None:
    ran_here: list[str] = []

    @dramatiq.actor(broker=client)
    def work(name: str) -> None:
        ran_here.append(name)

    client.windows.put_policy("default", Policy(close_when_empty=False))
    client.windows.open("default", opened_by="operator")
    stopped = Link(redis_url, timeout_s=60)  # of a worker that is stopped: it takes the wake-up, and does nothing
    stopped.send("BLPOP", keys.doorbell("default"), 60)
    wait_until(lambda: listeners(client) == 1, "it to listen")
    with working(client):
        wait_until(lambda: listeners(client) == 2, "a live worker to listen")
        id = send(client, "work", name="a")
        assert stopped.wait(30) is not None

        assert client.windows.ring_again("default")
        job = ended(client, id)
    stopped.close()

    assert (job.status.value, ran_here) == ("processed", ["a"])


def listeners(broker: LifoBroker) -> int:
    """How many workers wait for the doorbell."""
    return int(re.findall(rb"blocked_clients:(\d+)", broker.redis.call("INFO", "clients"))[0])
