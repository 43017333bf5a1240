"""The stub broker: LastIn's order and outcomes in memory, and the test's own time."""

from __future__ import annotations

import threading
import time
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers import stub
from dramatiq.errors import QueueJoinTimeout, QueueNotFound
from dramatiq.middleware import GroupCallbacks
from dramatiq.rate_limits.backends import StubBackend

from middleware.errors import DuplicateJobError, ResultRefusedError, UnknownQueueError
from middleware.settings import Settings
from middleware.testing import StubBroker
from middleware.worker.context import cancel_requested, progress
from middleware.worker.delivery import Cancelled

HOUR_S = 3_600


def test_the_newest_job_runs_first(stub_broker: StubBroker) -> None:
    ran: list[str] = []

    @dramatiq.actor
    def work(name: str) -> None:
        ran.append(name)

    for name in "abc":
        work.send(name)
    assert [job.payload["name"] for job in stub_broker.waiting()] == ["c", "b", "a"]
    stub_broker.run_all()

    assert ran == ["c", "b", "a"]


def test_with_fifo_the_oldest_job_runs_first(stub_broker: StubBroker) -> None:
    ran: list[str] = []

    @dramatiq.actor
    def work(name: str) -> None:
        ran.append(name)

    stub_broker.put_policy(order="fifo")
    for name in "abc":
        work.send(name)
    assert [job.payload["name"] for job in stub_broker.waiting()] == ["a", "b", "c"]
    stub_broker.run_all()

    assert ran == ["a", "b", "c"]


def test_a_share_of_each_window_goes_to_the_oldest() -> None:
    stub = StubBroker(gated=True)
    ran: list[str] = []

    @dramatiq.actor(broker=stub)
    def work(name: str) -> None:
        ran.append(name)

    stub.put_policy(oldest_share=0.5)
    for name in "abcdef":
        work.send(name)
    stub.open_window(credits=3)
    expected = [job.payload["name"] for job in stub.waiting()]
    stub.run_all()
    stub.put_policy(order="fifo")
    assert stub.waiting()[0].payload["name"] == "b"
    stub.close_window()
    stub.open_window()
    stub.run_all()

    assert expected == ["f", "a", "e", "b", "d", "c"]
    assert ran == ["f", "a", "e", "b", "c", "d"]


def test_groups_share_a_queue_by_turns(stub_broker: StubBroker) -> None:
    ran: list[str] = []

    @dramatiq.actor(group="customer")
    def work(customer: str, n: int) -> None:
        ran.append(f"{customer} {n}")

    stub_broker.put_policy(share_by_group=True)
    for customer, n in [("calm", 1), ("calm", 2), ("loud", 1), ("loud", 2), ("loud", 3)]:
        work.send(customer=customer, n=n)
    expected = [f"{job.group} {job.payload['n']}" for job in stub_broker.waiting()]
    stub_broker.run_all()

    assert ran == expected == ["loud 3", "calm 2", "loud 2", "calm 1", "loud 1"]


@pytest.mark.parametrize("bound", ["max_running", "max_running_per_group"])
def test_jobs_behind_a_bound_wait_until_one_has_ended(stub_broker: StubBroker, bound: str) -> None:
    ran_meanwhile: list[int] = []

    @dramatiq.actor
    def work(sends: bool) -> None:
        if sends:
            work.send_with_options(args=(False,), group="customer-7")
            ran_meanwhile.append(len(stub_broker.run_all()))

    stub_broker.put_policy(**{bound: 1})
    work.send_with_options(args=(True,), group="customer-7")
    jobs = stub_broker.run_all()

    assert ran_meanwhile == [0]
    assert [job.payload["sends"] for job in jobs] == [True, False]


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"order": "random"}, "one of lifo, fifo, adaptive"),
        ({"oldest_share": 1.5}, "from 0 to 1"),
        ({"order": "adaptive", "lifo_above_s": 1, "lifo_below_s": 2}, "at most lifo_above_s"),
        ({"order": "fifo", "oldest_share": 0.1}, "no effect"),
        ({"max_running": -1}, "at least 0"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(stub_broker: StubBroker, policy: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        stub_broker.put_policy(**policy)


def test_a_job_that_a_job_sends_runs_before_what_waited(stub_broker: StubBroker) -> None:
    ran: list[str] = []

    @dramatiq.actor
    def work(name: str, then: str | None = None) -> None:
        ran.append(name)
        if then:
            work.send(then)

    work.send("old")
    work.send("new", "newest")
    stub_broker.run_all()

    assert ran == ["new", "newest", "old"]


def test_a_delayed_job_waits_until_the_test_lets_time_pass(stub_broker: StubBroker) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    work.send_with_options(delay=60_000)

    assert stub_broker.run_all() == []
    stub_broker.clock.advance(59)
    assert stub_broker.run_all() == []
    stub_broker.clock.advance(1)
    assert [job.status for job in stub_broker.run_all()] == ["processed"]


def test_a_delayed_job_lies_in_the_stack_where_it_fell_due(stub_broker: StubBroker) -> None:
    ran: list[str] = []

    @dramatiq.actor
    def work(name: str) -> None:
        ran.append(name)

    work.send_with_options(args=("delayed",), delay=10_000)
    stub_broker.clock.advance(5)
    work.send("before")
    stub_broker.clock.advance(10)
    work.send("after")
    stub_broker.run_all()

    assert ran == ["after", "delayed", "before"]


def test_a_retry_comes_back_after_its_backoff_and_at_its_own_place(stub_broker: StubBroker) -> None:
    ran: list[str] = []

    @dramatiq.actor(min_backoff=10_000, max_backoff=10_000)
    def work(name: str) -> None:
        ran.append(name)
        if ran == ["fails"]:
            raise ValueError("once")

    work.send("fails")
    stub_broker.run_next()
    (job,) = stub_broker.jobs(work)
    assert (job.status, job.attempts, job.error.type if job.error else None) == ("scheduled", 1, "ValueError")
    work.send("newer")
    stub_broker.clock.advance(11)
    stub_broker.run_all()

    assert ran == ["fails", "newer", "fails"]
    assert [job.status for job in stub_broker.jobs()] == ["processed", "processed"]


def test_all_retries_are_made_in_a_moment(stub_broker: StubBroker) -> None:
    @dramatiq.actor(max_retries=20)
    def work() -> None:
        raise ValueError("never")

    began = time.monotonic()
    work.send()
    stub_broker.run_until_done(fail_fast=False)

    (job,) = stub_broker.jobs()
    assert (job.status, job.attempts, job.max_attempts) == ("rejected", 21, 21)
    assert time.monotonic() - began < 60


def test_what_a_rejected_job_raised_is_raised_in_the_test(stub_broker: StubBroker) -> None:
    @dramatiq.actor(max_retries=1)
    def work() -> None:
        raise ZeroDivisionError("no luck")

    work.send()
    with pytest.raises(ZeroDivisionError, match="no luck"):
        stub_broker.run_until_done()
    with pytest.raises(ZeroDivisionError):
        stub_broker.join("default")
    assert [type(letter._exception) for letter in stub_broker.dead_letters]


def test_a_lost_worker_puts_its_job_back_until_it_was_one_too_many() -> None:
    broker = StubBroker(settings=Settings(crash_limit=2, lease_s=15))
    dramatiq.actor(lambda: None, actor_name="work", broker=broker).send()
    before = broker.clock.now_us()

    first = broker.lose_worker()
    assert first is not None
    assert (first.status, first.attempts) == ("queued", 1)
    assert broker.clock.now_us() - before == 15_000_000
    second = broker.lose_worker()
    assert second is not None
    assert (second.status, second.reason) == ("rejected", "worker_lost")
    assert broker.lose_worker() is None


def test_windows_let_through_what_they_have_credits_for() -> None:
    broker = StubBroker(gated=True)
    work = dramatiq.actor(lambda n: n, actor_name="work", broker=broker)
    for n in range(5):
        work.send(n)

    assert broker.run_all() == []
    broker.open_window(credits=2)
    assert [job.payload["n"] for job in broker.run_all()] == [4, 3]
    broker.open_window(lasts_s=10)
    broker.clock.advance(10)
    assert broker.run_all() == []
    broker.open_window()
    assert broker.run_next() is not None
    broker.close_window()
    assert broker.run_all() == []


def test_a_job_that_is_not_claimed_by_its_deadline_expires(stub_broker: StubBroker) -> None:
    @dramatiq.actor(expires_in=5_000)
    def work(n: int) -> None:
        pass

    late = work.send(1)
    stub_broker.clock.advance(5)
    work.send(2)

    assert [job.payload["n"] for job in stub_broker.run_all()] == [2]
    assert [(job.status, job.reason) for job in stub_broker.jobs(status="expired")] == [("expired", "deadline")]
    assert stub_broker.retry(late.message_id).status == "queued"
    assert [job.payload["n"] for job in stub_broker.run_all()] == [1]


def test_of_a_subject_only_the_newest_job_runs(stub_broker: StubBroker) -> None:
    ran: list[tuple[str, int]] = []

    @dramatiq.actor(subject="customer")
    def work(customer: str, price: int) -> None:
        ran.append((customer, price))

    work.send("ada", 1)
    work.send("bob", 2)
    newest = work.send("ada", 3)
    stub_broker.run_all()

    assert ran == [("ada", 3), ("bob", 2)]
    (old,) = stub_broker.jobs(status="superseded")
    assert old.superseded_by == newest.message_id


def test_what_was_sent_can_be_asserted_and_a_failure_says_what_was_there(stub_broker: StubBroker) -> None:
    @dramatiq.actor
    def greet(name: str, loud: bool = False) -> None:
        pass

    greet.send("Ada", loud=True)
    greet.send("Bob")

    stub_broker.assert_sent(greet)
    stub_broker.assert_sent("greet", name="Ada", loud=True, times=1)
    stub_broker.assert_sent(greet, name="Eve", times=0)
    with pytest.raises(
        AssertionError, match=r"at least one job of greet\(name='Eve'\), found 0\. Sent was: greet.*Bob"
    ):
        stub_broker.assert_sent(greet, name="Eve")
    with pytest.raises(AssertionError, match="Expected 3 jobs"):
        stub_broker.assert_sent(greet, times=3)


def test_results_pipelines_groups_and_callbacks_work(stub_broker: StubBroker) -> None:
    stub_broker.add_middleware(GroupCallbacks(StubBackend()))
    finished: list[str] = []

    @dramatiq.actor(store_results=True)
    def add(a: int, b: int) -> int:
        return a + b

    @dramatiq.actor
    def finish() -> None:
        finished.append("all")

    pipe = add.message(1, 2) | add.message(10)
    group = dramatiq.group([pipe, add.message(5, 6)])
    group.add_completion_callback(finish.message())
    group.run()
    stub_broker.run_until_done()

    assert list(group.get_results()) == [13, 11]
    assert finished == ["all"]
    assert sorted(job.result for job in stub_broker.jobs(add)) == [3, 11, 13]


def test_a_result_that_is_refused_says_why(stub_broker: StubBroker) -> None:
    @dramatiq.actor(store_results=True)
    def work() -> Any:
        return {1, 2}

    message = work.send()
    stub_broker.run_all()

    with pytest.raises(ResultRefusedError, match="set is not JSON serializable"):
        message.get_result()


def test_a_payload_that_can_not_be_sent_is_refused_as_by_the_real_broker(stub_broker: StubBroker) -> None:
    @dramatiq.actor
    def work(value: Any) -> None:
        pass

    with pytest.raises(TypeError, match="not JSON serializable"):
        work.send(object())


def test_the_same_message_is_never_two_jobs(stub_broker: StubBroker) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    message = work.send()
    with pytest.raises(DuplicateJobError):
        stub_broker.enqueue(message)


def test_progress_and_cancelling_are_seen(stub_broker: StubBroker) -> None:
    seen: list[bool] = []

    @dramatiq.actor(max_retries=0)
    def work() -> None:
        progress(0.5, "half")
        stub_broker.cancel(stub_broker.jobs(status="running")[0].id)
        progress(1.0)
        seen.append(cancel_requested())
        raise Cancelled

    work.send()
    waiting = work.send()
    assert stub_broker.cancel(waiting.message_id).status == "cancelled"
    stub_broker.run_all()

    assert seen == [True]
    assert [job.status for job in stub_broker.jobs()] == ["cancelled", "cancelled"]
    assert stub_broker.jobs()[1].progress is not None


def test_an_operators_retry_goes_on_top(stub_broker: StubBroker) -> None:
    @dramatiq.actor(max_retries=0)
    def work(n: int) -> None:
        if n == 0:
            raise ValueError("no luck")

    message = work.send(0)
    stub_broker.run_all(fail_fast=False)
    work.send(1)

    assert stub_broker.retry(message.message_id).status == "queued"
    assert [job.payload["n"] for job in stub_broker.waiting()] == [0, 1]


def test_a_worker_runs_them_in_threads_of_its_own_and_join_lets_time_pass(
    stub_broker: StubBroker, stub_worker: dramatiq.Worker
) -> None:
    tried: list[int] = []

    @dramatiq.actor(min_backoff=HOUR_S * 1000, max_backoff=HOUR_S * 1000)
    def work(n: int) -> None:
        tried.append(n)
        if tried.count(n) == 1:
            raise ValueError("once more")

    for n in range(20):
        work.send(n)
    stub_broker.join("default", timeout=10_000)

    assert sorted(tried) == sorted([*range(20), *range(20)])
    assert {job.status for job in stub_broker.jobs()} == {"processed"}


def test_join_gives_up_and_tells_of_rejected_jobs(stub_broker: StubBroker, stub_worker: dramatiq.Worker) -> None:
    go_on = threading.Event()

    @dramatiq.actor(max_retries=0)
    def work(fails: bool) -> None:
        if fails:
            raise ZeroDivisionError
        go_on.wait(20)

    work.send(False)
    with pytest.raises(QueueJoinTimeout):
        stub_broker.join("default", timeout=20)
    go_on.set()
    work.send(True)
    with pytest.raises(ZeroDivisionError):
        stub_broker.join("default", timeout=10_000)
    stub_broker.join("default", timeout=10_000, fail_fast=False)
    with pytest.raises(QueueNotFound):
        stub_broker.join("nowhere")


def test_jobs_that_send_jobs_for_ever_end_the_test_and_not_the_day(
    stub_broker: StubBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("middleware.testing.stub_broker.MOST_RUNS", 100)

    @dramatiq.actor
    def again() -> None:
        again.send()

    again.send()
    with pytest.raises(AssertionError, match="they send jobs for ever"):
        stub_broker.run_all()


def test_a_job_that_nobody_can_run_is_rejected(stub_broker: StubBroker) -> None:
    stub_broker.enqueue(dramatiq.Message("default", "ghost", (), {}, {}))

    (job,) = stub_broker.run_all(fail_fast=False)
    assert (job.status, job.reason) == ("rejected", "unknown_task")


def test_libraries_take_it_for_dramatiqs_own(stub_broker: StubBroker) -> None:
    @dramatiq.actor
    def work() -> None:
        pass

    work.send()
    assert isinstance(stub_broker, stub.StubBroker)
    with pytest.raises(UnknownQueueError):
        stub_broker.consume("nowhere")
    stub_broker.flush_all()
    assert stub_broker.jobs() == []
