"""Subjects with real workers: the running job stops for a newer one, and a retry never overwrites fresh work."""

from __future__ import annotations

import threading

import dramatiq
import pytest

from middleware.broker import LifoBroker
from middleware.jobs import JobStatus

from ...service import wait_until
from ..workers import audit, ended, working


def test_a_running_job_stops_for_a_newer_one_at_once(broker: LifoBroker, redis_url: str) -> None:
    began = threading.Event()

    @dramatiq.actor(subject="customer", supersede_running=True)
    def price(customer: str, euros: int) -> None:
        if euros == 1:
            began.set()
            while True:
                threading.Event().wait(0.01)

    with working(broker, threads=1):
        old = price.send("ada", 1)
        assert began.wait(30)
        new = price.send(customer="ada", euros=2)
        stopped, job = ended(broker, old), ended(broker, new)

    assert (stopped.status, stopped.superseded_by, stopped.subject) == (JobStatus.SUPERSEDED, new.message_id, "ada")
    assert job.status is JobStatus.PROCESSED
    audit(redis_url)


def test_a_retry_never_overwrites_fresh_work(broker: LifoBroker, redis_url: str) -> None:
    wrote: list[int] = []
    go_on = threading.Event()

    @dramatiq.actor(subject="customer", min_backoff=50, max_backoff=50)
    def price(customer: str, euros: int) -> None:
        if euros == 1:
            go_on.wait(30)
            raise RuntimeError("the database was away")
        wrote.append(euros)

    with working(broker, threads=2):
        old = price.send(customer="ada", euros=1)
        wait_until(lambda: broker.store.get(old.message_id).status is JobStatus.RUNNING, "the old one to run")  # type: ignore[union-attr]
        ended(broker, price.send(customer="ada", euros=2))
        go_on.set()
        stale = ended(broker, old)

    assert (stale.status, stale.error and stale.error.type, wrote) == (JobStatus.SUPERSEDED, "RuntimeError", [2])
    audit(redis_url)


def test_the_subject_is_that_of_the_job_or_of_the_argument_that_its_task_names(broker: LifoBroker) -> None:
    @dramatiq.actor(subject="customer")
    def price(customer: object = None) -> None:
        pass

    @dramatiq.actor
    def plain() -> None:
        pass

    def subject(message: dramatiq.Message[None]) -> str | None:
        job = broker.store.get(message.message_id)
        assert job is not None
        return job.subject

    assert subject(price.send(customer="ada")) == "ada"
    assert subject(price.send("ada by position")) == "ada by position"
    assert subject(price.send(customer=7)) == "7"
    assert subject(price.send()) is None
    assert subject(price.send_with_options(kwargs={"customer": "ada"}, subject="another")) == "another"
    assert subject(plain.send_with_options(subject="x")) == "x"
    assert subject(plain.send()) is None


@pytest.mark.parametrize(
    "options",
    [
        {"subject": 1.5},
        {"subject": ["a"]},
        {"subject": ""},
        {"subject": "x" * 257},
        {"supersede_running": True},
        {"max_defer": 1_000},
        {"subject": "a", "supersede_running": "yes"},
        {"subject": "a", "max_defer": 0},
        {"subject": "a", "max_defer": "1s"},
    ],
    ids=repr,
)
def test_what_makes_no_sense_is_refused_and_nothing_accepted(broker: LifoBroker, options: dict[str, object]) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    with pytest.raises(ValueError, match=r"subject|supersede_running|max_defer"):
        work.send_with_options(**options)

    assert broker.store.page(limit=1).jobs == []


@pytest.mark.parametrize("options", [{"subject": ""}, {"subject": 7}, {"max_defer": -1}, {"supersede_running": 1}])
def test_a_task_that_says_what_makes_no_sense_isnt_declared(broker: LifoBroker, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"subject|supersede_running|max_defer"):

        @dramatiq.actor(**options)
        def work() -> None:
            pass
