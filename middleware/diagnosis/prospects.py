"""Can jobs that are to be accepted meet their deadlines, as their queue is now? What keeps them from that, in words.

Where the newest goes first, a new job is on top, so depth is no reason. What is: a pause, no worker, no window that
opens in time, and in an order that lets others go first, more of them than are let through by then.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import dramatiq

from ..broker import LifoBroker
from ..clock import rfc3339
from ..commands import keys
from ..enqueue.deadlines import deadline_us
from ..enqueue.due import Due
from ..enqueue.generated import GENERATED_AT
from ..jobs import JobStatus
from ..processes.registry import threads_of
from ..queues.snapshot import QueueSnapshot, read_snapshot
from ..words import counted
from .circumstances import flow_of, recent_counters
from .openings import planned_spans

MOST_SPANS = 1_000
"""So many windows are looked at; a deadline beyond them is far away."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """A queue as it is. ``starts_per_s``: how many jobs its threads can start a second, where others go first for
    certain; None: nobody knows."""

    queue: QueueSnapshot
    has_workers: bool
    starts_per_s: float | None


class Times(NamedTuple):
    """When a job would fall due and expire if it was accepted now, in µs since the epoch; and what it expires by, in
    words that hold whenever it is accepted."""

    due_us: int
    expires_us: int
    expires: str


def warnings_of(messages: Sequence[dramatiq.Message[Any]], dues: Sequence[Due], broker: LifoBroker) -> list[str | None]:
    """Why the job of each of these messages, all of one queue, couldn't meet its deadline; None: it can, or has none.
    Where any has a deadline, the queue is read once.

    Raises:
      RedisAwayError: Redis doesn't answer.
      ValueError: what a message says of its deadline makes no sense.
    """
    deadlines = [broker.fresh_work.deadline(message) for message in messages]
    if not any(deadlines):
        return [None] * len(messages)
    found = _read(messages[0].queue_name, broker)
    return [
        _warning(found, message, due, deadline, broker) if deadline else None
        for message, due, deadline in zip(messages, dues, deadlines, strict=True)
    ]


def _read(queue: str, broker: LifoBroker) -> Prospect:
    snapshot = read_snapshot(broker.redis.queue(queue))
    pace = None
    if snapshot.counts[JobStatus.QUEUED] and _others_go_first(snapshot):
        flow = flow_of(recent_counters(queue, broker))
        pace = flow.busy_starts if snapshot.mode == "continuous" and flow.busy_starts else None
        if not pace and flow.run_s:
            threads = threads_of(queue, broker.registry.processes())
            pace = (threads.total - threads.lost) / flow.run_s
    return Prospect(snapshot, broker.registry.has_worker_for(queue), pace)


def _warning(
    found: Prospect, message: dramatiq.Message[Any], due: Due, deadline: bytes, broker: LifoBroker
) -> str | None:
    now_us = found.queue.now_us
    due_us = max(now_us, due.at_us or now_us + round((due.delay_ms or 0) * 1000))
    expires_us = deadline_us(deadline, now_us) or 0
    if expires_us <= now_us:
        return f"Its deadline passed at {rfc3339(expires_us)}."
    is_span = deadline.startswith(b"+")
    expires = f"It expires {_moment(expires_us - now_us if is_span else None, expires_us)}"
    if due_us >= expires_us:
        return f"{expires}, and falls due {_moment(due_us - now_us if due.at_us is None else None, due_us)}."
    times = Times(due_us, expires_us, expires)
    return _gate(found, times, broker) or _order(found, message, times, broker)


def _order(found: Prospect, message: dramatiq.Message[Any], times: Times, broker: LifoBroker) -> str | None:
    """Whether a window opens in time, and lets it through."""
    queue, now_us = found.queue, found.queue.now_us
    due_s, left_s = (times.due_us - now_us) / 1e6, (times.expires_us - now_us) / 1e6
    first = _that_go_first(queue, message, broker)
    through = math.inf
    if queue.mode == "windows":
        spans: list[tuple[float, float, float]] = []
        for span in planned_spans(queue, now_us):
            if span[0] >= left_s or len(spans) == MOST_SPANS:
                break
            spans.append(span)
        if not any(until_s > due_s and credits > 0 for _, until_s, credits in spans):
            return f"{times.expires}, and {_opens(queue)}."
        through = math.inf if len(spans) == MOST_SPANS else sum(credits for _, _, credits in spans)
    if first and first >= through:
        let = f"the windows until then let {through:.0f} through"
        return f"{times.expires}: {counted(first, 'job')} go first, and {let}."
    if first and found.starts_per_s and first / found.starts_per_s > left_s:
        pace = f"at {found.starts_per_s:.3g} starts a second as in the last minutes, its turn comes later"
        return f"{times.expires}: {counted(first, 'job')} go first, and {pace}."
    return None


def _that_go_first(queue: QueueSnapshot, message: dramatiq.Message[Any], broker: LifoBroker) -> int:
    """How many waiting jobs are certain to be claimed before it."""
    if not queue.counts[JobStatus.QUEUED] or not _others_go_first(queue):
        return 0
    generated_us = message.options.get(GENERATED_AT) if queue.order_by == "generated" else None
    if generated_us is None:
        return queue.counts[JobStatus.QUEUED] if queue.order == "fifo" else 0
    span = ("-inf", f"({generated_us}") if queue.order == "fifo" else (f"({generated_us}", "+inf")
    return int(broker.redis.call("ZCOUNT", keys.stack(queue.queue), *span))


def _others_go_first(queue: QueueSnapshot) -> bool:
    """Whether a job that comes may find others before it, which stay there."""
    is_by_generation = queue.order == "lifo" and queue.order_by == "generated"
    return queue.order == "fifo" or (is_by_generation and not (queue.policy and queue.policy.oldest_share_ppm))


def _gate(found: Prospect, times: Times, broker: LifoBroker) -> str | None:
    queue = found.queue
    if queue.pause is not None:
        return f"{times.expires}, and queue {queue.queue} is paused: {queue.pause.reason or 'no reason was given'}."
    if queue.policy is None and broker.is_gated:
        return f"{times.expires}, and no scheduler has put a policy in force for queue {queue.queue}."
    if not found.has_workers:
        return f"{times.expires}, and no worker that is connected consumes queue {queue.queue}."
    return None


def _moment(span_us: int | None, at_us: int) -> str:
    """Of a span that is given the moment isn't known before the job is accepted."""
    if span_us is None:
        return f"at {rfc3339(at_us)}"
    seconds = f"{span_us / 1e6:,.3f}".rstrip("0").rstrip(".")
    return f"{seconds} s after its acceptance"


def _opens(queue: QueueSnapshot) -> str:
    if queue.next_window_at_us is None:
        return "no window is planned"
    return f"the next window opens at {rfc3339(queue.next_window_at_us)}"
