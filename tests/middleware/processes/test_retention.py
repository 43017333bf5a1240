"""What ended jobs keep is bounded over all queues, and never why a new job is refused."""

from __future__ import annotations

import dramatiq

from local.embedded import EmbeddedServer
from middleware.broker import LifoBroker
from middleware.commands import keys
from middleware.commands.types import Settlement
from middleware.processes.retention import KEY_BYTES, Kept, Retention, shares
from middleware.settings import Settings

QUEUES = ("a", "b", "c", "d", "e")
RESULT = b'"%b"' % (b"x" * 65_000)
MIB = 1024 * 1024


def work_off(broker: LifoBroker, queue: str, count: int) -> None:
    """Accept so many jobs, and settle each with a large result, as a worker would."""
    messages = [dramatiq.Message(queue, "work", (), {}, {}) for _ in range(count)]
    broker.accept(messages)
    commands = broker.redis.queue(queue)
    claim = commands.claim("w", 60_000_000, count)
    commands.settle([Settlement(id, number, "processed", result=RESULT) for id, number, _ in claim.jobs], "w", 1, 0)


def test_full_queues_of_results_never_keep_a_job_from_being_accepted(own_server: EmbeddedServer) -> None:
    broker = LifoBroker(url=own_server.url)
    with own_server.client() as client:
        client.config_set("maxmemory", 64 * MIB)
        # While Redis 6.2 rewrites its file, it takes buffers of 10 MiB, which count as used.
        client.config_set("auto-aof-rewrite-percentage", 0)
        for queue in QUEUES:
            broker.declare_queue(queue)
        for _ in range(24):  # 120 MiB of results in all
            for queue in QUEUES:
                work_off(broker, queue, 16)

        assert client.info("memory")["used_memory"] < 64 * MIB
        kept = {queue: client.zcard(keys.finished(queue)) for queue in QUEUES}
        assert min(kept.values()) > 0
    broker.close()


def test_all_queues_share_one_budget(own_server: EmbeddedServer) -> None:
    broker = LifoBroker(url=own_server.url, settings=Settings(retention_bytes=2 * MIB))
    for queue in QUEUES:
        broker.declare_queue(queue)
        work_off(broker, queue, 16)
        broker.redis.queue(queue).read_counters(0, 0)  # adds up what is pending

    with own_server.client() as client:
        Retention(broker.redis, broker.settings).prune(QUEUES, broker.redis.link)
        kept = [client.zcard(keys.finished(queue)) for queue in QUEUES]
    assert (sum(kept) * 65_000 <= 2 * MIB, min(kept) > 0) == (True, True)
    broker.close()


def test_what_is_within_the_budget_stays_whole() -> None:
    kept = {"a": Kept(1000, 10 * KEY_BYTES), "b": Kept(0, 0)}

    assert shares(kept, 10_000) == {"a": (10_000, 40), "b": (10_000, 40)}


def test_each_queue_gives_the_same_part_of_what_it_has() -> None:
    kept = {"a": Kept(6000, 4 * KEY_BYTES), "b": Kept(3000, 0)}

    assert shares(kept, 5000) == {"a": (3000, 2), "b": (1500, 0)}
