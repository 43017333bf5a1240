"""Who is alive: workers and schedulers in the registry, until they end or die."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import dramatiq
import pytest
import redis

from middleware import VERSION
from middleware.broker import LifoBroker
from middleware.commands import keys
from middleware.processes.registry import LiveProcess, Registration, Threads, threads_of
from middleware.settings import Settings

from ...scheduler.processes import SchedulerProcess
from ...service import ROOT, wait_until
from ..worker_process import WorkerProcess
from ..workers import Gate, working

LEASE_S = 2.0


@pytest.fixture
def settings() -> Settings:
    """Short leases, and so short rounds."""
    return Settings(lease_s=LEASE_S)


def only(broker: LifoBroker) -> LiveProcess:
    """The one process that lives, once it is there."""
    [process] = wait_until(broker.registry.processes, "somebody in the registry")
    return process


def test_a_worker_shows_what_it_is_and_what_it_runs(broker: LifoBroker, gate: Gate) -> None:
    @dramatiq.actor
    def work() -> None:
        gate.wait()

    message = work.send()
    with working(broker, threads=3):
        gate.wait_for(1)
        process = only(broker)
        job = broker.store.get(message.message_id)

        assert job is not None
        assert (process.id, process.kind, process.version) == (job.worker, "worker", VERSION)
        assert (process.queues, process.stopping) == (("default",), False)
        assert process.threads == Threads(total=3, idle=2)
        assert [(j.id, j.task, j.queue, j.since_us) for j in process.running] == [
            (job.id, "work", "default", job.started_at_us)
        ]
        assert process.started_at_us <= process.last_seen_at_us
        gate.open()
        wait_until(lambda: only(broker).threads.idle == 3, "the thread to be idle again")


def test_an_entry_is_renewed_and_keeps_its_start(broker: LifoBroker) -> None:
    broker.declare_queue("default")
    with working(broker):
        first = only(broker)
        later = wait_until(lambda: _seen_after(broker, first.last_seen_at_us), "another sign of life")

    assert (later.id, later.started_at_us) == (first.id, first.started_at_us)


@pytest.mark.parametrize("settings", [Settings(lease_s=600)], ids=["long lease"])
def test_a_worker_that_ends_is_gone_at_once(broker: LifoBroker) -> None:
    broker.declare_queue("default")
    with working(broker):
        only(broker)

    assert broker.registry.processes() == []


def test_a_worker_that_was_asked_to_end_has_no_idle_threads(broker: LifoBroker, gate: Gate) -> None:
    @dramatiq.actor
    def work() -> None:
        gate.wait()

    work.send()
    with working(broker, threads=2):
        gate.wait_for(1)
        assert only(broker).threads == Threads(2, 1)
        (lifecycle,) = broker._workers._of_worker.values()
        lifecycle.before_worker_shutdown(lifecycle._worker)  # type: ignore[arg-type]
        process = wait_until(lambda: next((m for m in broker.registry.processes() if m.stopping), None), "it to say so")
        gate.open()

    assert process is not None
    assert (process.threads, len(process.running)) == (Threads(2, 0), 1)


def test_a_worker_process_that_is_killed_is_gone_after_a_lease(
    broker: LifoBroker, redis_url: str, tmp_path: Path
) -> None:
    broker.declare_queue("default")
    with WorkerProcess(tmp_path, redis_url, LEASE_S=str(LEASE_S)) as worker:
        process = only(broker)
        assert re.fullmatch(r".+:\d+:[0-9a-f]{4}", process.id)
        assert process.id.split(":")[-2] == str(process.pid)
        worker.kill()
        wait_until(lambda: not broker.registry.processes(), "the dead worker to be gone")


def test_a_scheduler_is_in_the_roster_until_it_ends(broker: LifoBroker, redis_url: str, tmp_path: Path) -> None:
    with SchedulerProcess(tmp_path, "one", REDIS_URL=redis_url) as scheduler:
        process = only(broker)
        scheduler.signal(signal.SIGTERM)
        scheduler.wait(60)

    assert (process.kind, process.threads, process.running) == ("scheduler", Threads(0, 0), ())
    assert "default" in process.queues
    assert broker.registry.processes() == []


def test_workers_come_back_into_a_roster_that_was_lost(broker: LifoBroker, redis_client: redis.Redis) -> None:
    broker.declare_queue("default")
    with working(broker):
        first = only(broker)
        redis_client.delete(keys.process_ends(), keys.process_registrations())
        again = only(broker)

    assert (again.id, again.started_at_us) == (first.id, first.started_at_us)


def test_the_dead_are_taken_out_by_those_who_live_and_the_last_entry_expires(
    broker: LifoBroker, redis_client: redis.Redis
) -> None:
    def enter(name: str) -> None:
        Registration(name, "worker", lease_us=600_000_000, queues=lambda: ["a"]).renew(link)

    link = broker.redis.new_link()
    enter("dead")
    enter("lives")
    redis_client.zadd(keys.process_ends(), {"dead": 1})
    assert [process.id for process in broker.registry.processes()] == ["lives"]
    assert redis_client.hlen(keys.process_registrations()) == 2

    enter("new")
    link.close()

    assert set(redis_client.hkeys(keys.process_registrations())) == {"lives", "new"}
    for key in (keys.process_ends(), keys.process_registrations()):
        assert 500 < redis_client.ttl(key) <= 600


def test_threads_of_a_queue_are_those_of_the_workers_that_consume_it() -> None:
    a, both, stops = (_process("a"), _process("a", "b"), _process("b", stopping=True))
    scheduler = _process("a", "b", kind="scheduler")

    processes = [a, both, stops, scheduler]

    assert threads_of("a", processes) == Threads(total=8, idle=8)
    assert threads_of("b", processes) == Threads(total=8, idle=4)
    assert threads_of("c", processes) == Threads(0, 0)


def test_the_version_is_that_of_the_package() -> None:
    assert f'version = "{VERSION}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def _seen_after(broker: LifoBroker, time_us: int) -> LiveProcess:
    return next((m for m in broker.registry.processes() if m.last_seen_at_us > time_us), None)  # type: ignore[return-value]


def _process(*queues: str, kind: str = "worker", stopping: bool = False) -> LiveProcess:
    return LiveProcess(
        id="x",
        kind=kind,  # type: ignore[arg-type]
        host="h",
        pid=1,
        version=VERSION,
        started_at_us=0,
        last_seen_at_us=0,
        stopping=stopping,
        queues=queues,
        thread_count=4,
        hung_jobs=frozenset(),
        running=(),
    )
