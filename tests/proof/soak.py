"""A soak: producers, workers that are killed, a server that is killed, and every move replayed.

``python -m tests.proof.soak --claims 1000000 --processes 2 --threads 8``; exit status 1: something is wrong.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import dramatiq
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from middleware.audit import audit, census
from middleware.broker import LifoBroker
from middleware.embedded import LOOPBACK, EmbeddedServer
from middleware.errors import RedisAwayError
from middleware.settings import Settings

from ..service import ROOT, clean_environment
from .history import Event, EventLog, HistoryChecker, report

QUEUE = "default"
TASKS = ("nothing",) * 90 + ("slow",) * 6 + ("failing",) * 4
LEASE_S = 1.5
KEPT = 5000
DRAIN_PATIENCE_S = 60


class Ledger:
    """Which jobs producers were told to be accepted, against those that the log says were."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: set[str] = set()
        self._logged: set[str] = set()
        self._doubtful: list[list[str]] = []

    def told(self, ids: list[str]) -> None:
        """The broker said that these are accepted."""
        with self._lock:
            self._told.update(set(ids) - self._logged)
            self._logged.difference_update(ids)

    def doubtful(self, ids: list[str]) -> None:
        """Nobody knows whether these were accepted: all of them, or none."""
        with self._lock:
            self._doubtful.append(ids)

    def logged(self, events: list[Event]) -> None:
        """These were accepted, if they are acceptances."""
        ids = {event[2] for event in events if event[0] == "accept"}
        with self._lock:
            self._logged |= ids - self._told
            self._told -= ids

    def faults(self) -> list[str]:
        """What doesn't fit, in the end."""
        halves = [ids for ids in self._doubtful if len(self._logged.intersection(ids)) not in (0, len(ids))]
        unasked = self._logged.difference(*self._doubtful)
        lost = [f"accepted and lost: {id}" for id in self._told]
        return lost + [f"accepted in part: {ids}" for ids in halves] + [f"nobody sent: {id}" for id in unasked]


class Soak:
    """One run. Kills and outages come by numbers of claims, at random around ``kill_every`` and ``outage_every``."""

    def __init__(
        self, folder: Path, *, claims: int, processes: int, threads: int, seed: int, kill_every: int, outage_every: int
    ) -> None:
        self.checker = HistoryChecker(QUEUE)
        self.ledger = Ledger()
        self.kills = self.outages = self.crashes = 0
        self._claims, self._threads, self._seed = claims, threads, seed
        self._kill_every, self._outage_every = kill_every, outage_every
        self._random = random.Random(seed)
        self._folder = folder
        self._server = EmbeddedServer(folder / "redis")
        self._workers: list[subprocess.Popen[bytes] | None] = [None] * processes
        self._enough = threading.Event()
        self._sent = 0

    def __enter__(self) -> Self:
        self._server.start()
        self._client = redis.Redis(host=LOOPBACK, port=self._server.port, socket_timeout=5, retry=Retry(NoBackoff(), 0))
        self._broker = self._new_broker()
        self._log = EventLog(self._client, QUEUE)
        self._log.switch_on()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for i in range(len(self._workers)):
            self._end_worker(i, signal.SIGKILL)
        self._broker.close()
        self._client.close()
        self._server.stop()

    def run(self) -> dict[str, Any]:
        """Run until there are enough claims, drain, and tell what was found; ``faults`` is empty when all is well."""
        began = time.monotonic()
        producers = [threading.Thread(target=self._produce, args=(n,)) for n in range(2)]
        upkeep = self._broker.new_upkeep()
        upkeep.start()
        for producer in producers:
            producer.start()
        self._disturb_until_enough()
        self._enough.set()
        for producer in producers:
            producer.join()
        drained = self._drain()
        upkeep.stop()
        for i in range(len(self._workers)):
            self._end_worker(i, signal.SIGTERM)
        while self._follow():
            pass
        self.checker.compare(self._client)
        return self._report(time.monotonic() - began, drained)

    def _report(self, took_s: float, drained: bool) -> dict[str, Any]:
        link = self._broker.new_link()
        counted = census(self._broker.scripts(QUEUE, link))
        faults = [*self.checker.found.texts, *self.ledger.faults(), *counted.faults, *audit(QUEUE, link)]
        link.close()
        return {
            **report(self.checker.found),
            "order_inversions": counted.order_inversions,
            "conservation_error": counted.conservation_error,
            "workers_killed": self.kills,
            "crashing_jobs": self.crashes,
            "outages": self.outages,
            "seconds": round(took_s, 1),
            "faults": faults if drained else [*faults, f"{self.checker.unfinished()} jobs didn't end"],
        }

    def _disturb_until_enough(self) -> None:
        kill_at, outage_at = self._next(0, self._kill_every), self._next(0, self._outage_every)
        while (claims := self.checker.found.claims) < self._claims:
            self._keep_workers()
            self._tell(claims)
            if claims >= kill_at:
                kill_at = self._next(claims, self._kill_every)
                self._hurt_a_worker()
            if claims >= outage_at:
                outage_at = self._next(claims, self._outage_every)
                self._server.kill()
                time.sleep(self._random.uniform(0, 0.5))  # how long it is away
                self._server.start()
                self.outages += 1
            if not self._follow():
                time.sleep(0.005)

    def _hurt_a_worker(self) -> None:
        if self._random.random() < 0.3:
            message = dramatiq.Message(QUEUE, "crash", (), {}, {}, message_id=f"crash-{self.crashes}")
            self.crashes += 1
            self._accept(self._broker, [message])
        else:
            self._end_worker(self._random.randrange(len(self._workers)), signal.SIGKILL)
            self.kills += 1

    def _next(self, claims: int, every: int) -> int:
        return claims + int(every * self._random.uniform(0.6, 1.2))

    def _drain(self) -> bool:
        deadline = time.monotonic() + DRAIN_PATIENCE_S
        while self.checker.unfinished() and time.monotonic() < deadline:
            self._keep_workers()
            if not self._follow():
                time.sleep(0.02)
        return not self.checker.unfinished()

    def _follow(self) -> int:
        try:
            events = self._log.read()
        except redis.RedisError:
            return 0
        self.ledger.logged(events)
        self.checker.replay(events)
        return len(events)

    def _produce(self, number: int) -> None:
        chance = random.Random(f"{self._seed}-{number}")
        broker = self._new_broker()
        sent = 0
        while not self._enough.is_set():
            if self._sent > self.checker.found.claims + 3000:
                self._enough.wait(0.005)
                continue
            tasks = chance.choices(TASKS, k=chance.randint(1, 100))
            messages = [
                dramatiq.Message(QUEUE, task, (), {}, {}, message_id=f"{number}-{sent + i}")
                for i, task in enumerate(tasks)
            ]
            sent += len(messages)
            self._sent += len(messages)
            self._accept(broker, messages, delay_ms=chance.randint(1, 1000) if chance.random() < 0.1 else None)
        broker.close()

    def _accept(
        self, broker: LifoBroker, messages: list[dramatiq.Message[Any]], *, delay_ms: int | None = None
    ) -> None:
        ids = [message.message_id for message in messages]
        try:
            broker.accept(messages, delay_ms=delay_ms)
        except RedisAwayError:
            self.ledger.doubtful(ids)
        else:
            self.ledger.told(ids)

    def _new_broker(self) -> LifoBroker:
        broker = LifoBroker(url=self._server.url, settings=Settings(lease_s=LEASE_S, retention_jobs=KEPT))
        broker.fail_fast()
        broker.declare_queue(QUEUE)
        return broker

    def _keep_workers(self) -> None:
        for i, worker in enumerate(self._workers):
            if worker is None or worker.poll() is not None:
                self._end_worker(i, signal.SIGKILL)
                self._start_worker(i)

    def _start_worker(self, i: int) -> None:
        environment = clean_environment(REDIS_URL=self._server.url, LEASE_S=str(LEASE_S), RETENTION_JOBS=str(KEPT))
        command = [sys.executable, "-m", "dramatiq", "tests.proof.soak_tasks", "--processes", "1"]
        with (self._folder / f"worker-{i}.log").open("wb") as log:
            self._workers[i] = subprocess.Popen(
                [*command, "--threads", str(self._threads), "--skip-logging"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _end_worker(self, i: int, number: signal.Signals) -> None:
        worker = self._workers[i]
        if worker is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, number)
        try:
            worker.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        self._workers[i] = None

    def _tell(self, claims: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{claims:,} of {self._claims:,} claims, {len(self.checker.found.texts)} faults ")


def main() -> int:
    """One soak, by the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    logging.getLogger("middleware").setLevel(logging.ERROR)  # the kills are ours
    with (
        tempfile.TemporaryDirectory(prefix="lastin-soak-") as folder,
        Soak(Path(folder), **vars(asked), kill_every=10_000, outage_every=25_000) as soak,
    ):
        found = soak.run()
    print()
    for name, value in found.items():
        print(f"{name}: {value}")
    return 1 if found["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
