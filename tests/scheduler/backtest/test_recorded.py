"""Arrivals from what Redis keeps of a queue."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from middleware.commands.types import Offer, Subject
from middleware.tags import digests
from scheduler.backtest.arrivals import Arrival, Span
from scheduler.backtest.recorded import read_recorded

from ...middleware.scripted import START_US, ScriptedQueue

S = 1_000_000
EVERYTHING = Span()


@pytest.fixture
def queue(redis_url: str) -> Iterator[ScriptedQueue]:
    queue = ScriptedQueue(redis_url)
    yield queue
    queue.close()


def recorded(queue: ScriptedQueue, span: Span = EVERYTHING) -> list[Arrival]:
    return sorted(read_recorded(queue.broker.store, "default", span))


def test_jobs_arrive_when_they_were_accepted_or_fell_due(queue: ScriptedQueue) -> None:
    queue.send("at-once")
    queue.send("delayed", after_us=5 * S)
    queue.send("later", after_us=50 * S)
    queue.clock.forward(s=20)
    queue.claim(2)

    assert recorded(queue) == [Arrival(START_US), Arrival(START_US + 5 * S)]


def test_run_times_are_those_of_jobs_that_ran_to_their_end(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.clock.forward(s=1)
    queue.send("b")
    queue.clock.forward(s=1)
    queue.send("c")
    tokens = queue.claim(3)
    queue.clock.forward(s=4)
    queue.settle(tokens[0])
    queue.settle(tokens[1], "rejected")

    assert recorded(queue) == [
        Arrival(START_US),
        Arrival(START_US + S, None, 4 * S),
        Arrival(START_US + 2 * S, None, 4 * S),
    ]


def test_deadlines_are_those_of_the_jobs_expired_or_not(queue: ScriptedQueue) -> None:
    queue.send("a", expires_in_us=3 * S)
    queue.send("b", expires_in_us=30 * S)
    queue.clock.forward(s=10)
    queue.claim(1)

    assert queue.status("a") == "expired"
    assert [arrival.deadline_us for arrival in recorded(queue)] == [START_US + 3 * S, START_US + 1 + 30 * S - 1]


def test_subjects_are_those_of_the_jobs_superseded_or_not(queue: ScriptedQueue) -> None:
    subject = Subject(digests(["customer 7"]))
    for id in ("a", "b"):
        queue.scripts.accept([Offer(id, "task", queue.encoded(id), subject=subject)])
        queue.clock.forward(s=1)

    assert queue.status("a") == "superseded"
    assert [arrival.subject for arrival in recorded(queue)] == [subject.digest] * 2


def test_only_those_within_the_span_are_taken(queue: ScriptedQueue) -> None:
    for _ in range(5):
        queue.send(f"job-{queue.clock.now_us}")
        queue.clock.forward(s=1)

    found = recorded(queue, Span(after_us=START_US, before_us=START_US + 3 * S))
    assert [arrival.at_us for arrival in found] == [START_US + S, START_US + 2 * S]


def test_reading_changes_nothing(queue: ScriptedQueue, redis_client: redis.Redis) -> None:
    queue.send("a", expires_in_us=5 * S)
    queue.send("b", after_us=5 * S)
    queue.clock.forward(s=10)
    before = {key: redis_client.dump(key) for key in redis_client.scan_iter()}

    recorded(queue)

    assert {key: redis_client.dump(key) for key in redis_client.scan_iter()} == before


@pytest.mark.parametrize("order_by", ["accepted", "generated"])
def test_the_time_of_generation_is_that_of_the_jobs_whatever_they_were_ordered_by(
    queue: ScriptedQueue, order_by: str
) -> None:
    queue.rule(mode="continuous", order_by=order_by)
    queue.send_generated(7 * S, "a")
    queue.clock.forward(s=1)
    queue.send("b")

    assert recorded(queue) == [Arrival(START_US, generated_us=START_US - 7 * S), Arrival(START_US + S)]
