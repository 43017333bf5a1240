"""Deadlines with real workers and clocks: on time, without a worker that would take the job, and never run."""

from __future__ import annotations

import dramatiq
import pytest

from middleware.broker import LifoBroker
from middleware.jobs import JobStatus
from middleware.queues.policy import Policy
from middleware.settings import Settings

from ..workers import RARE_ROUNDS, Gate, audit, ended, working

LATE_US = 20_000_000
"""Far less than the minute between two rounds of the maintenance."""

pytestmark = pytest.mark.usefixtures("rare_rounds")


@pytest.fixture
def settings() -> Settings:
    """Long leases, and so rare rounds."""
    return RARE_ROUNDS


def test_a_job_expires_on_time_behind_a_closed_gate(broker: LifoBroker, redis_url: str) -> None:
    ran = []

    @dramatiq.actor
    def work() -> None:
        ran.append("work")

    broker.windows.put_policy("default", Policy(mode="windows"))
    with working(broker):
        job = ended(broker, work.send_with_options(expires_in=150))

    assert (job.status, job.reason, ran) == (JobStatus.EXPIRED, "deadline", [])
    assert job.expires_at_us == job.created_at_us + 150_000
    assert 0 <= (job.finished_at_us or 0) - job.expires_at_us < LATE_US
    audit(redis_url)


def test_a_job_expires_while_the_only_thread_is_busy(broker: LifoBroker, gate: Gate) -> None:
    @dramatiq.actor
    def work(n: int) -> None:
        gate.wait(n)

    with working(broker, threads=1):
        work.send(1)
        gate.wait_for(1)
        late = work.send_with_options(args=(2,), expires_in=100)
        work.send(3)
        assert ended(broker, late).status is JobStatus.EXPIRED
        gate.open()
        broker.join("default", timeout=10_000)

    assert sorted(gate.passed) == [1, 3]


def test_a_task_says_how_long_its_jobs_are_good_for_and_a_job_may_say_otherwise(broker: LifoBroker) -> None:
    @dramatiq.actor(expires_in=60_000)
    def work() -> None:
        pass

    jobs = [
        broker.store.get(message.message_id)
        for message in (
            work.send(),
            work.send_with_options(expires_in=5_000),
            work.send_with_options(expires_in=None),
            work.send_with_options(expires_at_us=4_000_000_000_000_000),
        )
    ]

    found = [job.expires_at_us and job.expires_at_us - job.created_at_us for job in jobs if job]
    assert found[:3] == [60_000_000, 5_000_000, None]
    assert jobs[3] is not None
    assert jobs[3].expires_at_us == 4_000_000_000_000_000


@pytest.mark.parametrize(
    "options",
    [
        {"expires_in": 0},
        {"expires_in": "soon"},
        {"expires_in": True},
        {"expires_in": 1e18},
        {"expires_at_us": -1},
        {"expires_at_us": 1.5},
        {"expires_in": 1, "expires_at_us": 1},
    ],
    ids=repr,
)
def test_what_is_no_deadline_is_refused_and_nothing_accepted(broker: LifoBroker, options: dict[str, object]) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    with pytest.raises(ValueError, match="expires_"):
        work.send_with_options(**options)

    assert broker.store.page(limit=1).jobs == []


def test_a_task_with_no_deadline_that_it_names_isnt_declared(broker: LifoBroker) -> None:
    with pytest.raises(ValueError, match="expires_in is 1 to"):

        @dramatiq.actor(expires_in=-5)
        def work() -> None:
            pass
