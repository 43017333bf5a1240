"""Messages that nobody can run, middleware that raises, and what Dramatiq programs bring along."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import dramatiq
import pytest
from dramatiq.middleware import Middleware, SkipMessage

from middleware.broker import LifoBroker
from middleware.commands.types import Offer

from ...service import wait_until
from ..workers import Gate, ended, working


def test_a_job_of_an_unknown_task_is_rejected_with_the_reason(broker: LifoBroker) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    ghosts = [dramatiq.Message("default", "ghost", (), {}, {}) for _ in range(300)]
    broker.accept(ghosts[:150])
    last = work.send()
    broker.accept(ghosts[150:])
    with working(broker, threads=4):
        assert ended(broker, last).status.value == "processed"
        jobs = [ended(broker, ghost) for ghost in ghosts]

    assert {(job.status.value, job.reason) for job in jobs} == {("rejected", "unknown_task")}


@pytest.mark.parametrize("body", [b"not JSON", b"[1]", b"{}", b'"text"', b""])
def test_a_message_that_cannot_be_read_is_rejected_and_the_worker_goes_on(broker: LifoBroker, body: bytes) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    last = work.send()
    broker.redis.queue("default").accept([Offer(f"broken-{n}", "work", body) for n in range(20)])
    with working(broker, threads=2):
        assert ended(broker, last).status.value == "processed"
        jobs = [ended(broker, f"broken-{n}") for n in range(20)]

    assert {(job.status.value, job.reason) for job in jobs} == {("rejected", "undecodable")}
    assert {job.error.type for job in jobs if job.error} == {"UndecodableMessageError"}


def test_a_message_with_another_jobs_id_is_not_run_under_it(broker: LifoBroker) -> None:
    runs: list[str] = []

    @dramatiq.actor
    def work() -> None:
        runs.append("ran")

    other = work.message()
    broker.redis.queue("default").accept([Offer("mine", "work", other.encode())])
    with working(broker):
        assert ended(broker, "mine").reason == "undecodable"

    assert runs == []


def test_a_message_that_middleware_skips_is_processed_without_running(broker: LifoBroker) -> None:
    runs: list[str] = []

    class Skipper(Middleware):
        def before_process_message(self, broker: Any, message: Any) -> None:
            raise SkipMessage

    @dramatiq.actor
    def work() -> None:
        runs.append("ran")

    broker.add_middleware(Skipper())
    with working(broker):
        assert ended(broker, work.send()).status.value == "processed"

    assert runs == []


def test_a_message_that_is_too_old_is_rejected_as_skipped(broker: LifoBroker) -> None:
    @dramatiq.actor(max_age=1)
    def work() -> None:
        pass

    with working(broker):
        job = ended(broker, broker.enqueue(work.message().copy(message_timestamp=1)))

    assert (job.status.value, job.reason) == ("rejected", "skipped")


@pytest.mark.parametrize(
    "hook", ["before_process_message", "after_process_message", "before_ack", "after_ack", "before_enqueue"]
)
def test_middleware_that_raises_loses_no_job(broker: LifoBroker, hook: str) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("bad middleware")

    @dramatiq.actor
    def work() -> None:
        pass

    broker.add_middleware(type("Bad", (Middleware,), {hook: fail})())
    with working(broker):
        jobs = [ended(broker, work.send()) for _ in range(3)]

    assert {job.status.value for job in jobs} == {"processed"}


def test_an_actor_with_a_priority_is_refused(broker: LifoBroker) -> None:
    with pytest.raises(ValueError, match="'urgent' has priority 1"):
        dramatiq.actor(priority=1, actor_name="urgent")(lambda: None)
    assert "urgent" not in broker.actors


def test_the_ids_that_dramatiq_makes_are_kept(broker: LifoBroker) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    message = work.send()

    assert uuid.UUID(message.message_id).version == 4
    job = broker.store.get(message.message_id)
    assert job is not None
    assert job.id == message.message_id


def test_a_paused_worker_claims_nothing_not_even_when_a_job_ends(broker: LifoBroker, gate: Gate) -> None:
    @dramatiq.actor
    def work(n: int) -> None:
        gate.wait(n)

    with working(broker, threads=2) as worker:
        running = [work.send(n) for n in range(2)]
        gate.wait_for(2)
        waiting = [work.send(n) for n in (2, 3, 4)]
        pausing = threading.Thread(target=worker.pause)
        pausing.start()
        wait_until(worker.consumers["default"].paused_event.is_set, "the consumer to pause")
        gate.open()
        pausing.join(30)
        assert [ended(broker, message).status.value for message in running] == ["processed", "processed"]
        assert [broker.store.get(message.message_id).attempts for message in waiting] == [0, 0, 0]

        worker.resume()
        assert [ended(broker, message).attempts for message in waiting] == [1, 1, 1]
    assert sorted(gate.passed) == [0, 1, 2, 3, 4]
