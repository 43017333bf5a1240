"""Subjects as a test of a task sees them: what is superseded in production doesn't run in the test either."""

from __future__ import annotations

import threading

import dramatiq
import pytest

from middleware.testing import StubBroker
from middleware.worker.context import cancel_requested
from middleware.worker.delivery import Cancelled


def states(broker: StubBroker) -> list[str]:
    """The oldest first."""
    return [job.status.value for job in broker.jobs()[::-1]]


def test_of_a_subject_only_the_newest_job_runs(stub_broker: StubBroker) -> None:
    ran: list[tuple[str, int]] = []

    @dramatiq.actor(subject="customer")
    def price(customer: str, euros: int) -> None:
        ran.append((customer, euros))

    price.send("ada", 1)
    price.send_with_options(args=("ada", 2), delay=60_000)
    price.send("bob", 3)
    newest = price.send(customer="ada", euros=4)
    stub_broker.run_until_done()

    assert ran == [("ada", 4), ("bob", 3)]
    assert states(stub_broker) == ["superseded", "superseded", "processed", "processed"]
    old = stub_broker.jobs(status="superseded")[0]
    assert (old.subject, old.superseded_by) == ("ada", newest.message_id)


def test_queues_have_subjects_of_their_own(stub_broker: StubBroker) -> None:
    for queue in ("one", "two"):
        dramatiq.actor(lambda: None, actor_name=queue, queue_name=queue).send_with_options(subject="a")

    assert states(stub_broker) == ["queued", "queued"]


def test_a_retry_never_overwrites_fresh_work(stub_broker: StubBroker) -> None:
    wrote: list[int] = []

    @dramatiq.actor(subject="customer", min_backoff=5_000, max_backoff=5_000)
    def price(customer: str, euros: int) -> None:
        if euros == 1:
            price.send(customer, 2)  # meanwhile
            raise RuntimeError("the database was away")
        wrote.append(euros)

    price.send("ada", 1)
    stub_broker.run_until_done()

    assert wrote == [2]
    assert states(stub_broker) == ["superseded", "processed"]


def test_a_running_job_sees_at_once_that_it_shall_stop(stub_broker: StubBroker) -> None:
    seen: list[bool] = []

    @dramatiq.actor(subject="customer", supersede_running=True)
    def price(customer: str, euros: int) -> None:
        if euros == 1:
            price.send(customer, 2)
            seen.append(cancel_requested())
            raise Cancelled

    price.send("ada", 1)
    stub_broker.run_all()

    assert seen == [True]
    assert states(stub_broker) == ["superseded", "processed"]


def test_a_workers_thread_sees_at_once_that_its_job_shall_stop(
    stub_broker: StubBroker, stub_worker: dramatiq.Worker
) -> None:
    began, stopped = threading.Event(), threading.Event()

    @dramatiq.actor(subject="customer", supersede_running=True, time_limit=20_000)
    def price(customer: str, euros: int) -> None:
        began.set()
        while euros == 1 and not cancel_requested():
            stopped.wait(0.01)

    price.send("ada", 1)
    assert began.wait(30)
    price.send("ada", 2)
    stub_broker.join("default", timeout=10_000)

    assert states(stub_broker) == ["processed", "processed"]


def test_a_newer_job_that_has_expired_supersedes_nothing_any_more(stub_broker: StubBroker) -> None:
    @dramatiq.actor(subject="customer", min_backoff=5_000, max_backoff=5_000)
    def price(customer: str, euros: int) -> None:
        if euros == 1 and len(stub_broker.jobs()) == 1:
            price.send_with_options(args=(customer, 2), expires_in=1_000)
            stub_broker.clock.advance(1)
            raise RuntimeError("the database was away")

    price.send("ada", 1)
    stub_broker.run_until_done()

    assert states(stub_broker) == ["processed", "expired"]


def test_an_outdated_job_stays_as_it_is_when_an_operator_wants_it_run(stub_broker: StubBroker) -> None:
    @dramatiq.actor(subject="customer", max_retries=0)
    def price(customer: str, euros: int) -> None:
        if euros == 1:
            raise RuntimeError("the database was away")

    old = price.send("ada", 1)
    stub_broker.run_all(fail_fast=False)
    price.send("ada", 2)
    stub_broker.run_all()

    assert stub_broker.retry(old.message_id).status == "rejected"
    assert stub_broker.waiting() == []


def test_a_job_that_has_waited_for_long_keeps_its_turn(stub_broker: StubBroker) -> None:
    ran: list[int] = []

    @dramatiq.actor(subject="customer", max_defer=5_000)
    def sync(customer: str, n: int) -> None:
        ran.append(n)

    for n in range(6):
        sync.send_with_options(args=("ada", n), delay=2_000)
        stub_broker.clock.advance(1)
        stub_broker.run_all()
    stub_broker.run_until_done()

    assert len(ran) == 2
    assert ran[-1] == 5


def test_a_queue_that_is_flushed_knows_no_subject(stub_broker: StubBroker) -> None:
    @dramatiq.actor(max_retries=0)
    def work() -> None:
        pass

    work.send_with_options(subject="a")
    stub_broker.run_all()
    stub_broker.flush_all()
    work.send_with_options(subject="a")

    assert states(stub_broker) == ["queued"]


def test_a_subject_that_makes_no_sense_is_refused_and_nothing_sent(stub_broker: StubBroker) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    with pytest.raises(ValueError, match="subject"):
        work.send_with_options(subject=1.5)

    assert stub_broker.jobs() == []
