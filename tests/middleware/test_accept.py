"""Accepting jobs: seq, batches, duplicates, delays."""

from __future__ import annotations

import dramatiq
import pytest

from middleware.errors import DuplicateJobError, UnknownQueueError
from middleware.scripts import Known, Settlement

from .scripted import START_US, ScriptedQueue


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

    assert answer == Known(1, "a")
    assert queue.waiting() == ["a"]
    assert queue.count("accepted") == 1


@pytest.mark.parametrize("end", ["processed", "rejected"])
def test_an_id_stays_known_when_its_job_has_ended(queue: ScriptedQueue, end: str) -> None:
    queue.send("a")
    queue.settle(queue.claim()[0], end)

    assert queue.offer("a") == Known(1, "a")
    assert queue.status("a") == end


def test_a_new_job_has_a_complete_record(queue: ScriptedQueue) -> None:
    queue.send("a")
    job = queue.job("a")

    assert (job.status.value, job.place, job.task, job.queue) == ("queued", job.seq, "task", "default")
    assert (job.attempts, job.queued_at_us, job.due_at_us) == (0, job.seq, None)
    assert (job.started_at_us, job.finished_at_us, job.worker, job.window) == (None, None, None, None)
    assert (job.result, job.error, job.reason, job.cancel_requested) == (None, None, None, False)


def test_a_delayed_job_is_scheduled_and_has_no_place_yet(queue: ScriptedQueue) -> None:
    queue.send("later", after_us=2_000_000)
    job = queue.job("later")

    assert (job.status.value, job.place, job.queued_at_us) == ("scheduled", None, None)
    assert job.due_at_us == START_US + 2_000_000
    assert queue.claim() == []


def test_a_delayed_jobs_place_is_the_time_when_it_fell_due(queue: ScriptedQueue) -> None:
    queue.send("later", after_us=1000)
    queue.clock.forward(us=999)
    queue.send("older than its due time")
    queue.clock.forward(us=2)
    queue.send("younger")
    queue.clock.forward(s=1)

    queue.scripts.promote()

    assert queue.waiting() == ["younger", "later", "older than its due time"]
    job = queue.job("later")
    assert (job.seq, job.place) == (START_US, START_US + 1000)
    assert job.queued_at_us == queue.clock.now_us


def test_due_jobs_are_promoted_by_a_claim_before_it_takes_one(queue: ScriptedQueue) -> None:
    queue.send("now")
    queue.send("later", after_us=1000)
    queue.clock.forward(us=1000)

    assert queue.claimed_ids() == ["later"]


def test_jobs_fall_due_in_the_order_of_their_due_times(queue: ScriptedQueue) -> None:
    queue.send("third", after_us=3000)
    queue.send("first", after_us=1000)
    queue.send("second", after_us=2000)
    queue.clock.forward(us=2500)

    assert queue.scripts.promote() == 500
    assert queue.waiting() == ["second", "first"]
    queue.clock.forward(us=500)
    assert queue.scripts.promote() == -1
    assert queue.waiting() == ["third", "second", "first"]


def test_a_time_that_has_passed_is_no_delay(queue: ScriptedQueue) -> None:
    answer = queue.offer("a", kind="at", time_us=START_US - 1)

    assert not isinstance(answer, Known)
    assert answer.due_us is None
    assert queue.job("a").place == START_US


def test_a_burst_of_due_jobs_is_promoted_whole_before_any_is_claimed(queue: ScriptedQueue) -> None:
    for n in range(1201):
        queue.send(f"job-{n:04}", after_us=10_000 - n)
    queue.clock.forward(s=1)

    words = [queue.hand_out().word, queue.hand_out().word]
    claimed = queue.hand_out()

    assert words == ["more", "more"]
    assert [id for id, _, _ in claimed.jobs] == ["job-0000"]


def test_settling_with_a_burst_of_due_jobs_says_that_there_is_more(queue: ScriptedQueue) -> None:
    queue.send("running")
    token = queue.claim()[0]
    queue.send(*(f"job-{n:04}" for n in range(1000)), after_us=1000)
    queue.clock.forward(us=1000)

    claim, _ = queue.scripts.settle([Settlement(*token, "processed")], "worker-a", 1_000_000, 1)

    assert (claim.word, claim.jobs) == ("more", [])


def test_an_earlier_due_time_rings_the_bell_for_whoever_sleeps_until_the_next_one(queue: ScriptedQueue) -> None:
    queue.send("later", after_us=5_000_000)
    assert queue.is_rung()
    queue.silence()

    queue.send("much later", after_us=9_000_000)
    assert not queue.is_rung()
    queue.send("soon", after_us=1_000_000)
    assert queue.is_rung()


def test_accepting_rings_the_bell_once(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.send("b")

    assert queue.is_rung()


def test_the_broker_refuses_an_id_that_is_known(queue: ScriptedQueue) -> None:
    message = dramatiq.Message("default", "task", (), {}, {}, message_id="a")
    queue.broker.accept([message])

    with pytest.raises(DuplicateJobError, match="id a exists"):
        queue.broker.accept([message])


def test_the_broker_tells_seqs_and_due_times_of_what_it_accepted(queue: ScriptedQueue) -> None:
    messages = [dramatiq.Message("default", "task", (), {}, {}, message_id=id) for id in ("a", "b")]

    jobs = queue.broker.accept(messages, delay_ms=1500)

    assert jobs == [queue.job("a"), queue.job("b")]
    assert [job.due_at_us for job in jobs] == [START_US + 1_500_000] * 2


def test_the_broker_refuses_a_batch_that_holds_an_id_twice(queue: ScriptedQueue) -> None:
    messages = [dramatiq.Message("default", "task", (), {}, {}, message_id=id) for id in ("a", "b", "a")]

    with pytest.raises(DuplicateJobError, match="have id a"):
        queue.broker.accept(messages)
    assert queue.count("accepted") == 0


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


@pytest.mark.parametrize("too_long", [{"delay_ms": 10**15}, {"due_at_us": 10**17}], ids=["delay", "time"])
def test_a_job_for_a_later_century_is_refused(queue: ScriptedQueue, too_long: dict[str, int]) -> None:
    message = dramatiq.Message("default", "task", (), {}, {}, message_id="a")

    with pytest.raises(ValueError, match=r"100 years|2255"):
        queue.broker.accept([message], **too_long)
    assert queue.count("accepted") == 0


def test_a_delay_of_a_century_is_kept_and_shown(queue: ScriptedQueue) -> None:
    queue.broker.accept([dramatiq.Message("default", "task", (), {}, {}, message_id="a")], delay_ms=3_153_600_000_000)

    assert queue.job("a").as_dict()["due_at"].startswith("2123-")


def test_an_eta_never_reaches_a_worker_even_beside_a_delay(queue: ScriptedQueue) -> None:
    messages = [dramatiq.Message("default", "task", (), {}, {"eta": 1}, message_id=id) for id in ("a", "b")]

    queue.broker.accept(messages, delay_ms=5)

    queue.clock.forward(ms=5)
    for _, _, body in queue.hand_out(2).jobs:
        assert dramatiq.Message.decode(body).options == {}


def test_an_eta_in_the_message_becomes_a_due_time_on_the_server(queue: ScriptedQueue) -> None:
    due_ms = START_US // 1000 + 2000
    message = dramatiq.Message("default", "task", (), {}, {"eta": due_ms}, message_id="a")

    queue.broker.enqueue(message)

    assert queue.job("a").due_at_us == due_ms * 1000
    queue.clock.forward(s=2)
    (_, _, body) = queue.hand_out().jobs[0]
    assert "eta" not in dramatiq.Message.decode(body).options
