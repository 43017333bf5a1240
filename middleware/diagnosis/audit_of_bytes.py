"""Does what was counted of the bytes that wait agree with the messages there are?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..commands import keys
from ..commands.queue_commands import QueueCommands
from ..queues.snapshot import QueueSnapshot, read_snapshot
from ..redis_link.link import Link
from .audit_reads import scanned

TRIES = 3


def fault_of_bytes(queue: str, link: Link) -> str | None:
    """What is wrong, or None: also where jobs went on moving, or records were removed by hand, so that nothing can be
    said.

    Raises:
      RedisAwayError: Redis doesn't answer.
    """
    commands = QueueCommands(queue, link, default_gate="closed")
    before = read_snapshot(commands)
    for _ in range(TRIES):
        found = sum(_lengths(queue, link))
        after = read_snapshot(commands)
        if _totals(before) == _totals(after):
            if found != after.waiting_bytes and not after.counters.get("orphans"):
                return f"the messages of jobs that wait have {found} bytes, and {after.waiting_bytes} were counted"
            return None
        before = after
    return None


def _lengths(queue: str, link: Link) -> Iterator[int]:
    for index in (keys.stack(queue), keys.scheduled(queue)):
        seen = set[bytes]()
        for found in scanned("ZSCAN", index, link):
            ids = [id for id in found if id not in seen]
            seen.update(ids)
            yield from link.call_all([("HSTRLEN", keys.messages(queue), id) for id in ids]) if ids else ()


def _totals(snapshot: QueueSnapshot) -> Any:
    """What changes whenever a job moves."""
    totals = {task: (of_task.counts.states, of_task.counts.totals) for task, of_task in snapshot.task_counters.items()}
    return totals, snapshot.pruned, snapshot.counters.get("revived", 0)
