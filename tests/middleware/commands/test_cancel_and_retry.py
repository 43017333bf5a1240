"""Calling jobs off, and putting those that ended badly back on top."""

from __future__ import annotations

import threading

import dramatiq
import pytest

from middleware.broker import LifoBroker
from middleware.worker.context import cancel_requested, progress
from middleware.worker.delivery import Cancelled

from ...service import wait_until
from ..scripted import ScriptedQueue
from ..workers import Gate, ended, working


def test_a_waiting_job_is_cancelled_at_once(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b")
    queue.send("later", after_us=1_000_000)

    assert [queue.broker.cancel(id) for id in ("a", "later")] == ["cancelled", "cancelled"]

    assert (queue.status("a"), queue.job("a").reason) == ("cancelled", "requested")
    assert queue.status("later") == "cancelled"
    assert queue.claimed_ids(5) == ["b"]


def test_a_running_job_is_asked_and_may_still_end_well(queue: ScriptedQueue) -> None:
    queue.send("a")
    [token] = queue.claim()

    assert queue.broker.cancel("a") == "asked"
    assert queue.job("a").cancel_requested
    assert queue.scripts.heartbeat(1_000_000, 1_000_000, [token]) == [("a", "cancel")]

    queue.settle(token)
    assert queue.status("a") == "processed"


@pytest.mark.parametrize("outcome", ["retry", "put_back"])
def test_a_job_that_was_asked_to_stop_is_not_tried_again(queue: ScriptedQueue, outcome: str) -> None:
    queue.send("a")
    [token] = queue.claim()
    queue.broker.cancel("a")

    queue.settle(token, outcome)

    assert (queue.status("a"), queue.job("a").reason) == ("cancelled", "requested")


def test_a_job_that_was_asked_to_stop_ends_with_its_worker(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.claim()
    queue.broker.cancel("a")

    assert queue.lose_leases() == [("a", "c")]


def test_cancelling_says_when_there_is_nothing_to_cancel(queue: ScriptedQueue) -> None:
    queue.send_each("done", "gone", "asked")
    tokens = dict(queue.claim(3))
    queue.settle(("done", tokens["done"]))
    queue.settle(("gone", tokens["gone"]), "cancelled")
    queue.broker.cancel("asked")

    answers = [queue.broker.cancel(id) for id in ("done", "gone", "asked", "nobody")]

    assert answers == ["finished", "already", "already", "missing"]


def test_the_last_waiting_jobs_cancellation_ends_a_window_that_closes_when_empty(gated_queue: ScriptedQueue) -> None:
    gated_queue.rule(close_when_empty=True)
    gated_queue.send_each("a", "b")
    window = gated_queue.open()
    gated_queue.claim()

    gated_queue.broker.cancel("a")

    assert gated_queue.window(window).close_reason == "empty"


@pytest.mark.parametrize("outcome", ["rejected", "cancelled"])
def test_a_revived_job_is_on_top(queue: ScriptedQueue, outcome: str) -> None:
    queue.send_each("a", "b", "c")
    tokens = dict(queue.claim(3))
    queue.settle(("a", tokens["a"]), outcome, reason="why")
    queue.settle(("b", tokens["b"]), "put_back")
    queue.send_each("d")

    assert queue.broker.retry("a") == "queued"

    job = queue.job("a")
    assert (job.status.value, job.reason, job.finished_at_us, job.attempts) == ("queued", None, None, 1)
    queue.send_each("e")
    assert queue.claimed_ids(4) == ["e", "a", "d", "b"]


def test_reviving_says_why_it_cannot(queue: ScriptedQueue) -> None:
    queue.send_each("done", "runs", "waits")
    queue.send("later", after_us=1_000_000)
    queue.broker.cancel("waits")
    tokens = dict(queue.claim(2))
    queue.settle(("done", tokens["done"]))
    assert queue.broker.retry("waits") == "queued"

    answers = [queue.broker.retry(id) for id in ("done", "runs", "waits", "later", "nobody")]

    assert answers == ["processed", "running", "waiting", "waiting", "missing"]


def test_a_revived_jobs_retries_begin_anew(broker: LifoBroker) -> None:
    attempts = []

    @dramatiq.actor(max_retries=1, min_backoff=1, max_backoff=1)
    def work() -> None:
        attempts.append(1)
        raise ValueError("no")

    with working(broker):
        message = work.send()
        assert ended(broker, message).status.value == "rejected"
        assert broker.retry(message.message_id) == "queued"
        wait_until(lambda: len(attempts) == 4, "four attempts")
        assert ended(broker, message).attempts == 4


def test_a_task_is_interrupted_and_its_thread_works_on(broker: LifoBroker) -> None:
    begun = threading.Event()

    @dramatiq.actor(max_retries=5)
    def endless() -> None:
        while True:
            begun.set()
            threading.Event().wait(0.005)

    @dramatiq.actor
    def work() -> None:
        pass

    with working(broker, threads=1):
        message = endless.send()
        begun.wait(30)
        assert broker.cancel(message.message_id) == "asked"
        job = ended(broker, message)
        after = ended(broker, work.send())

    assert (job.status.value, job.attempts, job.error and job.error.type) == ("cancelled", 1, "Cancelled")
    assert after.status.value == "processed"


def test_interrupting_tasks_that_are_just_ending_kills_no_thread(broker: LifoBroker) -> None:
    @dramatiq.actor(max_retries=0)
    def short() -> None:
        pass

    with working(broker, threads=2) as worker:
        messages = [short.send() for _ in range(300)]
        for message in messages:
            broker.cancel(message.message_id)
        jobs = [ended(broker, message) for message in messages]
        assert all(thread.is_alive() for thread in worker.workers)
        assert ended(broker, short.send()).status.value == "processed"

    assert {job.status.value for job in jobs} <= {"processed", "cancelled"}


def test_a_task_that_is_not_interrupted_looks_at_its_flag(broker: LifoBroker) -> None:
    begun, tidied = threading.Event(), threading.Event()

    @dramatiq.actor(interrupt=False)
    def polite() -> None:
        begun.set()
        while not cancel_requested():
            threading.Event().wait(0.005)
        tidied.set()
        raise Cancelled("as you wish")

    with working(broker):
        message = polite.send()
        begun.wait(30)
        broker.cancel(message.message_id)
        job = ended(broker, message)

    assert tidied.is_set()
    assert job.status.value == "cancelled"


def test_progress_is_shown_while_the_task_runs(broker: LifoBroker, gate: Gate) -> None:
    @dramatiq.actor
    def work() -> None:
        progress(0.25, "a quarter")
        gate.wait()
        progress(1.0)

    with working(broker):
        message = work.send()
        gate.wait_for(1)
        running = broker.store.get(message.message_id)
        gate.open()
        job = ended(broker, message)

    assert running is not None
    assert running.progress is not None
    assert (running.progress.share, running.progress.note) == (0.25, "a quarter")
    assert job.progress is not None
    assert job.progress.share == 1.0


@pytest.mark.parametrize(("share", "note"), [(-0.1, None), (1.1, None), (0.5, "x" * 501)])
def test_progress_that_does_not_fit_is_refused(share: float, note: str | None) -> None:
    with pytest.raises(ValueError, match="got"):
        progress(share, note)


def test_progress_outside_a_task_does_nothing() -> None:
    progress(0.5)
    assert cancel_requested() is False


def test_progress_of_a_lost_attempt_is_not_kept(queue: ScriptedQueue) -> None:
    queue.send("a")
    [token] = queue.claim()
    queue.lose_leases()

    assert queue.scripts.progress(token, b'{"share":0.5,"note":null}') == "stale"
    assert queue.job("a").progress is None
