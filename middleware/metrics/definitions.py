"""The metrics of our own: every name with its type, its labels and its meaning (see ``docs/metrics.md``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from ..statistics.histograms import Histogram


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ``name`` is that of its samples, ``_total`` included; labels are bounded sets."""

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    labels: tuple[str, ...]
    doc: str


class Row(NamedTuple):
    """One value of a metric, with the values of its labels in their order."""

    name: str
    labels: tuple[str, ...]
    value: float | Histogram


QUEUES = (
    Metric("lastin_queue_jobs", "gauge", ("queue", "state"), "Jobs of a queue that are in a state now."),
    Metric(
        "lastin_queue_waiting_bytes",
        "gauge",
        ("queue",),
        "Bytes of the messages of waiting jobs, queued or scheduled. `MAX_QUEUED_BYTES` limits them.",
    ),
    Metric(
        "lastin_queue_held_back_jobs",
        "gauge",
        ("queue",),
        "Jobs that wait because their queue or group already runs as many as it may.",
    ),
    Metric(
        "lastin_queue_oldest_age_seconds",
        "gauge",
        ("queue",),
        "Age of the oldest waiting job, 0 if none waits. With newest first the bottom of a stack may starve: watch "
        "this.",
    ),
    Metric(
        "lastin_subjects",
        "gauge",
        ("queue", "within_s"),
        "Subjects whose newest processed job was accepted at most this many seconds ago; `+Inf`: all that have one.",
    ),
    Metric("lastin_jobs_accepted_total", "counter", ("queue",), "Jobs that were accepted."),
    Metric(
        "lastin_jobs_finished_total",
        "counter",
        ("queue", "task", "outcome"),
        "Jobs that ended, by the state that they ended in. Beyond 200 tasks of a queue, the others count as (other).",
    ),
    Metric("lastin_jobs_retried_total", "counter", ("queue",), "Attempts that failed and are tried again."),
    Metric(
        "lastin_jobs_reclaimed_total",
        "counter",
        ("queue",),
        "Leases that ran out because a worker died or stood still.",
    ),
    Metric("lastin_jobs_revived_total", "counter", ("queue",), "Jobs that an operator retried."),
    Metric("lastin_jobs_overflowed_total", "counter", ("queue",), "Jobs that expired to make room (WHEN_FULL)."),
    Metric("lastin_jobs_pruned_total", "counter", ("queue",), "Jobs that retention or a flush forgot."),
    Metric(
        "lastin_stale_settles_total",
        "counter",
        ("queue",),
        "Settlements that came after their lease had run out: the job ran twice.",
    ),
    Metric("lastin_order_inversions_total", "counter", ("queue",), "Claims that left a newer job behind. Must stay 0."),
    Metric(
        "lastin_conservation_error_jobs",
        "gauge",
        ("queue",),
        "Existing and pruned jobs, minus accepted ones. Must be 0. Above, a job is in two states; below, in none.",
    ),
    Metric(
        "lastin_job_wait_seconds",
        "histogram",
        ("queue", "task"),
        "How long jobs waited on the stack before they were claimed.",
    ),
    Metric(
        "lastin_job_run_seconds", "histogram", ("queue", "task"), "How long attempts took, from claim to settlement."
    ),
    Metric(
        "lastin_window_open",
        "gauge",
        ("queue",),
        "1: jobs may be claimed, because a window is open or none is needed, and the queue isn't paused.",
    ),
    Metric("lastin_queue_paused", "gauge", ("queue",), "1: the queue is paused."),
    Metric(
        "lastin_queue_unclaimed_seconds",
        "gauge",
        ("queue",),
        "For how long there have been jobs that may be claimed while none was claimed; 0 if there are none.",
    ),
    Metric(
        "lastin_windows_opened_total",
        "counter",
        ("queue", "by"),
        "Windows that were opened, by who opened them: tick, operator, command.",
    ),
    Metric("lastin_windows_missed_total", "counter", ("queue",), "Ticks for which no window could be opened in time."),
    Metric("lastin_windows_unused_total", "counter", ("queue",), "Windows in which nothing was claimed."),
    Metric(
        "lastin_order_switches_total",
        "counter",
        ("queue", "to"),
        "Changes of an adaptive order, by what it became: lifo, fifo.",
    ),
    Metric("lastin_window_claims_total", "counter", ("queue",), "Jobs that were claimed in windows."),
    Metric(
        "lastin_window_last_opened_timestamp_seconds",
        "gauge",
        ("queue",),
        "When a window last opened, by Redis's clock.",
    ),
)

RECURRING = (
    Metric(
        "lastin_recurring_submitted_total",
        "counter",
        ("queue", "recurring"),
        "Jobs that the ticks of a recurring job have submitted.",
    ),
    Metric(
        "lastin_recurring_skipped_total",
        "counter",
        ("queue", "recurring", "reason"),
        "Ticks that submitted nothing: paused, or its last job was still waiting.",
    ),
    Metric(
        "lastin_recurring_missed_total",
        "counter",
        ("queue", "recurring"),
        "Ticks that no scheduler saw in time. They are counted when the next one is seen.",
    ),
    Metric("lastin_recurring_paused", "gauge", ("queue", "recurring"), "1: the recurring job is paused."),
)

SERVICE = (
    Metric(
        "lastin_redis_up", "gauge", (), "1: Redis answered this scrape. 0: everything that is read from it is missing."
    ),
    Metric("lastin_workers", "gauge", (), "Worker processes that are alive."),
    Metric("lastin_schedulers", "gauge", (), "Schedulers that are alive."),
    Metric("lastin_cadence_in_force", "gauge", (), "0: the schedulers' cadence isn't the one in the file."),
    Metric("lastin_worker_threads", "gauge", (), "Threads of all workers together."),
    Metric("lastin_worker_threads_idle", "gauge", (), "Threads of workers that have nothing to do."),
    Metric(
        "lastin_worker_threads_lost", "gauge", (), "Threads of workers that hang in a task far beyond its time limit."
    ),
    Metric(
        "lastin_submissions_unconfirmed_total",
        "counter",
        ("process", "host"),
        "Submissions over HTTP that too few replicas had in time (WAIT_REPLICAS). They got 503; their jobs are kept.",
    ),
    Metric(
        "lastin_log_records_dropped_total",
        "counter",
        ("process", "host"),
        "Log lines that LOG_FILE or LOG_TCP_URL couldn't take.",
    ),
    Metric("lastin_build_info", "gauge", ("version", "python"), "Always 1; its labels name the versions that run."),
)

REDIS = (
    Metric("lastin_redis_memory_used_bytes", "gauge", (), "Memory that Redis has allocated."),
    Metric("lastin_redis_memory_limit_bytes", "gauge", (), "Redis's maxmemory; 0: none."),
    Metric(
        "lastin_redis_memory_fragmentation_ratio", "gauge", (), "Resident memory of Redis divided by what it allocated."
    ),
    Metric("lastin_redis_noeviction", "gauge", (), "1: Redis refuses writes when it is full. 0: it may drop jobs."),
    Metric("lastin_redis_aof_enabled", "gauge", (), "1: there is an append-only file. 0: a restart loses jobs."),
    Metric("lastin_redis_aof_write_ok", "gauge", (), "0: the last write to the append-only file failed."),
    Metric("lastin_redis_aof_rewrite_ok", "gauge", (), "0: the last rewrite of the append-only file failed."),
    Metric("lastin_redis_rdb_save_ok", "gauge", (), "0: the last snapshot failed."),
    Metric("lastin_redis_primary", "gauge", (), "1: this server is the primary. 0: it is a replica."),
    Metric("lastin_redis_replicas", "gauge", (), "Replicas that are connected."),
    Metric("lastin_redis_replica_lag_bytes", "gauge", (), "How far the last replica is behind; 0 without replicas."),
    Metric("lastin_redis_clients", "gauge", (), "Connections of clients."),
    Metric("lastin_redis_commands_total", "counter", (), "Commands that Redis has carried out."),
    Metric(
        "lastin_redis_evicted_keys_total", "counter", (), "Keys that Redis dropped for lack of memory. Must stay 0."
    ),
    Metric("lastin_redis_cpu_seconds_total", "counter", (), "CPU time of Redis."),
    Metric("lastin_redis_uptime_seconds", "gauge", (), "Seconds since Redis started."),
)

OF_PROCESS = ("process", "host", "member")

PROCESSES = (
    Metric("process_cpu_seconds_total", "counter", OF_PROCESS, "Total user and system CPU time spent in seconds."),
    Metric("process_resident_memory_bytes", "gauge", OF_PROCESS, "Resident memory size in bytes."),
    Metric("process_virtual_memory_bytes", "gauge", OF_PROCESS, "Virtual memory size in bytes."),
    Metric("process_open_fds", "gauge", OF_PROCESS, "Number of open file descriptors."),
    Metric("process_max_fds", "gauge", OF_PROCESS, "Maximum number of open file descriptors."),
    Metric("process_start_time_seconds", "gauge", OF_PROCESS, "Start time of the process since unix epoch in seconds."),
)

METRICS = (*SERVICE, *QUEUES, *RECURRING, *REDIS, *PROCESSES)
BY_NAME = {metric.name: metric for metric in METRICS}


def grouped(rows: Iterable[Row]) -> Iterator[tuple[Metric, list[Row]]]:
    """The rows by metric, in the order of the table above."""
    of: dict[str, list[Row]] = {}
    for row in rows:
        of.setdefault(row.name, []).append(row)
    for name in sorted(of, key=list(BY_NAME).index):
        yield BY_NAME[name], of[name]


def as_row(name: str, *labels: str, value: Any) -> Row:
    """A row whose value may be a bool or a numeric text."""
    return Row(name, labels, float(value))
