"""Statistics: jobs by state, rates of the last minutes, how long jobs waited and ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..clock import rfc3339
from ..commands.client import RedisClient
from ..commands.layout import INTERVAL_US, Counts
from . import histograms
from .counters import NOTHING, QueueCounters, TaskStatistics, added, read_counters
from .histograms import Histogram

SPANS_S = {"1m": 60, "5m": 300, "15m": 900}
"""The spans that rates are computed for."""
TIMES_SPAN_S = 900
"""The span that times are computed for."""
SAMPLES_OF_SPANS = 900_000_000 // INTERVAL_US + 2
MINUTES_OF_SPANS = 16

RATES = {
    "accepted": "accepted",
    "started": "claimed",
    "processed": "ended_processed",
    "retried": "retried",
    "put_back": "put_back",
    "rejected": "ended_rejected",
    "cancelled": "ended_cancelled",
    "expired": "ended_expired",
    "superseded": "ended_superseded",
}
"""The rates, and the totals that they are computed from."""

Rates = Mapping[str, float]
"""Events a second, by the names in RATES."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What there is to say of a queue, of a task of it, or of all.

    ``oldest_age_us``: None where no job waits, and of a task, whose jobs aren't told apart on the stack. ``wait`` and
    ``run`` hold the times of the last 15 to 16 minutes.
    """

    counts: Mapping[str, int]
    oldest_age_us: int | None
    rates: Mapping[str, Rates]
    wait: Histogram
    run: Histogram

    def as_dict(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "counts": dict(self.counts),
            "oldest_age_s": None if self.oldest_age_us is None else self.oldest_age_us / 1e6,
            "rates": {
                span: {name: round(rate, 3) for name, rate in rates.items()} for span, rates in self.rates.items()
            },
            "wait_ms": _times(self.wait),
            "run_ms": _times(self.run),
        }


@dataclass(frozen=True, slots=True)
class Stats:
    """All queues at about one moment, which is Redis server time in µs. Tasks go by (queue, task)."""

    at_us: int | None
    total: Summary
    queues: Mapping[str, Summary]
    tasks: Mapping[tuple[str, str], Summary]

    def of(self, queue: str) -> Stats:
        """The part about one queue; nothing if there is no such queue."""
        found = self.queues.get(queue)
        return Stats(
            at_us=self.at_us,
            total=_together([]) if found is None else found,
            queues={} if found is None else {queue: found},
            tasks={(name, task): summary for (name, task), summary in self.tasks.items() if name == queue},
        )

    def as_dict(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "at": rfc3339(self.at_us),
            "total": self.total.as_dict(),
            "queues": [{"queue": queue, **summary.as_dict()} for queue, summary in self.queues.items()],
            "tasks": [
                {"task": task, "queue": queue, **_without_age(summary.as_dict())}
                for (queue, task), summary in self.tasks.items()
            ],
        }


class Statistics:
    """Reads the statistics."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    def now(self) -> Stats:
        """The statistics of all queues.

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        read = self._redis.read_lists(lambda redis: [_read(redis, name) for name in sorted(redis.queues())])
        return Stats(
            at_us=max((counters.now_us for counters in read), default=None),
            total=_together(read),
            queues={counters.queue: _together([counters]) for counters in read},
            tasks={
                (counters.queue, task): _of_task(counters, task) for counters in read for task in sorted(counters.tasks)
            },
        )


def _read(redis: RedisClient, queue: str) -> QueueCounters:
    return read_counters(redis.queue(queue), samples=SAMPLES_OF_SPANS, minutes=MINUTES_OF_SPANS)


def queue_rates(counters: QueueCounters, span_s: int) -> Rates:
    """Events a second in a queue, over ``span_s`` and what its first interval has more (10 s at most)."""
    return _rates(counters.together.counts, *counters.counts_at(counters.now_us - span_s * 1_000_000), counters.now_us)


def task_rates(counters: QueueCounters, task: str, span_s: int) -> Rates:
    """Events a second of a task, over ``span_s`` and what its first minute has more."""
    began_us, before = counters.tasks_at(counters.now_us - span_s * 1_000_000)
    return _rates(counters.tasks[task].counts, began_us, before.get(task, NOTHING).counts, counters.now_us)


def _rates(now: Counts, began_us: int, before: Counts, now_us: int) -> Rates:
    seconds = max(1.0, (now_us - began_us) / 1e6)
    return {name: (now.totals[total] - before.totals[total]) / seconds for name, total in RATES.items()}


def _together(queues: list[QueueCounters]) -> Summary:
    ages = [max(0, counters.now_us - counters.oldest_place) for counters in queues if counters.oldest_place is not None]
    rates = {span: [queue_rates(counters, seconds) for counters in queues] for span, seconds in SPANS_S.items()}
    before = [added(counters.tasks_at(counters.now_us - TIMES_SPAN_S * 1_000_000)[1].values()) for counters in queues]
    return Summary(
        counts=_at_least_none(added(counters.together for counters in queues).counts),
        oldest_age_us=max(ages, default=None),
        rates={span: {name: sum(rate[name] for rate in found) for name in RATES} for span, found in rates.items()},
        wait=histograms.added(now.together.wait - was.wait for now, was in zip(queues, before, strict=True)),
        run=histograms.added(now.together.run - was.run for now, was in zip(queues, before, strict=True)),
    )


def _of_task(counters: QueueCounters, task: str) -> Summary:
    now = counters.tasks[task]
    before: TaskStatistics = counters.tasks_at(counters.now_us - TIMES_SPAN_S * 1_000_000)[1].get(task, NOTHING)
    return Summary(
        counts=_at_least_none(now.counts),
        oldest_age_us=None,
        rates={span: task_rates(counters, task, seconds) for span, seconds in SPANS_S.items()},
        wait=now.wait - before.wait,
        run=now.run - before.run,
    )


def _at_least_none(counts: Counts) -> dict[str, int]:
    """Jobs whose records were removed by hand may have left a state in which they were never counted."""
    return {name: max(0, value) for name, value in counts.states.items()}


def _times(times: Histogram) -> dict[str, float | int | None]:
    def in_ms(time_us: float | None) -> float | None:
        return None if time_us is None else round(time_us / 1000, 3)

    return {
        "count": times.count,
        "mean": in_ms(times.sum_us / times.count) if times.count else None,
        "p50": in_ms(times.quantile_us(0.50)),
        "p90": in_ms(times.quantile_us(0.90)),
        "p99": in_ms(times.quantile_us(0.99)),
    }


def _without_age(summary: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in summary.items() if name != "oldest_age_s"}
