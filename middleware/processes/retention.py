"""What ended jobs may keep: for how long, how many of a queue, and how many bytes over all queues."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..commands import keys
from ..commands.client import RedisClient
from ..redis_link.info import fields_of
from ..redis_link.link import Link
from ..settings import Settings

DEFAULT_BUDGET_BYTES = 256 * 1024 * 1024
"""Without RETENTION_BYTES: a quarter of Redis's maxmemory, and this where it has none."""

HIGH_WATER, LOW_WATER = 0.85, 0.75
"""Shares of maxmemory: once it is filled beyond the first, ended jobs make room down to the second."""

KEY_BYTES = 250
"""About what an idempotency key takes in Redis for its day."""

PRUNED_A_CALL = 200
CALLS_A_ROUND = 50


@dataclass(frozen=True, slots=True)
class Kept:
    """What a queue keeps of what is over, in bytes: ended jobs, and idempotency keys."""

    jobs_bytes: int
    keys_bytes: int


class Retention:
    """Prunes ended jobs and idempotency keys of all queues, the oldest of each queue first.

    All queues of a server share one budget of bytes: RETENTION_BYTES, or less when the server's memory is nearly full.
    What ended jobs keep must never be why a new one is refused.
    """

    def __init__(self, redis: RedisClient, settings: Settings) -> None:
        self._redis = redis
        self._settings = settings

    def prune(self, queues: Iterable[str], link: Link) -> int:
        """Prune what is too old, too many or too much, at most 10,000 jobs of a queue; how many it was.

        Raises:
          RedisAwayError: Redis doesn't answer.
        """
        return sum(self._prune_server(names, of_server) for of_server, names in link.by_server(queues))

    def _prune_server(self, queues: Iterable[str], link: Link) -> int:
        kept = self._kept(queues, link)
        budget = self._budget(kept, link)
        return sum(self._prune_queue(queue, *share, link) for queue, share in shares(kept, budget).items())

    def _kept(self, queues: Iterable[str], link: Link) -> dict[str, Kept]:
        names = list(queues)
        answers = link.call_all(
            [("HGET", keys.counters(name), "finished_bytes") for name in names]
            + [("ZCARD", keys.idempotency_ends(name)) for name in names]
        )
        bytes_of, count_of = answers[: len(names)], answers[len(names) :]
        return {
            name: Kept(max(0, int(kept_bytes or 0)), count * KEY_BYTES)
            for name, kept_bytes, count in zip(names, bytes_of, count_of, strict=True)
        }

    def _budget(self, kept: Mapping[str, Kept], link: Link) -> int:
        memory = fields_of(link.call("INFO", "memory"))
        most, used = int(memory.get("maxmemory", 0)), int(memory.get("used_memory", 0))
        budget = self._settings.retention_bytes or most // 4 or DEFAULT_BUDGET_BYTES
        if not most or used <= HIGH_WATER * most:
            return budget
        total = sum(one.jobs_bytes + one.keys_bytes for one in kept.values())
        return max(0, min(budget, total - int(used - LOW_WATER * most)))

    def _prune_queue(self, queue: str, kept_bytes: int, kept_keys: int, link: Link) -> int:
        commands, pruned = self._redis.queue_over(queue, link), 0
        age_us = self._settings.retention_s * 1_000_000
        for _ in range(CALLS_A_ROUND):
            some = commands.prune(age_us, self._settings.retention_jobs, kept_bytes, kept_keys)
            pruned += some
            if some < PRUNED_A_CALL:
                break
        return pruned


def shares(kept: Mapping[str, Kept], budget: int) -> dict[str, tuple[int, int]]:
    """How many bytes of ended jobs and how many idempotency keys each queue may keep, so that all together keep within
    ``budget`` bytes. When they have too much, each gives the same part of what it has; else each may have it all, since
    what ended a moment ago may not be counted yet."""
    total = sum(one.jobs_bytes + one.keys_bytes for one in kept.values())
    if total <= budget:
        return dict.fromkeys(kept, (budget, budget // KEY_BYTES))
    part = budget / total
    return {queue: (int(one.jobs_bytes * part), int(one.keys_bytes * part) // KEY_BYTES) for queue, one in kept.items()}
