"""Results, pipelines, groups and callbacks, as Dramatiq programs use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dramatiq
import pytest
from dramatiq.middleware import GroupCallbacks
from dramatiq.rate_limits.backends import StubBackend
from dramatiq.results import ResultFailure, ResultMissing, ResultTimeout

from middleware.broker import LifoBroker

from ...service import wait_until
from ..workers import Gate, ended, working


def test_a_result_is_kept_on_the_job_and_can_be_waited_for(broker: LifoBroker) -> None:
    @dramatiq.actor(store_results=True)
    def add(a: int, b: int) -> dict[str, int]:
        return {"sum": a + b}

    with working(broker):
        message = add.send(1, 2)
        assert message.get_result(block=True, timeout=10_000) == {"sum": 3}
        assert broker.store.get(message.message_id).result == {"sum": 3}


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("x" * 70_000, "the result has 70002 bytes"),
        (object(), "isn't JSON"),
        ({1, 2}, "isn't JSON"),
    ],
    ids=["too large", "object", "set"],
)
def test_a_result_that_cannot_be_kept_leaves_the_reason(broker: LifoBroker, value: Any, why: str) -> None:
    @dramatiq.actor(store_results=True)
    def work() -> Any:
        return value

    with working(broker):
        job = ended(broker, work.send())

    assert (job.status.value, job.result) == ("processed", None)
    assert why in (job.result_error or "")


@pytest.mark.parametrize("value", [None, 0, "", [], {"é": [1.5, None, True]}, "x" * 65_000], ids=repr)
def test_every_json_value_is_kept_as_it_is(broker: LifoBroker, value: Any) -> None:
    @dramatiq.actor(store_results=True)
    def work() -> Any:
        return value

    with working(broker):
        assert work.send().get_result(block=True, timeout=10_000) == value


def test_a_result_that_is_not_there_yet_is_missing_or_times_out(broker: LifoBroker) -> None:
    @dramatiq.actor(store_results=True)
    def work() -> int:
        return 1

    message = work.send()

    with pytest.raises(ResultMissing):
        message.get_result()
    with pytest.raises(ResultTimeout):
        message.get_result(block=True, timeout=30)


def test_the_result_of_a_failed_job_is_its_failure(broker: LifoBroker) -> None:
    @dramatiq.actor(store_results=True, max_retries=0)
    def work() -> int:
        raise ValueError("no luck")

    with working(broker), pytest.raises(ResultFailure, match="ValueError: no luck"):
        work.send().get_result(block=True, timeout=10_000)


def test_the_result_of_a_job_nobody_can_run_is_a_failure(broker: LifoBroker) -> None:
    broker.declare_queue("default")
    message = dramatiq.Message("default", "ghost", (), {}, {})
    with working(broker):
        broker.enqueue(message)
        with pytest.raises(ResultFailure, match="ActorNotFound"):
            message.get_result(block=True, timeout=10_000)


def test_a_retried_job_keeps_only_its_last_result(broker: LifoBroker) -> None:
    attempts = iter([ValueError("first"), None])

    @dramatiq.actor(store_results=True, min_backoff=1, max_backoff=2)
    def work() -> str:
        error = next(attempts)
        if error is not None:
            raise error
        return "second"

    with working(broker):
        assert work.send().get_result(block=True, timeout=10_000) == "second"


def test_a_pipeline_hands_results_on_and_keeps_its_ids(broker: LifoBroker) -> None:
    @dramatiq.actor(store_results=True)
    def add(a: int, b: int) -> int:
        return a + b

    pipe = add.message(1, 2) | add.message(10) | add.message(100)
    with working(broker):
        pipe.run()
        assert pipe.get_result(block=True, timeout=10_000) == 113
        assert list(pipe.get_results(block=True)) == [3, 13, 113]

    assert all(broker.store.get(message.message_id) is not None for message in pipe.messages)


def test_a_group_gives_all_results(broker: LifoBroker) -> None:
    @dramatiq.actor(store_results=True)
    def double(n: int) -> int:
        return 2 * n

    group = dramatiq.group(double.message(n) for n in range(20))
    with working(broker, threads=4):
        group.run()
        assert list(group.get_results(block=True, timeout=10_000)) == [2 * n for n in range(20)]
    assert group.completed


def test_a_group_calls_back_once_when_all_of_it_is_done(broker: LifoBroker) -> None:
    finished: list[str] = []

    @dramatiq.actor
    def work() -> None:
        pass

    @dramatiq.actor
    def finish(name: str) -> None:
        finished.append(name)

    broker.add_middleware(GroupCallbacks(StubBackend()))
    group = dramatiq.group(work.message() for _ in range(5))
    group.add_completion_callback(finish.message("done"))
    with working(broker, threads=4):
        group.run()
        wait_until(lambda: finished, "the callback")
        broker.join("default", timeout=10_000)

    assert finished == ["done"]


@pytest.mark.parametrize(("fails", "called"), [(False, "on_success"), (True, "on_failure")])
def test_callbacks_tell_how_a_job_ended(broker: LifoBroker, fails: bool, called: str) -> None:
    heard: list[tuple[str, Any]] = []

    @dramatiq.actor
    def on_success(message: dict[str, Any], result: Any) -> None:
        heard.append(("on_success", result))

    @dramatiq.actor
    def on_failure(message: dict[str, Any], failure: dict[str, str]) -> None:
        heard.append(("on_failure", failure["type"]))

    @dramatiq.actor(max_retries=0, store_results=True)
    def work() -> int:
        if fails:
            raise ValueError
        return 7

    with working(broker):
        work.send_with_options(on_success=on_success, on_failure=on_failure)
        wait_until(lambda: heard, "the callback")
        broker.join("default", timeout=10_000)

    assert heard == [(called, "ValueError" if fails else 7)]


def test_when_retries_are_exhausted_the_actor_named_for_it_is_sent_a_message(broker: LifoBroker) -> None:
    heard: list[int] = []

    @dramatiq.actor
    def gave_up(message: dict[str, Any], details_of: dict[str, int]) -> None:
        heard.append(details_of["retries"])

    @dramatiq.actor(max_retries=1, min_backoff=1, max_backoff=2, on_retry_exhausted="gave_up")
    def work() -> None:
        raise ValueError

    with working(broker):
        work.send()
        wait_until(lambda: heard, "the message")
        broker.join("default", timeout=10_000)

    assert heard == [1]


def test_a_task_that_sends_its_next_step_runs_it_first(broker: LifoBroker, gate: Gate) -> None:
    ran: list[str] = []

    @dramatiq.actor
    def step(name: str) -> None:
        if name == "last sent":
            gate.wait()
            step.send("its follow-up")
        ran.append(name)

    step.send("backlog")
    step.send("last sent")
    with working(broker):
        gate.wait_for(1)
        gate.open()
        broker.join("default", timeout=10_000)

    assert ran == ["last sent", "its follow-up", "backlog"]


def by_itself(broker: LifoBroker, wanted: int) -> list[str]:
    """Run so many jobs as a program does that iterates over a consumer itself."""
    consumer = broker.consume("default", prefetch=1, timeout=2_000)
    seen = []
    for message in consumer:
        assert message is not None
        seen.append(message.message_id)
        consumer.ack(message)
        if len(seen) == wanted:
            break
    consumer.close()
    return seen


def test_a_program_may_iterate_over_a_consumer_without_a_worker(broker: LifoBroker) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    ids = [work.send().message_id for _ in range(5)]

    assert by_itself(broker, 3) == ids[:1:-1]
    assert by_itself(broker, 2) == ids[1::-1]
    assert {broker.store.get(id).status.value for id in ids} == {"processed"}


@pytest.mark.parametrize(
    ("end", "status"),
    [(lambda consumer, message: consumer.nack(message), "rejected"), (lambda consumer, message: None, "queued")],
    ids=["nack", "nothing"],
)
def test_what_such_a_program_does_not_finish_goes_back(
    broker: LifoBroker, end: Callable[[Any, Any], None], status: str
) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    sent = work.send()
    consumer = broker.consume("default", prefetch=1, timeout=2_000)
    message = next(consumer)
    assert message is not None
    if status == "rejected":
        message.fail()
    end(consumer, message)
    consumer.close()
    broker.close()

    assert broker.store.get(sent.message_id).status.value == status
