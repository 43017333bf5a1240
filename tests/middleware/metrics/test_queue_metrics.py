"""What Redis tells an operator of a queue, against what really happened to its jobs."""

from __future__ import annotations

from typing import Any

from local.embedded import EmbeddedServer
from middleware.metrics import exposition, queue_metrics
from middleware.metrics.definitions import BY_NAME
from middleware.processes.server_info import read_info
from middleware.redis_link.info import fields_of
from middleware.redis_link.link import Link

from ..scripted import ScriptedQueue

WINDOWS = {"mode": "windows", "close_when_empty": False}
Labels = tuple[str, ...]


def metrics_of(queue: ScriptedQueue) -> dict[tuple[str, Labels], Any]:
    return {(row.name, row.labels): row.value for row in queue_metrics.of_queue(queue.snapshot())}


def test_an_empty_queue_shows_every_state_with_nothing_in_it(queue: ScriptedQueue) -> None:
    metrics = metrics_of(queue)

    states = {labels[1]: value for (name, labels), value in metrics.items() if name == "lastin_queue_jobs"}
    assert set(states) == {
        *("queued", "scheduled", "running", "processed", "rejected", "cancelled", "expired", "superseded")
    }
    assert set(states.values()) == {0}
    assert metrics["lastin_queue_oldest_age_seconds", ("default",)] == 0


def test_jobs_are_counted_by_state_and_by_what_became_of_them(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b", "c", "d", "e")
    queue.send("later", after_us=60_000_000)
    e, d, c = queue.claim(3)
    queue.settle(e)
    queue.settle(d, "rejected")
    queue.settle(c, "retry", delay_us=60_000_000)
    queue.cancel("a", "requested")

    metrics = metrics_of(queue)

    def jobs(state: str) -> float:
        return metrics["lastin_queue_jobs", ("default", state)]

    def finished(outcome: str) -> float:
        return metrics["lastin_jobs_finished_total", ("default", "task", outcome)]

    assert {state: jobs(state) for state in ("queued", "scheduled", "running", "processed")} == {
        "queued": 1,
        "scheduled": 2,
        "running": 0,
        "processed": 1,
    }
    assert [finished(outcome) for outcome in ("processed", "rejected", "cancelled")] == [1, 1, 1]
    assert metrics["lastin_jobs_accepted_total", ("default",)] == 6
    assert metrics["lastin_jobs_retried_total", ("default",)] == 1
    assert metrics["lastin_conservation_error_jobs", ("default",)] == 0
    assert metrics["lastin_order_inversions_total", ("default",)] == 0


def test_the_oldest_age_is_that_of_the_bottom_of_the_stack(queue: ScriptedQueue) -> None:
    queue.send("old")
    queue.clock.forward(s=90)
    queue.send("new")
    queue.clock.forward(s=10)

    assert metrics_of(queue)["lastin_queue_oldest_age_seconds", ("default",)] == 100


def test_lost_leases_and_what_is_settled_too_late_are_counted(queue: ScriptedQueue) -> None:
    queue.send("a")
    [token] = queue.claim()
    queue.lose_leases()
    queue.settle(token)

    metrics = metrics_of(queue)
    assert metrics["lastin_jobs_reclaimed_total", ("default",)] == 1
    assert metrics["lastin_stale_settles_total", ("default",)] == 1


def test_windows_show_when_they_open_what_they_let_through_and_when_they_are_over(gated_queue: ScriptedQueue) -> None:
    queue = gated_queue
    queue.rule(**WINDOWS)
    queue.send_each("a", "b", "c")
    shut = metrics_of(queue)
    queue.open(credits=2, lasts_us=5_000_000)
    opened_at = queue.clock.now_us
    opened = metrics_of(queue)
    queue.claim(1)
    queue.clock.forward(s=6)
    over = metrics_of(queue)

    assert [f["lastin_window_open", ("default",)] for f in (shut, opened, over)] == [0, 1, 0]
    assert ("lastin_window_last_opened_timestamp_seconds", ("default",)) not in shut
    assert over["lastin_window_last_opened_timestamp_seconds", ("default",)] == opened_at / 1e6
    assert over["lastin_windows_opened_total", ("default", "operator")] == 1
    assert over["lastin_window_claims_total", ("default",)] == 1


def test_jobs_that_may_be_claimed_and_arent_are_noticed_in_an_open_window(gated_queue: ScriptedQueue) -> None:
    queue = gated_queue
    queue.rule(**WINDOWS)
    queue.send_each("a", "b")
    queue.clock.forward(s=60)
    assert queue.snapshot().unclaimed_s == 0

    queue.open()
    queue.clock.forward(s=5)
    assert queue.snapshot().unclaimed_s == 5

    queue.claim(1)
    queue.clock.forward(s=2)
    assert queue.snapshot().unclaimed_s == 2

    queue.claim(1)
    queue.clock.forward(s=2)
    assert queue.snapshot().unclaimed_s == 0


def test_a_continuous_queue_that_was_idle_for_long_isnt_stuck_when_a_job_comes(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous")
    queue.send("first")
    [token] = queue.claim()
    queue.clock.forward(s=3600)
    queue.settle(token, "retry")
    queue.clock.forward(s=1)

    assert queue.snapshot().unclaimed_s == 1


def test_a_paused_queue_is_not_stuck(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous")
    queue.send("a")
    queue.broker.control.pause("default", by="operator", reason="maintenance")
    queue.clock.forward(s=60)

    metrics = metrics_of(queue)
    assert metrics["lastin_queue_paused", ("default",)] == 1
    assert metrics["lastin_window_open", ("default",)] == 0
    assert metrics["lastin_queue_unclaimed_seconds", ("default",)] == 0


def test_waits_and_runs_are_shown_as_histograms_in_seconds(queue: ScriptedQueue) -> None:
    for wait_s, run_s in ((0.0015, 0.3), (7, 0.3)):
        queue.send(f"job-{wait_s}")
        queue.clock.forward(s=wait_s)
        [token] = queue.claim()
        queue.clock.forward(s=run_s)
        queue.settle(token)

    rows = [row for row in queue_metrics.of_queue(queue.snapshot()) if row.name.startswith("lastin_job_")]
    samples = {
        (sample.name, sample.labels.get("le")): sample.value
        for metric in exposition.as_metrics(rows)
        for sample in metric.samples
        if sample.labels["task"] == "task"
    }

    assert samples["lastin_job_wait_seconds_count", None] == 2
    assert samples["lastin_job_wait_seconds_sum", None] == 7.0015
    assert [samples["lastin_job_wait_seconds_bucket", le] for le in ("0.001", "0.002", "5.0", "10.0", "+Inf")] == [
        *(0, 1, 1, 2, 2)
    ]
    assert samples["lastin_job_run_seconds_bucket", "0.2"] == 0
    assert samples["lastin_job_run_seconds_bucket", "0.5"] == 2


def test_redis_shows_its_memory_and_of_its_files(embedded_server: EmbeddedServer) -> None:
    link = Link(embedded_server.url, timeout_s=5)
    rows = {row.name: row.value for row in queue_metrics.of_redis(read_info(link))}
    link.close()

    assert rows["lastin_redis_memory_used_bytes"] > 100_000
    assert [rows[f"lastin_redis_{name}"] for name in ("aof_enabled", "aof_write_ok", "noeviction", "primary")] == [
        1
    ] * 4
    assert set(rows) <= set(BY_NAME)


def test_a_replica_that_lags_and_files_that_fail_are_seen() -> None:
    info = (
        b"# Persistence\r\naof_enabled:1\r\naof_last_write_status:err\r\naof_last_bgrewrite_status:ok\r\n"
        b"rdb_last_bgsave_status:err\r\n# Replication\r\nrole:master\r\nconnected_slaves:2\r\n"
        b"slave0:ip=10.0.0.2,port=6379,state=online,offset=900,lag=0\r\n"
        b"slave1:ip=10.0.0.3,port=6379,state=online,offset=400,lag=5\r\nmaster_repl_offset:1000\r\n"
    )

    rows = {row.name.removeprefix("lastin_redis_"): row.value for row in queue_metrics.of_redis(fields_of(info))}

    assert (rows["aof_write_ok"], rows["aof_rewrite_ok"], rows["rdb_save_ok"]) == (0, 1, 0)
    assert (rows["replicas"], rows["replica_lag_bytes"]) == (2, 600)


def test_changes_of_an_adaptive_order_are_shown_by_what_it_became(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", order="adaptive", lifo_above_us=1_000_000, lifo_below_us=500_000)
    queue.send("a")
    queue.clock.forward(s=1)
    queue.claim()

    metrics = metrics_of(queue)
    assert metrics["lastin_order_switches_total", ("default", "lifo")] == 1
    assert metrics["lastin_order_switches_total", ("default", "fifo")] == 0


def test_the_freshness_of_subjects_is_a_distribution_without_their_names(queue: ScriptedQueue) -> None:
    assert [row for row in metrics_of(queue).items() if row[0][0] == "lastin_subjects"] == [
        (("lastin_subjects", ("default", "+Inf")), 0)
    ]
    for age_s, subject in ((90, "old"), (9, "young"), (1, "new")):
        queue.send_about(subject, subject)
        (token,) = queue.claim()
        queue.settle(token)
        queue.clock.forward(s={90: 81, 9: 8, 1: 1}[age_s])

    found = {labels[1]: value for (name, labels), value in metrics_of(queue).items() if name == "lastin_subjects"}

    assert [found[le] for le in ("0.5", "1", "5", "10", "60", "120", "86400", "+Inf")] == [0, 1, 1, 2, 2, 3, 3, 3]
    fresh = queue.snapshot().freshness
    assert fresh is not None
    assert (fresh.p50_us, fresh.p90_us, fresh.oldest_us) == (9_000_000, 90_000_000, 90_000_000)
