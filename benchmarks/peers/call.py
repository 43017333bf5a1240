"""What the jobs of ``drain-call`` do: one INCR through redis-py, on a client that the process keeps."""

from __future__ import annotations

import os
from functools import cache

import redis

COUNTER = "bench:calls"


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(os.environ["REDIS_URL"])


def increment() -> None:
    """One round trip."""
    _client().incr(COUNTER)
