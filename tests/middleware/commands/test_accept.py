"""Accepting jobs: seq, batches, duplicates."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import dramatiq
import pytest

from middleware.commands import keys
from middleware.commands.types import Accepted, Again, Call, Crowded, Exists, IdempotencyKey, Offer, Replayed, Reused
from middleware.enqueue.acceptance import encoded
from middleware.errors import DuplicateJobError, UnknownQueueError
from middleware.jobs import JobStatus

from ..scripted import START_US, ScriptedQueue


def test_seq_is_the_time_of_acceptance(queue: ScriptedQueue) -> None:
    first = queue.send("a")
    queue.clock.forward(ms=5)
    second = queue.send("b")

    assert (first.first_seq, second.first_seq) == (START_US, START_US + 5000)
    assert queue.job("b").created_at_us == START_US + 5000


def test_seq_goes_on_by_one_within_the_same_microsecond(queue: ScriptedQueue) -> None:
    assert [queue.send(id).first_seq for id in ("a", "b", "c")] == [START_US, START_US + 1, START_US + 2]


def test_seq_never_goes_back_when_the_clock_does(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.clock.forward(s=-3600)

    assert queue.send("b").first_seq == START_US + 1
    assert queue.claimed_ids(2) == ["b", "a"]


def test_a_batch_takes_seqs_in_its_order_so_that_the_last_one_is_on_top(queue: ScriptedQueue) -> None:
    queue.send("a", "b", "c")

    assert [queue.job(id).seq - START_US for id in ("a", "b", "c")] == [0, 1, 2]
    assert queue.waiting() == ["c", "b", "a"]


def test_a_batch_of_a_thousand_is_accepted_in_one_call(queue: ScriptedQueue) -> None:
    queue.send(*(f"job-{n:04}" for n in range(1000)))

    assert queue.count("accepted") == 1000
    assert queue.waiting()[0] == "job-0999"


def test_a_batch_with_a_known_id_changes_nothing(queue: ScriptedQueue) -> None:
    queue.send("a")

    answer = queue.offer("b", "a", "c")

    assert answer == Exists(1, "a")
    assert queue.waiting() == ["a"]
    assert queue.count("accepted") == 1


@pytest.mark.parametrize("end", ["processed", "rejected"])
def test_an_id_stays_known_when_its_job_has_ended(queue: ScriptedQueue, end: str) -> None:
    queue.send("a")
    queue.settle(queue.claim()[0], end)

    assert queue.offer("a") == Exists(1, "a")
    assert queue.status("a") == end


def test_a_new_job_has_a_complete_record(queue: ScriptedQueue) -> None:
    queue.send("a")
    job = queue.job("a")

    assert (job.status.value, job.place, job.task, job.queue) == ("queued", job.seq, "task", "default")
    assert (job.attempts, job.queued_at_us, job.due_at_us) == (0, job.seq, None)
    assert (job.started_at_us, job.finished_at_us, job.worker, job.window) == (None, None, None, None)
    assert (job.result, job.error, job.reason, job.cancel_requested) == (None, None, None, False)


def test_accepting_rings_the_bell_once(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.send("b")

    assert queue.is_rung()


def test_the_broker_refuses_an_id_that_is_known(queue: ScriptedQueue) -> None:
    message = dramatiq.Message("default", "task", (), {}, {}, message_id="a")
    queue.broker.accept([message])

    with pytest.raises(DuplicateJobError, match="id a exists"):
        queue.broker.accept([message])


def test_the_broker_shows_seqs_and_due_times_of_what_it_accepted(queue: ScriptedQueue) -> None:
    messages = [dramatiq.Message("default", "task", (), {}, {}, message_id=id) for id in ("a", "b")]

    jobs = queue.broker.accept(messages, delay_ms=1500)

    assert jobs == [queue.job("a"), queue.job("b")]
    assert [job.due_at_us for job in jobs] == [START_US + 1_500_000] * 2


def test_the_broker_refuses_a_batch_that_holds_an_id_twice(queue: ScriptedQueue) -> None:
    messages = [dramatiq.Message("default", "task", (), {}, {}, message_id=id) for id in ("a", "b", "a")]

    with pytest.raises(DuplicateJobError, match="have id a"):
        queue.broker.accept(messages)
    assert queue.count("accepted") == 0


def test_a_call_that_is_sent_again_accepts_nothing_more(queue: ScriptedQueue) -> None:
    call = Call(b"me", START_US)
    queue.offer("a", "b", call=call)
    queue.settle(queue.claim()[0])

    assert queue.offer("a", "b", call=call) == Again()
    assert queue.count("accepted") == 2


def test_a_call_that_was_refused_is_refused_again(queue: ScriptedQueue) -> None:
    queue.send("a")

    for _ in range(2):
        assert queue.offer("a", call=Call(b"me", START_US)) == Exists(1, "a")


def test_a_callers_next_call_is_a_new_one_and_so_is_anothers(queue: ScriptedQueue) -> None:
    queue.offer("a", call=Call(b"me", START_US))

    assert queue.offer("a", call=Call(b"me", START_US + 1)) == Exists(1, "a")
    assert queue.offer("a", call=Call(b"you", START_US)) == Exists(1, "a")


def test_of_ten_thousand_callers_the_latest_are_kept(queue: ScriptedQueue) -> None:
    queue.client.zadd(keys.callers("default"), {f"caller-{n}": n for n in range(10_003)})

    queue.scripts.prune(10**12, 10**6, 10**9, 10**6)

    assert queue.client.zrange(keys.callers("default"), 0, 0) == ["caller-3"]
    assert isinstance(queue.offer("a", call=Call(b"caller-3", 4)), Accepted)


@pytest.mark.parametrize(
    ("queues", "ids", "error"),
    [
        ([], [], ValueError),
        (["default", "other"], ["a", "b"], ValueError),
        (["unknown"], ["a"], UnknownQueueError),
        (["default"], ["x" * 65], ValueError),
        (["default"], [""], ValueError),
        (["default"] * 1001, ["a"] * 1001, ValueError),
    ],
    ids=["none", "two queues", "unknown queue", "long id", "empty id", "too many"],
)
def test_what_cannot_be_accepted_is_refused_before_anything_is_sent(
    queue: ScriptedQueue, queues: list[str], ids: list[str], error: type[Exception]
) -> None:
    queue.broker.declare_queue("other")
    messages = [dramatiq.Message(name, "task", (), {}, {}, message_id=id) for name, id in zip(queues, ids, strict=True)]

    with pytest.raises(error):
        queue.broker.accept(messages)
    assert queue.count("accepted") == 0


def test_no_more_jobs_wait_than_may(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.send("later", after_us=1000)

    assert queue.offer("b", "c", most_waiting=3) == Crowded(2, wanted=2)
    assert isinstance(queue.offer("b", most_waiting=3), Accepted)
    assert queue.offer("c", most_waiting=3) == Crowded(3)
    queue.claim(1)
    assert isinstance(queue.offer("c", most_waiting=3), Accepted)


def test_a_call_that_is_sent_again_isnt_refused_for_the_room_it_took(queue: ScriptedQueue) -> None:
    call = Call(b"me", START_US)
    queue.offer("a", call=call, most_waiting=1)

    assert queue.offer("a", call=call, most_waiting=1) == Again()


@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {"message": 'x"\\\u2028\U0001f600', "n": -5, "yes": True},
        {"message": "\ud800"},
        {"n": 2**64},
        {"ratio": 0.1, "nan": float("inf")},
        {"list": [1, None, {"a": "null"}]},
        {"none": None},
    ],
    ids=repr,
)
def test_a_message_reads_back_the_same_however_it_was_encoded(kwargs: dict[str, Any]) -> None:
    message = dramatiq.Message("default", "task", (), kwargs, {"tags": ["x"]} if kwargs else {"retries": 0})

    assert dramatiq.Message.decode(encoded(message)) == message


@pytest.mark.parametrize("value", [uuid.uuid4(), datetime.now(UTC), JobStatus, b"x"])
def test_what_json_cant_hold_isnt_encoded(value: object) -> None:
    with pytest.raises(TypeError):
        encoded(dramatiq.Message("default", "task", (), {"value": value}, {}))


DAY_S = 86_400
KEY = IdempotencyKey(b"name", b"digest")


def test_a_key_is_known_for_a_day(queue: ScriptedQueue) -> None:
    queue.offer("a", key=KEY)

    queue.clock.forward(s=DAY_S - 1)
    assert queue.offer("b", key=KEY) == Replayed(queue.job("a").seq, 1)
    assert queue.offer("b", key=KEY._replace(digest=b"other")) == Reused()
    queue.clock.forward(s=1)
    assert isinstance(queue.offer("b", key=KEY._replace(digest=b"other")), Accepted)
    assert queue.waiting() == ["b", "a"]


def test_refused_offers_keep_no_key(queue: ScriptedQueue) -> None:
    queue.send("a")

    assert queue.offer("a", key=KEY) == Exists(1, "a")
    assert queue.offer("b", key=KEY, most_waiting=1) == Crowded(1)
    assert isinstance(queue.offer("b", key=KEY), Accepted)


def test_keys_whose_day_is_over_are_forgotten_by_later_ones_and_by_maintenance(queue: ScriptedQueue) -> None:
    for n in range(150):
        queue.offer(f"old-{n}", key=KEY._replace(name=b"%d" % n))
    queue.clock.forward(s=DAY_S)

    queue.offer("new", key=KEY)
    assert _keys_kept(queue) == (51, 51)
    queue.scripts.prune(10**15, 10**6, 10**12, 10**6)
    assert _keys_kept(queue) == (1, 1)


def test_a_key_of_a_batch_takes_no_more_than_one_of_a_job(queue: ScriptedQueue) -> None:
    queue.scripts.accept([Offer(f"job-{n}", "task", queue.encoded(f"job-{n}")) for n in range(1000)], key=KEY)

    assert 0 < queue.client.hstrlen(keys.idempotency_keys(queue.name), KEY.name) < 40  # type: ignore[operator]
    assert isinstance(queue.offer("b", key=KEY), Replayed)


def test_keys_beyond_their_part_of_the_budget_go_before_their_day_is_over(queue: ScriptedQueue) -> None:
    for n in range(150):
        queue.offer(f"job-{n}", key=KEY._replace(name=b"%d" % n))

    queue.scripts.prune(10**15, 10**6, 10**12, 60)

    assert _keys_kept(queue) == (50, 50)


def test_a_key_outlives_its_job(queue: ScriptedQueue) -> None:
    queue.offer("a", key=KEY)
    seq = queue.job("a").seq
    queue.settle(queue.claim()[0])
    queue.scripts.prune(10**15, 0, 10**12, 10**6)

    assert queue.offer("b", key=KEY) == Replayed(seq, 1)


def _keys_kept(queue: ScriptedQueue) -> tuple[int, int]:
    kept = queue.client.hlen(keys.idempotency_keys(queue.name)), queue.client.zcard(keys.idempotency_ends(queue.name))
    assert isinstance(kept[0], int)
    return kept  # type: ignore[return-value]
