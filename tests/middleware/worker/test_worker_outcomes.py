"""How attempts end in a worker: retries, rejections, and what no decision means."""

from __future__ import annotations

from typing import Any

import dramatiq
import pytest
from dramatiq.errors import RateLimitExceeded, Retry
from dramatiq.middleware import Middleware

from middleware.broker import LifoBroker

from ...service import wait_until
from ..workers import Gate, ended, working


class UnspeakableError(Exception):
    """Can't even be turned into text."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_a_job_that_ends_well_is_processed(broker: LifoBroker) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    with working(broker):
        job = ended(broker, work.send())

    assert (job.status.value, job.attempts, job.error, job.reason) == ("processed", 1, None, None)
    assert job.worker is not None
    assert job.run_ms is not None


@pytest.mark.parametrize("delay_ms", [0, 30])
def test_a_failed_attempt_is_retried_and_counted(broker: LifoBroker, delay_ms: int) -> None:
    failures = iter([ValueError("one"), ValueError("two")])

    @dramatiq.actor(max_retries=5)
    def work() -> None:
        for failure in failures:
            raise Retry(str(failure), delay=delay_ms) from failure

    with working(broker):
        job = ended(broker, work.send())

    assert (job.status.value, job.attempts, job.max_attempts) == ("processed", 3, 6)
    assert job.error is not None
    assert (job.error.type, job.error.message) == ("Retry", "two")


def test_a_retry_waits_out_its_backoff_as_a_scheduled_job(broker: LifoBroker) -> None:
    @dramatiq.actor(min_backoff=60_000)
    def work() -> None:
        raise ValueError("not today")

    with working(broker):
        message = work.send()
        job = wait_until(
            lambda: (job := broker.store.get(message.message_id)) and job.status.value == "scheduled" and job
        )

    assert job.due_at_us > job.started_at_us
    assert job.error.type == "ValueError"
    assert "not today" in job.error.traceback


def test_when_its_retries_are_used_up_a_job_is_rejected_with_its_error(broker: LifoBroker) -> None:
    @dramatiq.actor(max_retries=2, min_backoff=1, max_backoff=2)
    def work() -> None:
        raise ValueError("never")

    with working(broker):
        job = ended(broker, work.send())

    assert (job.status.value, job.attempts, job.max_attempts, job.reason) == ("rejected", 3, 3, "failed")
    assert job.error is not None
    assert (job.error.type, job.error.message) == ("ValueError", "never")


def test_an_expected_exception_rejects_at_once(broker: LifoBroker) -> None:
    @dramatiq.actor(throws=KeyError)
    def work() -> None:
        raise KeyError("expected")

    with working(broker):
        job = ended(broker, work.send())

    assert (job.status.value, job.attempts) == ("rejected", 1)


def test_a_rate_limit_is_a_retry(broker: LifoBroker) -> None:
    tries = iter([True, False])

    @dramatiq.actor(min_backoff=1, max_backoff=2)
    def work() -> None:
        if next(tries):
            raise RateLimitExceeded("too many")

    with working(broker):
        job = ended(broker, work.send())

    assert (job.status.value, job.attempts) == ("processed", 2)


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1), UnspeakableError()], ids=lambda e: type(e).__name__)
def test_without_anybody_who_decides_a_failure_is_rejected_never_processed(
    redis_url: str, error: BaseException
) -> None:
    broker = LifoBroker(url=redis_url, middleware=[])

    @dramatiq.actor(broker=broker)
    def work() -> None:
        raise error

    with working(broker):
        job = ended(broker, work.send())
    broker.close()

    assert (job.status.value, job.max_attempts) == ("rejected", 1)
    assert job.error is not None
    assert job.error.type == type(error).__name__


def test_a_retry_that_cannot_be_written_down_is_a_failure_and_frees_its_thread(broker: LifoBroker) -> None:
    class Spoiler(Middleware):
        def after_process_message(
            self, broker: Any, message: Any, *, result: Any = None, exception: Any = None
        ) -> None:
            if exception is not None:
                message.options["not JSON"] = object()

    @dramatiq.actor(min_backoff=1)
    def fail() -> None:
        raise ValueError("no")

    @dramatiq.actor
    def work() -> None:
        pass

    broker.add_middleware(Spoiler())
    with working(broker):
        job = ended(broker, fail.send())
        assert ended(broker, work.send()).status.value == "processed"

    assert (job.status.value, job.reason) == ("rejected", "unencodable")


def test_a_retry_in_a_later_century_is_a_failure(broker: LifoBroker) -> None:
    @dramatiq.actor
    def work() -> None:
        raise Retry("much later", delay=10**15)

    with working(broker):
        assert ended(broker, work.send()).status.value == "rejected"


def test_a_retry_that_follows_at_once_leaks_no_thread(broker: LifoBroker, gate: Gate) -> None:
    @dramatiq.actor(max_retries=30)
    def again() -> None:
        raise Retry("again", delay=0)

    @dramatiq.actor
    def hold(n: int) -> None:
        gate.wait(n)

    with working(broker, threads=3):
        for job in [ended(broker, message) for message in [again.send() for _ in range(4)]]:
            assert (job.status.value, job.attempts) == ("rejected", 31)
        for n in range(3):
            hold.send(n)
        gate.wait_for(3)
        gate.open()
        broker.join("default", timeout=10_000)
