"""How fast queues are drained over one shard and over several, and what that costs each server.

``python -m tests.shards.drain --jobs 30000`` prints a line of JSON for each number of shards.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import dramatiq

from local.embedded import EmbeddedServer
from middleware.broker import LifoBroker
from middleware.commands import keys
from middleware.settings import Settings

from ..cluster import Cluster
from ..service import python_running, wait_until

A_CALL = 500


def drain(folder: Path, *, shards: int, queues: int, jobs: int, processes: int) -> dict[str, object]:
    """Put jobs on this many queues, all on different shards as far as there are enough, and let workers drain them."""
    with Cluster(folder, shards=shards) as cluster, ExitStack() as ending:
        names = _spread(cluster, queues)
        settings = Settings.from_environ(cluster.settings)
        broker = LifoBroker(url=settings.redis_url, settings=settings)
        ending.callback(broker.close)
        for name in names:
            broker.declare_queue(name)
            for first in range(0, jobs // queues, A_CALL):
                broker.accept([_message(name, f"{name}-{first + number}") for number in range(A_CALL)])
        before = {server.port: _cpu_s(server) for server in cluster.primaries}
        began = time.monotonic()
        for _ in range(processes):
            ending.enter_context(_worker(cluster, names))
        wait_until(lambda: _started(broker, names), "the workers to begin", 60)
        first_at = time.monotonic()
        wait_until(lambda: not _left(broker, names), "the queues to be empty", 300)
        seconds = time.monotonic() - first_at
        cpu = [round(_cpu_s(server) - before[server.port], 2) for server in cluster.primaries]
        return {
            "shards": shards,
            "queues": queues,
            "jobs_a_second": round(jobs / seconds),
            "server_cpu_s": cpu,
            "busiest_us_a_job": round(max(cpu) / jobs * 1e6, 1),
            "started_after_s": round(first_at - began, 1),
        }


def _spread(cluster: Cluster, queues: int) -> list[str]:
    """Names of queues, as many on each shard."""
    names: dict[int, list[str]] = {server.port: [] for server in cluster.primaries}
    number = 0
    while sum(map(len, names.values())) < queues:
        held = names[cluster.holder_of(f"{{q{number}}}").port]
        if len(held) < -(-queues // len(names)):
            held.append(f"q{number}")
        number += 1
    return sorted(name for held in names.values() for name in held)


def _message(queue: str, id: str) -> dramatiq.Message[None]:
    return dramatiq.Message(queue, "nothing", (), {}, {}, message_id=id)


def _left(broker: LifoBroker, names: list[str]) -> int:
    time.sleep(0.05)
    return sum(broker.redis.call_all([("ZCARD", key(name)) for name in names for key in (keys.stack, keys.leases)]))


def _started(broker: LifoBroker, names: list[str]) -> bool:
    return any(broker.redis.call_all([("ZCARD", keys.processed(name)) for name in names]))


def _cpu_s(server: EmbeddedServer) -> float:
    with server.client() as client:
        info = client.info("cpu")
    return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])


def _worker(cluster: Cluster, names: list[str]) -> AbstractContextManager[None]:
    environment = {**cluster.settings, "DRAIN_QUEUES": ",".join(names)}
    arguments = ("-m", "dramatiq", "tests.shards.drain_tasks", "--processes", "1", "--threads", "8")
    return python_running(Path(os.devnull), environment, *arguments)


def main() -> int:
    """Exit status: 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.shards.drain", description=__doc__)
    parser.add_argument("--jobs", type=int, default=30_000)
    parser.add_argument("--queues", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--shards", type=int, nargs="*", default=[1, 3])
    options = parser.parse_args()
    for shards in options.shards:
        with tempfile.TemporaryDirectory() as folder:
            found = drain(
                Path(folder),
                shards=shards,
                queues=options.queues,
                jobs=options.jobs,
                processes=options.processes,
            )
        print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
