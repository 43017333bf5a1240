"""Stacks of any depth, made with the scripts themselves: faster than through workers."""

from __future__ import annotations

from middleware.commands.queue_commands import QueueCommands
from middleware.commands.types import Offer, Settlement
from middleware.redis_link.link import Link

from .bench import Bench

QUEUE = "default"
LEASE_US = 3_600_000_000
TURN = 64
MESSAGE = (
    '{"queue_name":"default","actor_name":"noop","args":[],"kwargs":{},"options":{},'
    '"message_id":"%s","message_timestamp":1790000000000,"note":"-----"}'
)
"""With an id in it, 185 bytes."""


def scripts_of(bench: Bench, queue: str = QUEUE) -> QueueCommands:
    """The scripts of a queue on the turn's server."""
    return QueueCommands(queue, Link(bench.server.url, timeout_s=60), default_gate="open")


def accept(scripts: QueueCommands, count: int, *, first: int = 0) -> None:
    """Accept ``count`` jobs, a thousand at a time."""
    for begin in range(first, first + count, 1000):
        ids = [f"01900000-0000-7000-8000-{n:012d}" for n in range(begin, min(begin + 1000, first + count))]
        scripts.accept([Offer(id, "noop", (MESSAGE % id).encode(), b"") for id in ids])


def finish(scripts: QueueCommands, count: int) -> None:
    """Claim and settle ``count`` of them."""
    while count > 0:
        claim = scripts.claim("bench", LEASE_US, min(TURN, count))
        settlements = [Settlement(job[0], job[1], "processed") for job in claim.jobs]
        scripts.settle(settlements, "bench", LEASE_US, 0)
        count -= len(settlements)
