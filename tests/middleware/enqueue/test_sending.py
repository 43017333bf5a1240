"""``send()`` as Dramatiq programs use it: to queues of other programs, while Redis is away, and waiting for the end."""

from __future__ import annotations

import time

import dramatiq
import pytest
from dramatiq.errors import QueueJoinTimeout

from local.embedded import EmbeddedServer, free_port
from middleware.broker import LifoBroker
from middleware.errors import JobRejectedError, RedisAwayError
from middleware.worker.context import current_job_id, progress

from ..workers import Gate, ended, working


def test_a_job_may_be_sent_to_a_queue_that_only_another_program_declares(redis_url: str) -> None:
    sender, receiver = LifoBroker(url=redis_url), LifoBroker(url=redis_url)

    @dramatiq.actor(queue_name="far", broker=receiver)
    def work(n: int) -> None:
        pass

    message: dramatiq.Message[None] = dramatiq.Message("far", "work", (7,), {}, {})
    sender.enqueue(message)
    with working(receiver):
        assert ended(receiver, message).payload == {"n": 7}
    sender.close()
    receiver.close()


def test_a_pipeline_goes_on_in_another_program(redis_url: str) -> None:
    here, there = LifoBroker(url=redis_url), LifoBroker(url=redis_url)

    @dramatiq.actor(queue_name="here", broker=here, store_results=True)
    def first() -> int:
        return 20

    @dramatiq.actor(queue_name="there", broker=there, store_results=True)
    def second(n: int) -> int:
        return n + 1

    last = second.message()
    with working(here), working(there):
        dramatiq.pipeline([first.message(), last], broker=here).run()
        assert ended(there, last).result == 21
    here.close()
    there.close()


def test_the_name_of_such_a_queue_must_be_one(broker: LifoBroker) -> None:
    with pytest.raises(ValueError, match="'no queue' doesn't fit"):
        broker.enqueue(dramatiq.Message("no queue", "work", (), {}, {}))


def test_while_redis_is_away_it_is_said_that_send_waits_and_that_it_went_on(
    own_server: EmbeddedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    broker = LifoBroker(url=own_server.url, patience_s=0.3)
    broker.declare_queue("default")
    own_server.kill()

    for _ in range(2):
        with pytest.raises(RedisAwayError):
            broker.enqueue(dramatiq.Message("default", "work", (), {}, {}))
    own_server.start()
    broker.enqueue(dramatiq.Message("default", "work", (), {}, {}))

    lines = [record.getMessage() for record in caplog.records if record.name.endswith("outage")]
    assert len(lines) == 2
    assert lines[0].startswith("Redis is away")
    assert lines[1].startswith("Redis is back, after ")
    broker.close()


def test_a_host_that_can_not_be_found_is_an_outage_of_seconds() -> None:
    broker = LifoBroker(host="no-such-host.invalid", port=free_port(), patience_s=0.3)
    broker.declare_queue("default")

    began = time.monotonic()
    with pytest.raises(RedisAwayError):
        broker.enqueue(dramatiq.Message("default", "work", (), {}, {}))
    assert time.monotonic() - began < 10


def test_a_task_reports_to_the_broker_of_its_actor(redis_url: str, broker: LifoBroker, gate: Gate) -> None:
    another = LifoBroker(url=redis_url)

    @dramatiq.actor(broker=another, queue_name="another")
    def work() -> None:
        progress(0.5, "half")
        gate.wait()

    message = work.send()
    with working(another):
        gate.wait_for(1)
        job = another.store.get(message.message_id)
        assert job is not None
        assert job.progress is not None
        assert job.progress.note == "half"
        gate.open()
        assert ended(another, message).status == "processed"
    another.close()


def test_a_task_knows_the_id_of_its_job_in_every_attempt(broker: LifoBroker) -> None:
    ids: list[str | None] = []

    @dramatiq.actor(min_backoff=1, max_backoff=2)
    def work() -> None:
        ids.append(current_job_id())
        if len(ids) == 1:
            raise ValueError("once more")

    message = work.send()
    with working(broker):
        ended(broker, message)
    assert ids == [message.message_id] * 2
    assert current_job_id() is None


def test_join_looks_as_often_as_it_is_told(broker: LifoBroker) -> None:
    broker.declare_queue("default")
    broker.enqueue(dramatiq.Message("default", "work", (), {}, {}))

    began = time.monotonic()
    with pytest.raises(QueueJoinTimeout):
        broker.join("default", interval=150, timeout=100)
    assert time.monotonic() - began >= 0.15


def test_join_tells_of_a_job_that_was_rejected(broker: LifoBroker) -> None:
    @dramatiq.actor(max_retries=0)
    def work() -> None:
        raise ValueError("no luck")

    message = work.send()
    with working(broker):
        broker.join("default", timeout=10_000)
        with pytest.raises(JobRejectedError, match=rf"{message.message_id} \(work\) .*ValueError: no luck"):
            broker.join("default", timeout=10_000, fail_fast=True)


def test_join_tells_nothing_of_jobs_that_were_rejected_before_its_program_began(redis_url: str) -> None:
    old, new = (
        LifoBroker(url=redis_url),
        LifoBroker(url=redis_url, now=lambda: (time.time_ns() // 1000) + 3_600_000_000),
    )

    @dramatiq.actor(max_retries=0, broker=old)
    def work() -> None:
        raise ValueError("no luck")

    with working(old):
        ended(old, work.send())
    new.join("default", fail_fast=True)
    old.close()
    new.close()
