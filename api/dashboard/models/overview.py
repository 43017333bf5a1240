"""The overview: the figures above everything else, and what Redis is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from middleware.jobs import JobStatus
from middleware.processes.registry import LiveProcess
from middleware.queues.snapshot import QueueSnapshot
from middleware.queues.stack import taken_next
from middleware.statistics.history import Step
from middleware.statistics.stats import Stats

from .. import words
from .pictures import by_minute, line_of


@dataclass(frozen=True, slots=True)
class Figures:
    """What is told at one glance. Times in ms or µs, as their names say; rates are those of the last minute."""

    wait_p50_ms: float | None
    wait_p99_ms: float | None
    waiting: int
    scheduled: int
    oldest_place_us: int | None
    running: int
    threads: int
    processed_per_s: float
    accepted_per_s: float
    rejected: int
    rejected_last_hour: int
    next_queue: str | None
    next_at_us: int | None
    next_takes: int
    spark: str


@dataclass(frozen=True, slots=True)
class Hour:
    """What the last hour adds to the overview: jobs that were rejected, a small line of what was processed, and its
    table, as HTML."""

    rejected: int
    spark: str
    table: str


def hour_of(history: Sequence[Step], table: str) -> Hour:
    """Of all queues."""
    return Hour(sum(step.rejected for step in history), line_of(by_minute(history)), table)


def figures_of(
    queues: Mapping[str, QueueSnapshot], stats: Stats, processes: Iterable[LiveProcess], hour: Hour
) -> Figures:
    """Over all queues."""
    times = stats.total.as_dict()["wait_ms"]
    rates = stats.total.rates["1m"]
    planned = [(q.next_window_at_us, q.queue) for q in queues.values() if q.next_window_at_us is not None]
    next_at_us, next_queue = min(planned, default=(None, None))
    return Figures(
        wait_p50_ms=times["p50"],
        wait_p99_ms=times["p99"],
        waiting=_count(queues, JobStatus.QUEUED),
        scheduled=_count(queues, JobStatus.SCHEDULED),
        oldest_place_us=min((q.oldest_place for q in queues.values() if q.oldest_place is not None), default=None),
        running=_count(queues, JobStatus.RUNNING),
        threads=sum(p.threads.total for p in processes if p.kind == "worker"),
        processed_per_s=rates["processed"],
        accepted_per_s=rates["accepted"],
        rejected=_count(queues, JobStatus.REJECTED),
        rejected_last_hour=hour.rejected,
        next_queue=next_queue,
        next_at_us=next_at_us,
        next_takes=taken_next(queues[next_queue]).total if next_queue is not None else 0,
        spark=hour.spark,
    )


def _count(queues: Mapping[str, QueueSnapshot], status: JobStatus) -> int:
    return sum(queue.counts[status] for queue in queues.values())


def chosen_queue(queues: Mapping[str, QueueSnapshot], asked: str | None) -> QueueSnapshot | None:
    """The queue whose stack is drawn: the one asked for, else ``default``, else the first."""
    if asked is not None:
        return queues.get(asked)
    return queues.get("default") or next(iter(queues.values()), None)


def server_in_words(info: Mapping[str, str]) -> list[tuple[str, str]]:
    """Redis in some words: name and value."""
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = info.get("valkey_version", info.get("redis_version", "?"))
    limit = int(info.get("maxmemory", 0))
    used = words.size(int(info.get("used_memory", 0)))
    rows = [
        ("Server", f"{name} {version}"),
        ("Memory", f"{used} of {words.size(limit)}" if limit else f"{used}, no limit"),
        ("Append-only file", _aof(info)),
        ("Clients", info.get("connected_clients", "?")),
        ("Commands", f"{words.rate(float(info.get('instantaneous_ops_per_sec', 0)))}/s"),
        ("Up for", words.seconds(float(info.get("uptime_in_seconds", 0)))),
    ]
    replicas = int(info.get("connected_slaves", 0))
    return [*rows, ("Replicas", str(replicas))] if replicas else rows


def _aof(info: Mapping[str, str]) -> str:
    if info.get("aof_enabled") != "1":
        return "off"
    return "written" if info.get("aof_last_write_status", "ok") == "ok" else "can't be written"
