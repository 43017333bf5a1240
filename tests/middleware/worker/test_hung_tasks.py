"""Tasks that run on long after their time limit: their jobs go on elsewhere, their threads count as lost."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import dramatiq
import pytest

from middleware.broker import LifoBroker
from middleware.processes.registry import Threads, threads_of
from middleware.settings import Settings

from ...service import wait_until
from ..worker_process import WorkerProcess
from ..workers import broker_of, ended, working

LEASE_S = 0.3


@pytest.fixture
def settings() -> Settings:
    """Short leases, and so a short grace beyond the time limit."""
    return Settings(lease_s=LEASE_S)


@pytest.fixture
def release() -> threading.Event:
    """What the first run of the task hangs for; nobody interrupts it, as nobody can interrupt a call of C."""
    return threading.Event()


def hanging(release: threading.Event, **options: object) -> tuple[dramatiq.Actor[[], None], list[int]]:
    """A task that hangs at its first run, and when its runs began."""
    runs: list[int] = []

    @dramatiq.actor(**{"time_limit": 50, **options})  # type: ignore[call-overload]
    def work() -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            release.wait(20)

    return work, runs


def message_of(actor: str, *args: object) -> dramatiq.Message[object]:
    return dramatiq.Message("default", actor, args, {}, {})


def threads_there(broker: LifoBroker) -> Threads:
    return threads_of("default", broker.registry.processes())


def test_a_hung_job_runs_again_and_its_thread_counts_as_lost_until_it_comes_back(
    broker: LifoBroker, release: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    work, runs = hanging(release)
    message = work.send()

    with working(broker, threads=2):
        job = ended(broker, message)
        wait_until(lambda: threads_there(broker) == Threads(2, 1, lost=1), "one thread to be lost")
        release.set()
        wait_until(lambda: threads_there(broker) == Threads(2, 2, lost=0), "it to be back")

    assert (job.status.value, job.attempts, runs) == ("processed", 2, [0, 1])
    assert broker.redis.queue("default").settle([], "nobody", 1, 0)[1] == []
    assert f"Job {message.message_id} (work) of queue 'default' hangs" in caplog.text


def test_a_hung_job_that_was_to_be_cancelled_is_cancelled(broker: LifoBroker, release: threading.Event) -> None:
    work, runs = hanging(release, interrupt=False, time_limit=2000)  # long enough to be cancelled before it
    message = work.send()

    with working(broker, threads=1):
        wait_until(lambda: runs, "the task to run")
        assert broker.cancel(message.message_id) == "asked"
        job = ended(broker, message)
        release.set()

    assert (job.status.value, job.reason, runs) == ("cancelled", "requested", [0])


def test_a_worker_whose_threads_all_hang_stays_where_it_is_no_process_of_its_own(
    broker: LifoBroker, release: threading.Event
) -> None:
    work, _ = hanging(release)
    first, second = work.send(), work.send()

    with working(broker, threads=1):
        wait_until(lambda: threads_there(broker).lost == 1, "its thread to be lost")
        release.set()
        jobs = ended(broker, first), ended(broker, second)

    assert {job.status.value for job in jobs} == {"processed"}


def test_a_process_whose_threads_all_hang_ends_to_be_started_anew(tmp_path: Path, redis_url: str) -> None:
    with broker_of(redis_url) as broker, WorkerProcess(tmp_path, redis_url, threads=2, LEASE_S="1") as process:
        for name in ("a", "b"):
            broker.enqueue(message_of("hang", name))

        assert process.wait() == os.EX_TEMPFAIL
        process.logged("All threads of this worker hang.")
        process.start()
        process.wrote("ended a")
        process.wrote("ended b")

    assert sorted(process.lines()) == ["began a", "began a", "began b", "began b", "ended a", "ended b"]


@pytest.mark.parametrize("threads", [32])
def test_many_idle_threads_end_at_once_when_the_worker_stops(broker: LifoBroker, threads: int) -> None:
    done = threading.Barrier(threads)

    @dramatiq.actor
    def work() -> None:
        done.wait(20)

    for _ in range(3):
        worker = dramatiq.Worker(broker, worker_timeout=100, worker_threads=threads)
        worker.start()
        for message in [work.send() for _ in range(threads)]:
            ended(broker, message)
        stopping = threading.Thread(target=worker.stop, daemon=True)
        stopping.start()
        stopping.join(30)
        assert not stopping.is_alive()
