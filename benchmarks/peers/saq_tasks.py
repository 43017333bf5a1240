"""The tasks of the measures for SAQ."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import redis.asyncio
from saq import Queue

from . import journal
from .call import COUNTER

if os.environ.get("BENCH_UVLOOP"):
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

queue = Queue.from_url(os.environ["REDIS_URL"])
client = redis.asyncio.Redis.from_url(os.environ["REDIS_URL"])


async def noop(context: Any) -> None:
    """Do nothing."""


async def call(context: Any) -> None:
    """Ask Redis for one thing."""
    await client.incr(COUNTER)


async def stamp(context: Any, *, due_ns: int, work_ms: float) -> None:
    """Write when it started, and sleep."""
    journal.stamp(due_ns, 0)
    if work_ms:
        await asyncio.sleep(work_ms / 1000)


settings = {
    "queue": queue,
    "functions": [noop, call, stamp],
    "concurrency": int(os.environ.get("BENCH_CONCURRENCY", "8")),
}
