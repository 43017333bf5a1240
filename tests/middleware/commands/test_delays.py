"""Delayed jobs: due times, places, promotion in order."""

from __future__ import annotations

import dramatiq
import pytest

from middleware.commands.types import Accepted, Offer, Settlement

from ..scripted import START_US, ScriptedQueue


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
    answer = queue.offer("a", due=b"%d" % (START_US - 1))

    assert isinstance(answer, Accepted)
    assert answer.dues_us == [None]
    assert queue.job("a").place == START_US


def test_each_job_of_a_batch_falls_due_at_its_own_time(queue: ScriptedQueue) -> None:
    dues = {"now": b"", "soon": b"+1000", "then": b"%d" % (START_US + 500), "past": b"1", "negative": b"-5"}

    answer = queue.scripts.accept([Offer(id, "task", queue.encoded(id), due) for id, due in dues.items()])

    assert isinstance(answer, Accepted)
    assert answer.dues_us == [None, START_US + 1000, START_US + 500, None, None]
    assert queue.waiting() == ["negative", "past", "now"]
    assert [queue.job(id).seq - START_US for id in dues] == [0, 1, 2, 3, 4]
    queue.clock.forward(us=1000)
    assert queue.claimed_ids(2) == ["soon", "then"]


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


@pytest.mark.parametrize("too_long", [{"delay_ms": 10**15}, {"due_at_us": 10**18}], ids=["delay", "time"])
def test_a_job_that_no_time_can_tell_of_is_refused(queue: ScriptedQueue, too_long: dict[str, int]) -> None:
    message = dramatiq.Message("default", "task", (), {}, {}, message_id="a")

    with pytest.raises(ValueError, match=r"100 years|9999"):
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
