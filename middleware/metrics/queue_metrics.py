"""What Redis shows an operator: the state of the queues and of Redis itself, computed at the moment of asking."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

from .. import VERSION
from ..commands.layout import FRESH_BOUNDS_US
from ..jobs import FINAL
from ..processes.registry import LiveProcess
from ..queues.policy import OrderNow
from ..queues.recurring import RecurringJob
from ..queues.snapshot import QueueSnapshot
from ..queues.window import OpenedBy
from ..statistics.counters import TaskStatistics
from .definitions import Row, as_row

COUNTED = {
    "accepted": "lastin_jobs_accepted_total",
    "retried": "lastin_jobs_retried_total",
    "reclaimed": "lastin_jobs_reclaimed_total",
    "revived": "lastin_jobs_revived_total",
    "overflowed": "lastin_jobs_overflowed_total",
    "pruned": "lastin_jobs_pruned_total",
    "stale_settles": "lastin_stale_settles_total",
    "order_inversions": "lastin_order_inversions_total",
    "windows_missed": "lastin_windows_missed_total",
    "windows_unused": "lastin_windows_unused_total",
    "window_claims": "lastin_window_claims_total",
}
"""Names of counters (``keys.counters``), and the metrics that show them."""

INFO = {
    "used_memory": "lastin_redis_memory_used_bytes",
    "maxmemory": "lastin_redis_memory_limit_bytes",
    "mem_fragmentation_ratio": "lastin_redis_memory_fragmentation_ratio",
    "aof_enabled": "lastin_redis_aof_enabled",
    "connected_slaves": "lastin_redis_replicas",
    "connected_clients": "lastin_redis_clients",
    "total_commands_processed": "lastin_redis_commands_total",
    "evicted_keys": "lastin_redis_evicted_keys_total",
    "uptime_in_seconds": "lastin_redis_uptime_seconds",
}
"""Fields of Redis's INFO that are numbers, and the metrics that show them."""

INFO_WORDS = {
    "maxmemory_policy": ("noeviction", "lastin_redis_noeviction"),
    "aof_last_write_status": ("ok", "lastin_redis_aof_write_ok"),
    "aof_last_bgrewrite_status": ("ok", "lastin_redis_aof_rewrite_ok"),
    "rdb_last_bgsave_status": ("ok", "lastin_redis_rdb_save_ok"),
    "role": ("master", "lastin_redis_primary"),
}
"""Fields of INFO that are words: the word that means 1, and the metric."""


def of_this_build() -> Iterator[Row]:
    """What runs here."""
    yield Row("lastin_build_info", (VERSION, platform.python_version()), 1)


def of_queue(snapshot: QueueSnapshot) -> Iterator[Row]:
    """The metrics of one queue."""
    queue, counters = snapshot.queue, snapshot.counters
    for state, count in snapshot.counts.items():
        yield Row("lastin_queue_jobs", (queue, state.value), count)
    yield Row("lastin_queue_held_back_jobs", (queue,), snapshot.held_back)
    yield Row("lastin_queue_oldest_age_seconds", (queue,), (snapshot.oldest_age_us or 0) / 1e6)
    if snapshot.freshness is not None:
        for bound_us, subjects in zip(FRESH_BOUNDS_US, snapshot.freshness.within, strict=True):
            yield Row("lastin_subjects", (queue, f"{bound_us / 1e6:g}"), subjects)
    yield Row("lastin_subjects", (queue, "+Inf"), snapshot.freshness.subjects if snapshot.freshness else 0)
    yield Row("lastin_conservation_error_jobs", (queue,), snapshot.conservation_error)
    yield Row("lastin_window_open", (queue,), snapshot.is_open)
    yield Row("lastin_queue_paused", (queue,), snapshot.pause is not None)
    yield Row("lastin_queue_unclaimed_seconds", (queue,), snapshot.unclaimed_s)
    for counter, name in COUNTED.items():
        yield Row(name, (queue,), counters.get(counter, 0))
    for by in get_args(OpenedBy):
        yield Row("lastin_windows_opened_total", (queue, by), counters.get(f"windows_opened_by_{by}", 0))
    for order in get_args(OrderNow):
        yield Row("lastin_order_switches_total", (queue, order), counters.get(f"order_switches_to_{order}", 0))
    if snapshot.last_opened_us is not None:
        yield Row("lastin_window_last_opened_timestamp_seconds", (queue,), snapshot.last_opened_us / 1e6)
    for task, counted in snapshot.task_counters.items():
        yield from _of_task(queue, task, counted)


def _of_task(queue: str, task: str, counted: TaskStatistics) -> Iterator[Row]:
    """The scripts count at most 200 tasks of a queue, and the others together: so labels are bounded."""
    for outcome in FINAL:
        if count := counted.counts.totals[f"ended_{outcome.value}"]:
            yield Row("lastin_jobs_finished_total", (queue, task, outcome.value), count)
    yield Row("lastin_job_wait_seconds", (queue, task), counted.wait)
    yield Row("lastin_job_run_seconds", (queue, task), counted.run)


def of_recurring(job: RecurringJob) -> Iterator[Row]:
    """The metrics of a recurring job. The cadence file bounds how many there are."""
    labels = (job.definition.queue, job.definition.name)
    yield Row("lastin_recurring_submitted_total", labels, job.ticks["submitted"])
    for reason in ("paused", "waiting"):
        yield Row("lastin_recurring_skipped_total", (*labels, reason), job.ticks[f"skipped_{reason}"])
    yield Row("lastin_recurring_missed_total", labels, job.ticks["missed"])
    yield Row("lastin_recurring_paused", labels, job.pause is not None)


def of_processes(processes: Iterable[LiveProcess]) -> Iterator[Row]:
    """How many workers and schedulers live."""
    processes = list(processes)
    workers = [process for process in processes if process.kind == "worker"]
    yield Row("lastin_workers", (), len(workers))
    yield Row("lastin_schedulers", (), len(processes) - len(workers))
    yield Row("lastin_worker_threads", (), sum(process.threads.total for process in workers))
    yield Row("lastin_worker_threads_idle", (), sum(process.threads.idle for process in workers))
    yield Row("lastin_worker_threads_lost", (), sum(process.threads.lost for process in workers))


def of_cadence(faults: Sequence[str]) -> Iterator[Row]:
    """Whether the schedulers go by the file."""
    yield Row("lastin_cadence_in_force", (), not faults)


def of_redis(reported: dict[str, str]) -> Iterator[Row]:
    """The metrics of Redis itself, from its INFO. What a server doesn't report is left out."""
    for field, name in INFO.items():
        if field in reported:
            yield as_row(name, value=reported[field])
    for field, (good, name) in INFO_WORDS.items():
        if field in reported:
            yield as_row(name, value=reported[field] == good)
    yield as_row("lastin_redis_replica_lag_bytes", value=_lag(reported))
    if "used_cpu_sys" in reported:
        seconds = float(reported["used_cpu_sys"]) + float(reported["used_cpu_user"])
        yield as_row("lastin_redis_cpu_seconds_total", value=seconds)


def _lag(reported: dict[str, str]) -> int:
    """``slave0:ip=…,port=…,state=online,offset=…,lag=…``"""
    offsets = [
        int(part.removeprefix("offset="))
        for field, value in reported.items()
        if field.startswith("slave") and field[5:].isdigit()
        for part in value.split(",")
        if part.startswith("offset=")
    ]
    return max(0, int(reported.get("master_repl_offset", 0)) - min(offsets)) if offsets else 0
