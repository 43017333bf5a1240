"""What the scripts count for statistics, and what is read from it."""

from __future__ import annotations

import msgpack
import pytest

from middleware.commands import keys
from middleware.commands.layout import BOUNDS_US, BUCKETS, INTERVAL_US
from middleware.commands.types import Offer
from middleware.statistics.counters import QueueCounters, read_counters
from middleware.statistics.histograms import EMPTY, Histogram
from middleware.statistics.stats import Stats, Summary

from ..scripted import ScriptedQueue

MINUTE_S = 60


def stats(queue: ScriptedQueue) -> Stats:
    return queue.broker.stats.now().of(queue.name)


def summary(queue: ScriptedQueue) -> Summary:
    return stats(queue).queues[queue.name]


def counters(queue: ScriptedQueue) -> QueueCounters:
    return read_counters(queue.scripts, samples=100, minutes=100)


def run(queue: ScriptedQueue, id: str, *, wait_us: int = 0, run_us: int = 0, outcome: str = "processed") -> None:
    """One job from its acceptance to its settlement."""
    queue.send(id)
    queue.clock.forward(us=wait_us)
    [token] = queue.claim()
    queue.clock.forward(us=run_us)
    queue.settle(token, outcome)


def test_a_job_is_counted_in_one_state_and_each_event_once(queue: ScriptedQueue) -> None:
    queue.send("a", "b", "c")
    queue.send("later", after_us=1_000_000)
    tokens = queue.claim(2)
    queue.settle(tokens[0], "retry", delay_us=5_000_000)
    queue.settle(tokens[1], "put_back")

    counts = counters(queue).tasks["task"].counts

    assert {name: value for name, value in counts.states.items() if value} == {"scheduled": 2, "queued": 2}
    assert {name: value for name, value in counts.totals.items() if value} == {
        "accepted": 4,
        "claimed": 2,
        "retried": 1,
        "put_back": 1,
    }


@pytest.mark.parametrize("outcome", ["processed", "rejected", "cancelled"])
def test_an_end_is_counted_by_its_outcome_until_it_is_pruned(queue: ScriptedQueue, outcome: str) -> None:
    run(queue, "a", outcome=outcome)
    assert summary(queue).counts[outcome] == 1

    queue.scripts.prune(0, 0, 0, 10**6)

    assert summary(queue).counts[outcome] == 0
    assert counters(queue).tasks["task"].counts.totals[f"ended_{outcome}"] == 1


def test_tasks_are_counted_apart_and_the_queue_is_their_sum(queue: ScriptedQueue) -> None:
    queue.scripts.accept([Offer(id, id[0], queue.encoded(id)) for id in ("a1", "a2", "b1")])
    queue.claim(1)

    now = stats(queue)

    assert {key: (s.counts["queued"], s.counts["running"]) for key, s in now.tasks.items()} == {
        ("default", "a"): (2, 0),
        ("default", "b"): (0, 1),
    }
    assert (now.total.counts["queued"], now.queues["default"].counts["running"]) == (2, 1)


def test_beyond_200_names_tasks_are_counted_together(queue: ScriptedQueue) -> None:
    ids = [f"j{n}" for n in range(500)]
    queue.scripts.accept([Offer(id, id, queue.encoded(id)) for id in ids])
    while tokens := queue.claim(100):
        for token in tokens:
            queue.settle(token)

    found = counters(queue).tasks

    assert len(found) == 201
    assert found["(other)"].counts.states["processed"] == 300
    assert all(its.counts.states["processed"] == 1 for name, its in found.items() if name != "(other)")
    queue.client.delete(keys.task_counters("default"))  # the audit knows tasks by their own names only
    queue.client.hincrby(keys.counters("default"), "orphans", 1)


def test_rates_are_those_of_the_last_minutes(queue: ScriptedQueue) -> None:
    for n in range(20 * MINUTE_S):
        queue.clock.forward(s=1)
        if n % 2 == 0:
            queue.send(f"j{n}")
        if n % 4 == 0 and n >= 16 * MINUTE_S:
            queue.settle(queue.claim()[0])

    rates = summary(queue).rates
    of_task = stats(queue).tasks["default", "task"].rates

    for span in ("1m", "5m", "15m"):
        assert rates[span]["accepted"] == pytest.approx(0.5, rel=0.05), span
        assert of_task[span]["accepted"] == pytest.approx(0.5, rel=0.1), span
    assert rates["1m"]["started"] == rates["1m"]["processed"] == pytest.approx(0.25, rel=0.1)
    assert rates["15m"]["processed"] == pytest.approx(0.25 * 4 / 15, rel=0.1)
    assert rates["15m"]["rejected"] == 0


def test_after_a_silence_the_rates_are_nothing_and_the_totals_stay(queue: ScriptedQueue) -> None:
    for n in range(30):
        queue.clock.forward(s=1)
        run(queue, f"j{n}")

    queue.clock.forward(s=16 * MINUTE_S)

    assert {rate for rates in summary(queue).rates.values() for rate in rates.values()} == {0}
    assert summary(queue).wait.count == summary(queue).run.count == 0
    assert summary(queue).counts["processed"] == 30


def test_times_are_those_of_the_last_quarter_of_an_hour(queue: ScriptedQueue) -> None:
    run(queue, "old", wait_us=40_000_000, run_us=40_000_000)
    queue.clock.forward(s=17 * MINUTE_S)
    for n in range(99):
        run(queue, f"j{n}", wait_us=3000, run_us=30_000)
    run(queue, "slow", wait_us=3_000_000, run_us=300)

    now = summary(queue)

    assert (now.wait.count, now.wait.sum_us) == (100, 99 * 3000 + 3_000_000)
    assert 2000 < now.wait.quantile_us(0.5) < 5000  # type: ignore[operator]
    assert 20_000 < now.run.quantile_us(0.9) < 50_000  # type: ignore[operator]
    assert counters(queue).together.wait.count == 101


def test_a_run_that_was_put_back_or_lost_has_no_time(queue: ScriptedQueue) -> None:
    queue.send("a")
    queue.settle(queue.claim()[0], "put_back")
    queue.claim()
    queue.lose_leases(crash_limit=1)

    now = counters(queue).together

    assert (now.wait.count, now.run.count, now.counts.totals["ended_rejected"]) == (2, 0, 1)


@pytest.mark.parametrize("us", [1, 200, 201, 999, 7_000_000, 3_600_000_001, 86_400_000_000])
def test_a_quantile_lies_in_the_bucket_of_the_time(us: int) -> None:
    bucket = next(i for i, bound in enumerate(BOUNDS_US) if us <= bound)
    times = Histogram(us, tuple(int(i == bucket) for i in range(BUCKETS)))

    for share in (0.01, 0.5, 0.99):
        found = times.quantile_us(share)
        assert found is not None
        assert (BOUNDS_US[bucket - 1] if bucket else 0) < found <= BOUNDS_US[bucket]


def test_quantiles_of_nothing_and_of_what_is_off_the_scale() -> None:
    assert EMPTY.quantile_us(0.5) is None
    assert Histogram(10**15, (0,) * (BUCKETS - 1) + (3,)).quantile_us(0.5) == BOUNDS_US[-1]


def test_times_fall_into_the_bucket_whose_bound_they_do_not_exceed(queue: ScriptedQueue) -> None:
    for n, us in enumerate((200, 201, 86_400_000_001)):
        run(queue, f"j{n}", wait_us=us)

    counts = counters(queue).together.wait.counts

    assert (counts[0], counts[1], counts[-1]) == (1, 1, 1)


def test_a_sample_shows_how_it_was_when_its_interval_began(queue: ScriptedQueue) -> None:
    queue.send("a", "b")
    queue.clock.forward(us=INTERVAL_US)
    queue.claim()

    newest, first = counters(queue).samples

    assert (newest.counts.states["queued"], newest.counts.states["running"]) == (2, 0)
    assert first.counts.totals["accepted"] == 0
    assert newest.at_us - first.at_us == INTERVAL_US
    assert newest.at_us <= queue.clock.now_us < newest.at_us + INTERVAL_US
    assert newest.oldest_place == queue.job("a").seq


def test_samples_are_bounded(queue: ScriptedQueue) -> None:
    packed = msgpack.packb([0])
    with queue.client.pipeline() as pipeline:
        for _ in range(9000):
            pipeline.lpush(keys.samples("default"), packed)
        pipeline.execute()

    for n in range(20):
        queue.clock.forward(s=MINUTE_S)
        queue.send(f"j{n}")

    assert queue.client.llen(keys.samples("default")) == 8640
    assert queue.client.llen(keys.task_counters_before("default")) == 16


def test_asking_for_jobs_in_vain_writes_no_samples(queue: ScriptedQueue) -> None:
    queue.claim()
    queue.heartbeat()
    queue.reclaim()
    queue.scripts.prune(10**12, 10, 10**9, 10**6)

    counted = (keys.samples, keys.task_counters, keys.task_counters_before)
    assert not queue.client.exists(*(key("default") for key in counted))


def test_a_clock_that_is_set_back_a_little_keeps_the_samples_and_far_back_begins_anew(queue: ScriptedQueue) -> None:
    for n in range(5):
        queue.clock.forward(us=INTERVAL_US)
        queue.send(f"j{n}")
    assert len(counters(queue).samples) == 5

    queue.clock.forward(us=-2 * INTERVAL_US)
    queue.send("a-little")
    assert len(counters(queue).samples) == 5

    queue.clock.forward(s=-3600)
    queue.send("far")
    assert [sample.counts.totals["accepted"] for sample in counters(queue).samples] == [6]
    assert summary(queue).rates["1m"]["accepted"] == pytest.approx(1 / 60, rel=0.2)
