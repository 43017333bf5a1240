"""Can a job that is to be accepted meet its deadline, as its queue is now? What keeps it from that, in words.

Where the newest goes first, a new job is on top, so depth is no reason. What is: a pause, no worker, no window that
opens in time, and in an order that lets others go first, more of them than are let through by then.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from typing import Any

import dramatiq

from ..broker import LifoBroker
from ..clock import rfc3339
from ..commands import keys
from ..enqueue.deadlines import deadline_us
from ..enqueue.due import Due
from ..enqueue.generated import GENERATED_AT
from ..jobs import JobStatus
from ..queues.snapshot import QueueSnapshot
from ..words import counted
from .circumstances import flow_of, recent_counters
from .openings import planned_spans

MOST_SPANS = 1_000
"""So many windows are looked at; a deadline beyond them is far away."""
FRESH_FOR_S = 1.0
"""So long what was read of a queue serves for the jobs that come meanwhile."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """A queue as it was read. ``starts_per_s``: how many jobs its threads can start a second, where others go first
    for certain; None: nobody knows."""

    queue: QueueSnapshot
    is_gated: bool
    has_workers: bool
    starts_per_s: float | None
    read_at_s: float

    @property
    def now_us(self) -> int:
        """The server's time."""
        return self.queue.now_us + round((time.monotonic() - self.read_at_s) * 1e6)


class Prospects:
    """What is in the way of deadlines. Any thread may ask."""

    def __init__(self, broker: LifoBroker) -> None:
        self._broker = broker
        self._lock = threading.Lock()
        self._known: dict[str, Prospect] = {}

    def warning(self, message: dramatiq.Message[Any], due: Due, *, afresh: bool = False) -> str | None:
        """Why a message's job couldn't meet its deadline; None: it can, or has none. ``afresh``: by what Redis says
        now, and not a second ago.

        Raises:
          RedisAwayError: Redis doesn't answer.
          ValueError: what the message says of its deadline makes no sense.
        """
        deadline = self._broker.fresh_work.of(message).deadline
        if not deadline:
            return None
        found = self._prospect(message.queue_name, afresh=afresh)
        if found is None:
            return None
        now_us = found.now_us
        due_us = max(now_us, due.at_us or now_us + round((due.delay_ms or 0) * 1000))
        expires_us = deadline_us(deadline, now_us) or 0
        at_once = _in_time(now_us, due_us, expires_us) or _gate(found, expires_us)
        return at_once or self._order(found, message, due_us, expires_us)

    def _prospect(self, queue: str, *, afresh: bool) -> Prospect | None:
        known = self._known.get(queue)
        if known is not None and not afresh and time.monotonic() - known.read_at_s < FRESH_FOR_S:
            return known
        broker, read_at_s = self._broker, time.monotonic()
        snapshot = broker.control.snapshot(queue)
        if snapshot is None:
            return None  # nothing was ever sent to it
        workers = [each for each in broker.registry.processes() if each.kind == "worker" and queue in each.queues]
        pace = None
        if snapshot.counts[JobStatus.QUEUED] and _others_go_first(snapshot):
            flow = flow_of(recent_counters(queue, broker))
            threads = sum(each.threads.total - each.threads.lost for each in workers)
            pace = flow.busy_starts if snapshot.mode == "continuous" and flow.busy_starts else None
            pace = pace or (threads / flow.run_s if flow.run_s else None)
        found = Prospect(snapshot, broker.is_gated, bool(workers), pace, read_at_s)
        with self._lock:
            self._known[queue] = found
        return found

    def _order(self, found: Prospect, message: dramatiq.Message[Any], due_us: int, expires_us: int) -> str | None:
        """Whether a window opens in time, and lets it through."""
        queue, now_us = found.queue, found.now_us
        due_s, left_s = (due_us - now_us) / 1e6, (expires_us - now_us) / 1e6
        first = self._that_go_first(found, message)
        through = math.inf
        if queue.mode == "windows":
            spans: list[tuple[float, float, float]] = []
            for span in planned_spans(queue, now_us):
                if span[0] >= left_s or len(spans) == MOST_SPANS:
                    break
                spans.append(span)
            if not any(until_s > due_s and credits > 0 for _, until_s, credits in spans):
                return f"{_by(expires_us)}, and {_opens(queue)}."
            through = math.inf if len(spans) == MOST_SPANS else sum(credits for _, _, credits in spans)
        if first and first >= through:
            let = f"the windows until then let {through:.0f} through"
            return f"{_by(expires_us)}: {counted(first, 'job')} go first, and {let}."
        if first and found.starts_per_s and first / found.starts_per_s > left_s:
            pace = f"at {found.starts_per_s:.3g} starts a second as in the last minutes, its turn comes later"
            return f"{_by(expires_us)}: {counted(first, 'job')} go first, and {pace}."
        return None

    def _that_go_first(self, found: Prospect, message: dramatiq.Message[Any]) -> int:
        """How many waiting jobs are certain to be claimed before it."""
        queue = found.queue
        if not queue.counts[JobStatus.QUEUED] or not _others_go_first(queue):
            return 0
        generated_us = message.options.get(GENERATED_AT) if queue.order_by == "generated" else None
        if queue.order == "fifo":
            below = "+inf" if generated_us is None else f"({generated_us}"
            return int(self._broker.redis.call("ZCOUNT", keys.stack(queue.queue), "-inf", below))
        if generated_us is None:
            return 0
        return int(self._broker.redis.call("ZCOUNT", keys.stack(queue.queue), f"({generated_us}", "+inf"))


def _others_go_first(queue: QueueSnapshot) -> bool:
    """Whether a job that comes may find others before it, which stay there."""
    is_by_generation = queue.order == "lifo" and queue.order_by == "generated"
    return queue.order == "fifo" or (is_by_generation and not (queue.policy and queue.policy.oldest_share_ppm))


def _in_time(now_us: int, due_us: int, expires_us: int) -> str | None:
    if expires_us <= now_us:
        return f"Its deadline passed at {rfc3339(expires_us)}."
    if due_us >= expires_us:
        return f"{_by(expires_us)}, and falls due at {rfc3339(due_us)}."
    return None


def _gate(found: Prospect, expires_us: int) -> str | None:
    queue = found.queue
    if queue.pause is not None:
        return f"{_by(expires_us)}, and queue {queue.queue} is paused: {queue.pause.reason or 'no reason was given'}."
    if queue.policy is None and found.is_gated:
        return f"{_by(expires_us)}, and no scheduler has put a policy in force for queue {queue.queue}."
    if not found.has_workers:
        return f"{_by(expires_us)}, and no worker that is connected consumes queue {queue.queue}."
    return None


def _by(expires_us: int) -> str:
    return f"It expires at {rfc3339(expires_us)}"


def _opens(queue: QueueSnapshot) -> str:
    if queue.next_window_at_us is None:
        return "no window is planned"
    return f"the next window opens at {rfc3339(queue.next_window_at_us)}"
