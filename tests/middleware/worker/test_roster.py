"""Who is alive: workers and schedulers in the roster, until they end or die."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import dramatiq
import pytest
import redis

from middleware import VERSION, keys
from middleware.broker import LifoBroker
from middleware.roster import Attendance, Member, Threads, threads_of
from middleware.settings import Settings

from ...scheduler.processes import SchedulerProcess
from ...service import ROOT, wait_until
from ..processes import WorkerProcess
from ..workers import Gate, working

LEASE_S = 0.6


@pytest.fixture
def broker(broker: LifoBroker) -> LifoBroker:
    """A broker with short leases, and so with short rounds."""
    broker.settings = Settings(lease_s=LEASE_S)
    return broker


def only(broker: LifoBroker) -> Member:
    """The one process that lives, once it is there."""
    [member] = wait_until(broker.roster.members, "somebody in the roster")
    return member


def test_a_worker_tells_what_it_is_and_what_it_runs(broker: LifoBroker, gate: Gate) -> None:
    @dramatiq.actor
    def work() -> None:
        gate.wait()

    message = work.send()
    with working(broker, threads=3):
        gate.wait_for(1)
        member = only(broker)
        job = broker.store.get(message.message_id)

        assert job is not None
        assert (member.id, member.kind, member.version) == (job.worker, "worker", VERSION)
        assert (member.queues, member.stopping) == (("default",), False)
        assert member.threads == Threads(total=3, idle=2)
        assert [(j.id, j.task, j.queue, j.since_us) for j in member.running] == [
            (job.id, "work", "default", job.started_at_us)
        ]
        assert member.started_at_us <= member.last_seen_at_us
        gate.open()
        wait_until(lambda: only(broker).threads.idle == 3, "the thread to be idle again")


def test_an_entry_is_renewed_and_keeps_its_start(broker: LifoBroker) -> None:
    broker.declare_queue("default")
    with working(broker):
        first = only(broker)
        later = wait_until(lambda: _seen_after(broker, first.last_seen_at_us), "another sign of life")

    assert (later.id, later.started_at_us) == (first.id, first.started_at_us)


def test_a_worker_that_ends_is_gone_at_once(broker: LifoBroker) -> None:
    broker.settings = Settings(lease_s=600)
    broker.declare_queue("default")
    with working(broker):
        only(broker)

    assert broker.roster.members() == []


def test_a_worker_that_was_told_to_end_has_no_idle_threads(broker: LifoBroker, gate: Gate) -> None:
    @dramatiq.actor
    def work() -> None:
        gate.wait()

    work.send()
    with working(broker, threads=2):
        gate.wait_for(1)
        assert only(broker).threads == Threads(2, 1)
        broker._crew.before_worker_shutdown(broker, broker._crew._worker)  # type: ignore[arg-type]
        member = wait_until(lambda: next((m for m in broker.roster.members() if m.stopping), None), "it to say so")
        gate.open()

    assert member is not None
    assert (member.threads, len(member.running)) == (Threads(2, 0), 1)


def test_a_worker_process_that_is_killed_is_gone_after_a_lease(
    broker: LifoBroker, redis_url: str, tmp_path: Path
) -> None:
    broker.declare_queue("default")
    with WorkerProcess(tmp_path, redis_url, LEASE_S=str(LEASE_S)) as worker:
        member = only(broker)
        assert re.fullmatch(r".+:\d+:[0-9a-f]{4}", member.id)
        assert member.id.split(":")[-2] == str(member.pid)
        worker.kill()
        wait_until(lambda: not broker.roster.members(), "the dead worker to be gone")


def test_a_scheduler_is_in_the_roster_until_it_ends(broker: LifoBroker, redis_url: str, tmp_path: Path) -> None:
    with SchedulerProcess(tmp_path, "one", REDIS_URL=redis_url) as scheduler:
        member = only(broker)
        scheduler.signal(signal.SIGTERM)
        scheduler.wait(20)

    assert (member.kind, member.threads, member.running) == ("scheduler", Threads(0, 0), ())
    assert "default" in member.queues
    assert broker.roster.members() == []


def test_workers_come_back_into_a_roster_that_was_lost(broker: LifoBroker, redis_client: redis.Redis) -> None:
    broker.declare_queue("default")
    with working(broker):
        first = only(broker)
        redis_client.delete(keys.roster_ends(), keys.roster_cards())
        again = only(broker)

    assert (again.id, again.started_at_us) == (first.id, first.started_at_us)


def test_the_dead_are_taken_out_by_those_who_live_and_the_last_entry_expires(
    broker: LifoBroker, redis_client: redis.Redis
) -> None:
    def enter(name: str) -> None:
        Attendance(name, "worker", lease_us=600_000_000, queues=lambda: ["a"]).renew(link)

    link = broker.new_link()
    enter("dead")
    enter("lives")
    redis_client.zadd(keys.roster_ends(), {"dead": 1})
    assert [member.id for member in broker.roster.members()] == ["lives"]
    assert redis_client.hlen(keys.roster_cards()) == 2

    enter("new")
    link.close()

    assert set(redis_client.hkeys(keys.roster_cards())) == {"lives", "new"}
    for key in (keys.roster_ends(), keys.roster_cards()):
        assert 500 < redis_client.ttl(key) <= 600


def test_threads_of_a_queue_are_those_of_the_workers_that_consume_it() -> None:
    a, both, stops = (_member("a"), _member("a", "b"), _member("b", stopping=True))
    scheduler = _member("a", "b", kind="scheduler")

    members = [a, both, stops, scheduler]

    assert threads_of("a", members) == Threads(total=8, idle=8)
    assert threads_of("b", members) == Threads(total=8, idle=4)
    assert threads_of("c", members) == Threads(0, 0)


def test_the_version_is_that_of_the_package() -> None:
    assert f'version = "{VERSION}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def _seen_after(broker: LifoBroker, time_us: int) -> Member:
    return next((m for m in broker.roster.members() if m.last_seen_at_us > time_us), None)  # type: ignore[return-value]


def _member(*queues: str, kind: str = "worker", stopping: bool = False) -> Member:
    return Member(
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
        running=(),
    )
