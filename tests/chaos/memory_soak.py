"""A soak of memory: very many jobs through the real system, and the memory of each process and of Redis meanwhile.

``python -m tests.chaos.memory_soak --jobs 1000000``; exit status 1: memory grows, or a key is left behind.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from middleware.commands import keys
from middleware.diagnosis.audit import audit_all
from middleware.redis_link.link import Link

from ..leaks import leaked_keys
from ..proof.soak_result import keep
from ..service import wait_until
from .load import Client, job
from .memory import Sample, figures
from .system import PROCESSES, System
from .witness import QUEUES

KEPT = 5_000
BATCH = 200
MOST_WAITING = 4_000
PAUSE_S = 0.02
EVERY_S = 2.0
LEASE_S = 3.0
"""Maintenance prunes every third of it: so what ended between two rounds is little beside what is kept."""
SETTINGS = {"LEASE_S": f"{LEASE_S:g}", "RETENTION_JOBS": str(KEPT), "WORKER_THREADS": "8"}


class MemorySoak:
    """One run, in which one client for each queue submits batches, as long as not too many jobs wait. Of each batch one
    job is delayed, and one of the queue without windows fails, is retried, and is given up."""

    def __init__(self, system: System, jobs: int) -> None:
        self._system, self._jobs = system, jobs
        self._redis = system.server.client()
        self._clients = {queue: Client(system.port) for queue in QUEUES}
        self._submitted = dict.fromkeys(QUEUES, 0)
        self._began = time.monotonic()

    def run(self) -> dict[str, Any]:
        """Until so many jobs were submitted, and all have ended; what was found."""
        loads = [threading.Thread(target=self._submit_to, args=(queue,), daemon=True) for queue in QUEUES]
        for load in loads:
            load.start()
        samples = [self._sample()]
        while any(load.is_alive() for load in loads):
            time.sleep(EVERY_S)
            samples.append(self._sample())
        wait_until(lambda: not self._unfinished(), "all jobs to end", 120)
        took_s = time.monotonic() - self._began
        wait_until(lambda: all(self._redis.zcard(keys.finished(q)) <= KEPT for q in QUEUES), "what ended to be pruned")
        grown = figures(samples)
        faults = [fault for figure in grown for fault in figure.faults()]
        faults += [fault for client in self._clients.values() for fault in client.faults]
        return {
            "jobs": sum(self._submitted.values()),
            "seconds": round(took_s, 1),
            "keys": self._redis.dbsize(),
            "faults": faults + self._left_behind(),
            "memory": [figure.as_dict() for figure in grown],
        }

    def close(self) -> None:
        """Drop the connections."""
        for client in self._clients.values():
            client.give_up()
            client.hang_up()
        self._redis.close()

    def _submit_to(self, queue: str) -> None:
        client, tasks = self._clients[queue], ["take" if queue == "default" else "take_steadily"] * BATCH
        if queue != "default":
            tasks[0] = "fail"
        jobs = [job(task, 0) for task in tasks]
        jobs[-1]["delay_s"] = 0.1
        while sum(self._submitted.values()) < self._jobs:
            if self._redis.zcard(keys.stack(queue)) > MOST_WAITING:
                time.sleep(PAUSE_S)
            else:
                client.submit(jobs)
                self._submitted[queue] += BATCH

    def _unfinished(self) -> int:
        return sum(self._redis.zcard(key(q)) for q in QUEUES for key in (keys.stack, keys.running, keys.scheduled))

    def _left_behind(self) -> list[str]:
        link = Link(self._system.server.url, timeout_s=5)
        faults = [fault for finding in audit_all(link) for fault in finding.faults]
        link.close()
        return faults + [f"the key {key} is left behind" for key in leaked_keys(self._redis)]

    def _sample(self) -> Sample:
        memory = self._redis.info("memory")
        kib = {name: sum(self._system.members(name).values()) for name in PROCESSES}
        of_redis = {"redis": memory["used_memory_rss"], "what Redis holds": memory["used_memory"]}
        return Sample(sum(self._submitted.values()), {name: of * 1024 for name, of in kib.items()} | of_redis)


def main() -> int:
    """One soak, by the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--result", type=Path, metavar="FILE", help="keep what was found there, as JSON")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="lastin-memory-") as folder,
        System(Path(folder), settings=SETTINGS, durability="everysec", is_proxied=False) as system,
    ):
        soak = MemorySoak(system, asked.jobs)
        found = soak.run()
        settings = {"lease_s": LEASE_S, "retention_jobs": KEPT, "server": system.server_version()}
        soak.close()
    if asked.result is not None:
        keep(asked.result, found, settings)
    for name, value in found.items():
        print(f"{name}: {value}")
    return 1 if found["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
