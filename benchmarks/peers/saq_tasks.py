"""The tasks of the measures for SAQ."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from saq import Queue

from . import journal

queue = Queue.from_url(os.environ["REDIS_URL"])


async def noop(context: Any) -> None:
    """Do nothing."""


async def stamp(context: Any, *, due_ns: int, work_ms: float) -> None:
    """Write when it started, and sleep."""
    journal.stamp(due_ns, 0)
    if work_ms:
        await asyncio.sleep(work_ms / 1000)


settings = {"queue": queue, "functions": [noop, stamp], "concurrency": 8}
