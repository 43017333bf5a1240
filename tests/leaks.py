"""What a test leaves in Redis must expire, or be one of the keys that are meant to stay."""

from __future__ import annotations

import re

import redis

from middleware.commands import keys

ANY_QUEUE = "any-queue"
STAYING = [re.escape(key(ANY_QUEUE)).replace(re.escape(ANY_QUEUE), "[^}]+") for key in keys.QUEUE_KEYS]
STAYING.append(re.escape(keys.queues()))
MAY_STAY = re.compile("|".join(STAYING))


def leaked_keys(client: redis.Redis) -> list[str]:
    """The keys that nobody knows and that never expire."""
    return sorted(key for key in client.scan_iter(count=1000) if not MAY_STAY.fullmatch(key) and client.ttl(key) == -1)
