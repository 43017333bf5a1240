"""The default task."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dramatiq
import pytest
from marshmallow import ValidationError

import tasks
from middleware.jobs import Job
from middleware.queues.policy import Policy
from tasks.process_message import process_message
from tests.service import wait_until


@pytest.mark.parametrize(
    ("message", "characters", "words"), [("hi", 2, 1), ("Hello,  world\n", 14, 2), ("\U0001f600 é", 3, 2)]
)
def test_it_counts_characters_and_words(message: str, characters: int, words: int) -> None:
    assert process_message(message) == {"message": message, "characters": characters, "words": words}


@pytest.mark.parametrize("message", ["", " ", "\n\t", "x" * 65_537, None, 5, ["x"]])
def test_a_bad_message_isnt_taken(message: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        tasks.registry["process_message"].schema().load({"message": message})

    assert set(refusal.value.messages_dict) == {"message"}


@pytest.fixture
def worker(redis_url: str) -> Iterator[dramatiq.Worker]:
    """A worker in this process, on the service's own broker; windows don't hold it back."""
    assert tasks.settings.redis_url == redis_url
    tasks.broker.windows.put_policy("default", Policy(mode="continuous"))
    worker = dramatiq.Worker(tasks.broker, worker_threads=1)
    worker.start()
    yield worker
    worker.stop()


@pytest.mark.usefixtures("worker")
def test_a_message_sent_from_python_is_processed_and_its_result_is_on_the_job() -> None:
    message = process_message.send("one two three")

    job = wait_until(lambda: _job_at_its_end(message.message_id), "the job to end")

    assert (job.status, job.task, job.payload) == ("processed", "process_message", {"message": "one two three"})
    assert job.result == {"message": "one two three", "characters": 13, "words": 3}


def _job_at_its_end(id: str) -> Job | None:
    job = tasks.broker.store.get(id)
    return job if job is not None and job.status.is_final else None
