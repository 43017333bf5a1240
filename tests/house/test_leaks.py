"""The check that runs after every test with Redis."""

from __future__ import annotations

import redis

from middleware.commands import keys

from ..leaks import leaked_keys


def test_a_key_that_nobody_knows_is_a_leak_unless_it_expires(redis_client: redis.Redis) -> None:
    redis_client.set("lastin:unknown", "1")
    redis_client.set("lastin:{default}:unknown", "1")
    redis_client.set("lastin:passing", "1", ex=60)
    redis_client.sadd(keys.queues(), "default")
    for key in (of_queue("default") for of_queue in keys.QUEUE_KEYS):
        redis_client.set(key, "1")

    assert leaked_keys(redis_client) == ["lastin:unknown", "lastin:{default}:unknown"]

    redis_client.flushall()
