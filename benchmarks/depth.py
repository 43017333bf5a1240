"""What a call costs in Redis as the stack grows, and what a page of a list does."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

import redis

from middleware.commands.queue_commands import QueueCommands
from middleware.commands.types import Settlement

from .driver import stacks
from .driver.bench import Bench
from .driver.figures import Figure
from .driver.measures import measure
from .driver.peer import QueuePeer

CALLS = 300
INDEXES = ("stack", "running", "processed", "scheduled", "rejected", "cancelled", "expired", "superseded", "displaced")


@measure(
    "depth",
    "Time in Redis of a call, by the depth of the stack",
    figures=[
        Figure("accept, shallow", "µs"),
        Figure("accept, deep", "µs"),
        Figure("settle and claim, shallow", "µs"),
        Figure("settle and claim, deep", "µs"),
        Figure("growth", "deep / shallow"),
    ],
    rounds=(3, 3),
    limited_by="The number of commands in a script. Ordered sets grow by the logarithm of what they hold: shallow is 10"
    " jobs, deep 100,000 (quick) or 1,000,000 (full).",
)
def depth(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    client, scripts = bench.client(), stacks.scripts_of(bench)
    stacks.accept(scripts, 10)
    shallow = _cost(client, scripts, first=10**9)
    stacks.accept(scripts, bench.pick(500, 100_000, 1_000_000), first=1000)
    deep = _cost(client, scripts, first=2 * 10**9)
    return {
        "accept, shallow": shallow[0],
        "accept, deep": deep[0],
        "settle and claim, shallow": shallow[1],
        "settle and claim, deep": deep[1],
        "growth": sum(deep) / sum(shallow),
    }


def _cost(client: redis.Redis, scripts: QueueCommands, first: int) -> tuple[float, float]:
    """µs of accepting one job, and of settling one and claiming the next."""

    def accept() -> None:
        for n in range(CALLS):
            stacks.accept(scripts, 1, first=first + n)

    def turn() -> None:
        claim = scripts.claim("bench", stacks.LEASE_US, 1)
        for _ in range(CALLS):
            done = [Settlement(job[0], job[1], "processed") for job in claim.jobs]
            claim, _stale = scripts.settle(done, "bench", stacks.LEASE_US, 1)

    return _us_a_call(client, accept), _us_a_call(client, turn)


def _us_a_call(client: redis.Redis, work: Callable[[], None]) -> float:
    client.config_resetstat()
    work()
    spent = client.info("commandstats")["cmdstat_evalsha"]
    return float(spent["usec"]) / int(spent["calls"])


@measure(
    "page",
    "Time in Redis of a page of 50 jobs, of all states, at any depth",
    figures=[Figure("mean", "ms")],
    rounds=(3, 3),
    limited_by="Fifty rows from each index that is merged, and the records of the fifty that are shown: depth adds a"
    " logarithm. 100,000 jobs (quick) or 1,000,000 (full).",
)
def page(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    client, scripts = bench.client(), stacks.scripts_of(bench)
    count = bench.pick(500, 100_000, 1_000_000)
    stacks.accept(scripts, count)
    stacks.finish(scripts, count // 3)
    _, newest = scripts.page(None, 1, INDEXES)
    top = int(client.hget("lastin:{default}:counters", "seq") or 0)
    low = int(client.zrange("lastin:{default}:stack", 0, 0, withscores=True)[0][1])
    anywhere = random.Random(1)

    def look() -> None:
        for _ in range(50):
            scripts.page(anywhere.randint(low + 100, top + 1), 50, INDEXES)

    assert newest
    return {"mean": _us_a_call(client, look) / 1000}
