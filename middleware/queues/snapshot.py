"""A queue at one moment: everything that is shown of it, from one bounded read (``snapshot.lua``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ..clock import rfc3339
from ..commands import keys
from ..commands.calls import pairs
from ..commands.queue_commands import QueueCommands
from ..jobs import JobStatus
from ..processes.registry import Threads
from ..statistics.counters import TaskStatistics, added, counters_from
from .freshness import Freshness, freshness_from
from .pause import Pause, pause_from
from .policy import GateWord, Mode, Order, OrderBy, OrderNow, Policy, policy_from
from .wait_bound import FULL_WINDOWS, wait_bound_us
from .window import Window, window_from


class WaitingGroups(NamedTuple):
    """How many groups have jobs on the stack, of how many of them as many run as may, and how many jobs their index
    has."""

    waiting: int
    full: int
    indexed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSnapshot:
    """One queue at one moment of the Redis server's clock. Times are µs since the epoch.

    ``mode``: without a policy, what holds until there is one. ``window``: the open one. ``next_window_at_us``: as the
    cadence in force has it; None in continuous mode, and when no scheduler is at work. ``later_ticks_us``: some ticks
    after that, where they don't come in even steps. ``last_free_claim_us``: when a job was last claimed outside of
    windows. ``windows_were_full``: the last windows used all their credits.
    ``oldest_place``: the lowest place on the stack; ``waiting_since_us``: since when, at the latest, some job has
    waited; both None when none does. ``counts``: jobs by status. ``due``, ``leases``, ``finished``, ``records`` and
    ``messages``: how many entries these structures have, each kept independently of the others. ``freshness``: None
    where no job with a subject was processed. ``held_back``: how many jobs wait since as many of the queue or of their
    groups run as may. ``groups``: None where claims don't go by groups.
    """

    queue: str
    now_us: int
    mode: Mode
    policy: Policy | None
    pause: Pause | None
    window: Window | None
    order_now: OrderNow
    next_window_at_us: int | None
    later_ticks_us: tuple[int, ...]
    last_opened_us: int | None
    last_free_claim_us: int | None
    windows_were_full: bool
    oldest_place: int | None
    waiting_since_us: int | None
    counts: dict[JobStatus, int]
    due: int
    leases: int
    finished: int
    records: int
    messages: int
    counters: dict[str, int]
    task_counters: dict[str, TaskStatistics]
    freshness: Freshness | None
    held_back: int
    groups: WaitingGroups | None

    @property
    def order(self) -> Order:
        """As the policy has it."""
        return "lifo" if self.policy is None else self.policy.order

    @property
    def order_by(self) -> OrderBy:
        """Whether jobs that come go by when they are accepted, or by when they were generated."""
        return "accepted" if self.policy is None else self.policy.order_by

    @property
    def gate(self) -> GateWord:
        """Whether jobs may be claimed now: a window is open or needless, and nobody has paused the queue."""
        if self.pause is not None:
            return "paused"
        return "open" if self.mode == "continuous" or self.window is not None else "closed"

    @property
    def is_open(self) -> bool:
        """Whether jobs may be claimed now."""
        return self.gate == "open"

    @property
    def oldest_age_us(self) -> int | None:
        """How long the job at the lowest place has been waiting, by its place; None: no job waits."""
        return None if self.oldest_place is None else max(0, self.now_us - self.oldest_place)

    @property
    def last_claim_us(self) -> int | None:
        """When a job was last claimed as it may be now, or the open window opened; None: that never was."""
        if self.window is not None:
            return self.window.last_claim_at_us or self.window.opened_at_us
        return self.last_free_claim_us if self.mode == "continuous" else None

    @property
    def unclaimed_s(self) -> float:
        """For how many seconds jobs have waited that may be claimed, while none was; 0 when there are none."""
        if not self.is_open or self.waiting_since_us is None or self.held_back >= self.counts[JobStatus.QUEUED]:
            return 0.0
        return max(0, self.now_us - max(self.waiting_since_us, self.last_claim_us or 0)) / 1e6

    @property
    def wait_bound_us(self) -> int | None:
        """How long a job accepted now waits at most (``wait_bound.py``); None: no bound is known, as in a pause."""
        if self.policy is None or self.pause is not None or self.next_window_at_us is None:
            return None
        waiting, running = self.counts[JobStatus.QUEUED], self.counts[JobStatus.RUNNING]
        return wait_bound_us(self.policy, waiting=waiting, running=running, are_full=self.windows_were_full)

    @property
    def waiting_bytes(self) -> int:
        """How many bytes the messages of the jobs that wait have, on the stack or for their time."""
        return self.counters.get("queued_bytes", 0) + self.counters.get("scheduled_bytes", 0)

    @property
    def accepted(self) -> int:
        """Jobs that were accepted since the queue was made."""
        return self.counters.get("accepted", 0)

    @property
    def pruned(self) -> int:
        """Jobs that were forgotten."""
        return self.counters.get("pruned", 0)

    @property
    def conservation_error(self) -> int:
        """Jobs there are and pruned ones, less accepted ones (docs/promise.md). 0: all is well; more: a job is in two
        states; less: in none."""
        return sum(self.counts.values()) + self.pruned - self.accepted

    @property
    def order_inversions(self) -> int:
        """Claims from the top that left a higher place behind, since the queue was made."""
        return self.counters.get("order_inversions", 0)

    def faults(self) -> list[str]:
        """What doesn't add up, in words; empty when all is well."""
        counts, total = self.counts, sum(self.counts.values())
        compared = [
            ("jobs there are and pruned ones, and accepted ones", self.conservation_error, 0),
            ("claims out of order", self.order_inversions, 0),
            ("scheduled jobs and due times", counts[JobStatus.SCHEDULED], self.due),
            ("running jobs and leases", counts[JobStatus.RUNNING], self.leases),
            ("finished jobs and the order of pruning", sum(counts[s] for s in counts if s.is_final), self.finished),
            ("jobs and records", total, self.records),
            ("jobs and messages", total, self.messages),
        ]
        if self.groups is not None:
            compared.append(("waiting jobs and the index of groups", counts[JobStatus.QUEUED], self.groups.indexed))
        # How a job whose record was removed by hand was counted isn't known.
        if not self.counters.get("orphans"):
            counted = added(self.task_counters.values()).counts.states
            compared += [
                (f"{status} jobs and counted ones", counts[status], counted[status.value]) for status in counts
            ]
        return [f"{what}: {one} against {other}" for what, one, other in compared if one != other]

    def as_dict(self, threads: Threads) -> dict[str, Any]:
        """The queue as the API shows it: every key always there, times as RFC 3339 in UTC. ``threads``: of the workers
        that consume it."""
        return {
            "name": self.queue,
            "mode": self.mode,
            "order": self.order,
            "order_now": self.order_now,
            "order_by": self.order_by,
            "gate": self.gate,
            "pause": self.pause.as_dict() if self.pause else None,
            "window": self.window.as_dict() if self.window else None,
            "next_window_at": rfc3339(self.next_window_at_us),
            "counts": {status.value: count for status, count in self.counts.items()},
            "accepted": self.accepted,
            "pruned": self.pruned,
            "waiting_bytes": self.waiting_bytes,
            "oldest_age_s": _seconds(self.oldest_age_us),
            "wait_bound_s": _seconds(self.wait_bound_us),
            "freshness": self.freshness.as_dict() if self.freshness else None,
            "limits": None if self.policy is None else self.policy.limits(),
            "held_back": self.held_back,
            "threads": {"total": threads.total, "idle": threads.idle},
        }


def read_snapshot(commands: QueueCommands) -> QueueSnapshot:
    """The queue as it is now.

    Raises:
      RedisAwayError: Redis doesn't answer.
    """
    queue, answer = commands.queue, commands.snapshot(FULL_WINDOWS)
    fields, sizes = pairs(answer["policy"]), pairs(answer["sizes"])
    policy = policy_from(fields)
    default_mode: Mode = "windows" if commands.is_gated else "continuous"
    return QueueSnapshot(
        queue=queue,
        now_us=answer["now"],
        mode=default_mode if policy is None else policy.mode,
        policy=policy,
        pause=pause_from(fields["pause"]) if "pause" in fields else None,
        window=window_from(queue, int(fields["open"]), answer["window"]) if answer["window"] else None,
        order_now=answer["order_now"].decode(),
        next_window_at_us=int(answer["next_tick"]) * 1000 if answer["next_tick"] else None,
        later_ticks_us=tuple(int(tick_ms) * 1000 for tick_ms in fields.get("later_ticks", b"").split()),
        last_opened_us=int(fields["last_opened"]) if "last_opened" in fields else None,
        last_free_claim_us=int(fields["last_claim"]) if "last_claim" in fields else None,
        windows_were_full=bool(answer["were_full"]),
        oldest_place=answer["oldest"],
        waiting_since_us=answer["waiting_since"],
        counts={status: sizes[index.name] for status, index in keys.STATUS_INDEXES.items()},
        **{name: sizes[name] for name in ("due", "leases", "finished", "records", "messages")},
        counters={name: int(value) for name, value in pairs(answer["counters"]).items()},
        task_counters=counters_from(answer["task_counters"]),
        freshness=freshness_from(answer["freshness"]),
        held_back=answer["held_back"],
        groups=WaitingGroups(*answer["groups"]) if answer["groups"] else None,
    )


def _seconds(time_us: int | None) -> float | None:
    return None if time_us is None else time_us / 1_000_000
