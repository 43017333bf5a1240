"""A soak: producers, windows, operators; workers that are killed, stopped and ended, a server that is killed and cut
off; and every move replayed.

``python -m tests.proof.soak --claims 1000000 --processes 2 --threads 8``; exit status 1: something is wrong.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from itertools import cycle
from pathlib import Path
from typing import Any, Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from local.embedded import LOOPBACK, EmbeddedServer
from middleware.broker import LifoBroker
from middleware.diagnosis.audit import audit
from middleware.queues.policy import Policy
from middleware.queues.snapshot import read_snapshot
from middleware.settings import Settings

from .event_log import EventLog
from .findings import report
from .history import HistoryChecker
from .kept import compare
from .soak_clients import Cadence, Ledger, Operator, Producer, Sender
from .soak_result import keep
from .soak_tasks import QUEUES
from .soak_workers import Fleet

KEPT = 5000
CRASH_LIMIT = 2
DRAIN_PATIENCE_S = 120
PRODUCERS = 2
DISTURBANCES = {"hurt_every": 8_000, "cut_every": 5_000, "outage_every": 25_000}
"""Of a soak by the command line, in claims."""


class Soak:
    """One run. The first queue goes by windows, the others are continuous. Disturbances come by numbers of claims, at
    random around ``hurt_every`` (a worker is killed, stopped, ended, or given a job that kills it), ``cut_every`` (all
    connections are cut) and ``outage_every`` (the server is killed)."""

    def __init__(
        self,
        folder: Path,
        *,
        claims: int,
        processes: int,
        threads: int,
        seed: int,
        hurt_every: int,
        cut_every: int,
        outage_every: int,
        lease_s: float = 1.5,
    ) -> None:
        self.happened: Counter[str] = Counter()
        self._claims, self._processes, self._seed, self._lease_s = claims, processes, seed, lease_s
        self._every = {"hurt": hurt_every, "cut": cut_every, "outage": outage_every}
        self._chance = random.Random(seed)
        self._hurts = cycle(("stop", "kill", "poison", "end"))
        self._server = EmbeddedServer(folder / "redis", durability="always")
        settings = {"LEASE_S": lease_s, "RETENTION_JOBS": KEPT, "CRASH_LIMIT": CRASH_LIMIT}
        self.fleet = Fleet(folder, self._server.url, processes=processes, threads=threads, settings=settings)
        self.checkers = {queue: HistoryChecker(queue, fate_of=self.fleet.fate_of) for queue in QUEUES}
        self.ledger = Ledger()

    def __enter__(self) -> Self:
        self._server.start()
        self._client = redis.Redis(host=LOOPBACK, port=self._server.port, socket_timeout=5, retry=Retry(NoBackoff(), 0))
        self._broker = self._new_broker()
        self._logs = {queue: EventLog(self._client, queue) for queue in QUEUES}
        for log in self._logs.values():
            log.switch_on()
        self._sender = Sender(self._broker, self.ledger, "poison")
        self._operator = Operator(self._broker, self._chance, QUEUES[-1])
        self._cadence = Cadence(self._broker, self.checkers[QUEUES[0]], self._chance)
        self._producers = [self._producer(n) for n in range(PRODUCERS)]
        return self

    def __exit__(self, *_: object) -> None:
        for producer, _ in self._producers:
            producer.enough.set()
        self.fleet.close()
        self._broker.close()
        self._client.close()
        self._server.stop()

    @property
    def claims(self) -> int:
        """How many there were so far."""
        return sum(checker.found.claims for checker in self.checkers.values())

    def settings(self) -> dict[str, Any]:
        """What else it is set to, the server's durability included."""
        server = self._client.info("server")
        version = server.get("valkey_version") or server["redis_version"]
        found = {"lease_s": self._lease_s, "crash_limit": CRASH_LIMIT, "retention_jobs": KEPT, "server": version}
        return found | dict(self._client.config_get("appendonly", "appendfsync"))

    def run(self) -> dict[str, Any]:
        """Run until there are enough claims, drain, and tell what was found; ``faults`` is empty when all is well."""
        began = time.monotonic()
        for queue in QUEUES[1:]:
            self._broker.windows.put_policy(queue, Policy(mode="continuous", oldest_share_ppm=50_000))
        maintenance = self._broker.new_maintenance()
        maintenance.start()
        for producer, _ in self._producers:
            producer.start()
        self._disturb_until_enough()
        for producer, _ in self._producers:
            producer.enough.set()
        for producer, _ in self._producers:
            producer.join()
        self._drain()
        maintenance.stop()
        self.fleet.close()
        while self._follow():
            pass
        return self._report(time.monotonic() - began)

    def _report(self, took_s: float) -> dict[str, Any]:
        link = self._broker.redis.new_link()
        faults = self.ledger.faults()
        lost = len(faults)
        inversions = conservation_error = switches = 0
        for queue, checker in self.checkers.items():
            compare(checker, self._client)
            counted = read_snapshot(self._broker.redis.queue_over(queue, link))
            inversions += counted.order_inversions
            conservation_error += abs(counted.conservation_error)
            switches += sum(counted.counters.get(f"order_switches_to_{order}", 0) for order in ("lifo", "fifo"))
            faults += [f"{queue}: {text}" for text in (*checker.found.texts, *counted.faults(), *audit(queue, link))]
            if checker.unfinished():
                faults.append(f"{queue}: {checker.unfinished()} jobs didn't end")
        link.close()
        found = report(checker.found for checker in self.checkers.values())
        return {
            **found,
            "jobs_lost": found["jobs_lost"] + lost,
            "order_inversions": inversions,
            "conservation_error": conservation_error,
            "switches_of_adaptive_orders": switches,
            "happened": dict(self.happened + self.fleet.happened),
            "seconds": round(took_s, 1),
            "faults": faults,
        }

    def _disturb_until_enough(self) -> None:
        at = {what: self._next(0, every) for what, every in self._every.items()}
        claims = 0
        while claims < self._claims:
            claims = self.claims
            self.fleet.keep()
            self._tell(claims)
            for what, moment in at.items():  # also where the last claims came all at once
                if claims >= moment:
                    at[what] = self._next(claims, self._every[what])
                    getattr(self, f"_{what}")()
            self._cadence.work()
            self._operator.work()
            if not self._follow():
                time.sleep(0.005)

    def _next(self, claims: int, every: int) -> int:
        return claims + int(every * self._chance.uniform(0.6, 1.2))

    def _hurt(self) -> None:
        """A worker meets with something."""
        i = self._chance.randrange(self._processes)
        match next(self._hurts):
            case "stop":
                self.fleet.stop(i, self._lease_s * self._chance.uniform(1.5, 2.5))
            case "kill":
                self.fleet.kill(i)
            case "poison":
                self._sender.send(QUEUES[-1], "crash")
                self.happened["poison jobs"] += 1
            case "end":
                self.fleet.end(i)

    def _cut(self) -> None:
        """All connections break, but those that listen for cancellations; answers that aren't sent yet are lost."""
        self._client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        self.happened["cuts of all connections"] += 1

    def _outage(self) -> None:
        self._server.kill()
        # How long it is away: mostly a moment, now and then longer than a lease.
        longest_s = 0.5 if self._chance.random() < 0.8 else 2 * self._lease_s
        time.sleep(self._chance.uniform(0, longest_s))
        self._server.start()
        self.happened["outages"] += 1

    def _drain(self) -> None:
        deadline = time.monotonic() + DRAIN_PATIENCE_S
        while any(checker.unfinished() for checker in self.checkers.values()) and time.monotonic() < deadline:
            self.fleet.keep()
            self._cadence.let_everything_through()
            self._operator.resume()
            if not self._follow():
                time.sleep(0.02)

    def _follow(self) -> int:
        total = 0
        for queue, log in self._logs.items():
            try:
                events = log.read()
            except redis.RedisError:
                continue
            self.ledger.logged(events)
            self._operator.saw(events)
            self.checkers[queue].replay(events)
            total += len(events)
        return total

    def _producer(self, number: int) -> tuple[Producer, Sender]:
        broker = self._new_broker()
        sender = Sender(broker, self.ledger, str(number))
        return Producer(sender, QUEUES, seed=f"{self._seed}-{number}", backlog=self._backlog, broker=broker), sender

    def _backlog(self) -> int:
        found = [checker.found for checker in self.checkers.values()]
        on_the_way = sum(sender.accepted for _, sender in self._producers) - sum(one.accepted for one in found)
        return on_the_way + sum(checker.unfinished() for checker in self.checkers.values())

    def _new_broker(self) -> LifoBroker:
        settings = Settings(lease_s=self._lease_s, retention_jobs=KEPT, crash_limit=CRASH_LIMIT)
        broker = LifoBroker(url=self._server.url, settings=settings)
        broker.fail_fast()
        for queue in QUEUES:
            broker.declare_queue(queue)
        return broker

    def _tell(self, claims: int) -> None:
        if sys.stderr.isatty():
            faults = sum(len(checker.found.texts) for checker in self.checkers.values())
            sys.stderr.write(f"\r{claims:,} of {self._claims:,} claims, {faults} faults ")


def main() -> int:
    """One soak, by the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--result", type=Path, metavar="FILE", help="keep what was found there, as JSON")
    asked = vars(parser.parse_args())
    file: Path | None = asked.pop("result")
    logging.getLogger("middleware").setLevel(logging.ERROR)  # the kills are ours
    with (
        tempfile.TemporaryDirectory(prefix="lastin-soak-") as folder,
        Soak(Path(folder), **asked, **DISTURBANCES) as soak,
    ):
        settings = soak.settings()
        found = soak.run()
    if file is not None:
        keep(file, found, asked | DISTURBANCES | settings)
    print()
    for name, value in found.items():
        print(f"{name}: {value}")
    return 1 if found["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
