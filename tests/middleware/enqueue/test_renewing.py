"""Running the same message, pipeline or group a second time."""

from __future__ import annotations

from typing import Any

import dramatiq
import pytest
from dramatiq.middleware import GroupCallbacks
from dramatiq.rate_limits.backends import StubBackend

from middleware.broker import LifoBroker
from middleware.errors import DuplicateJobError

from ...service import wait_until
from ..workers import ended, working


@pytest.fixture
def add(broker: LifoBroker) -> dramatiq.Actor[Any, int]:
    """Adds two numbers."""

    @dramatiq.actor(store_results=True)
    def add(a: int, b: int) -> int:
        return a + b

    return add


def test_the_same_message_is_never_two_jobs_and_the_error_tells_the_way(
    broker: LifoBroker, add: dramatiq.Actor[Any, int]
) -> None:
    message = add.send(1, 2)

    with pytest.raises(DuplicateJobError, match=r"broker\.renewed"):
        broker.enqueue(message)

    again = broker.enqueue(broker.renewed(message))
    with working(broker):
        assert ended(broker, message).result == ended(broker, again).result == 3


def test_a_pipeline_can_be_run_again(broker: LifoBroker, add: dramatiq.Actor[Any, int]) -> None:
    pipe = add.message(1, 2) | add.message(10) | add.message(100)

    with working(broker):
        results = [
            run.run().get_result(block=True, timeout=10_000)
            for run in (pipe, broker.renewed(pipe), broker.renewed(pipe))
        ]

    assert results == [113, 113, 113]
    assert broker.store.page().jobs[0].payload == {"a": 100, "b": 13}
    assert len(broker.store.page().jobs) == 9


def test_a_message_that_leads_on_to_others_can_be_sent_again(broker: LifoBroker, add: dramatiq.Actor[Any, int]) -> None:
    first = (add.message(1, 2) | add.message(10) | add.message(100)).messages[0]

    with working(broker):
        for message in (first, broker.renewed(first)):
            broker.enqueue(message)
        broker.join("default", timeout=10_000)

    assert sorted(job.result for job in broker.store.page().jobs) == [3, 3, 13, 13, 113, 113]


def test_a_group_and_its_callbacks_can_be_run_again(broker: LifoBroker, add: dramatiq.Actor[Any, int]) -> None:
    broker.add_middleware(GroupCallbacks(StubBackend()))
    finished: list[str] = []

    @dramatiq.actor
    def finish(name: str) -> None:
        finished.append(name)

    group = dramatiq.group([add.message(1, 2), add.message(3, 4) | add.message(5)])
    group.add_completion_callback(finish.message("all"))

    with working(broker, threads=2):
        for run in (group, broker.renewed(group)):
            run.run()
            assert list(run.get_results(block=True, timeout=10_000)) == [3, 12]
        wait_until(lambda: len(finished) == 2, "both callbacks")
