"""Windows: how soon the first job is claimed, how late ticks are, and what opening one costs."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import dramatiq
import redis

from middleware.broker import LifoBroker
from middleware.commands import keys
from middleware.queues.policy import Policy

from .driver import stacks
from .driver.bench import Bench
from .driver.figures import Figure, percentile
from .driver.measures import measure
from .driver.peer import QueuePeer

QUEUE = "default"
OPENINGS = 200
CADENCE = '[queues.default]\nevery = "100ms"\nbatch = 10\n'


@measure(
    "window-opens",
    "From the opening of a window to its first claim",
    figures=[Figure("median", "ms"), Figure("p99", "ms")],
    rounds=(3, 5),
    limited_by="The script that opens rings the doorbell on which an idle worker waits; what follows is as an idle"
    " pick-up. Both times are the Redis server's.",
)
def window_opens(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    broker, count = _broker(bench), bench.pick(5, 200, 1000)
    bench.start(peer.worker(1, 8))
    waits_ms = [_first_claim_us(bench, broker) / 1000 for _ in range(count + 1)]
    return {"median": percentile(waits_ms[1:], 0.5), "p99": percentile(waits_ms[1:], 0.99)}


def _first_claim_us(bench: Bench, broker: LifoBroker) -> int:
    """Of one window over one job, as the window itself records it. The first one also waits for the worker to start."""
    broker.enqueue(dramatiq.Message(QUEUE, "noop", (), {}, {}))
    opened = broker.windows.open(QUEUE, opened_by="operator", credits=1, lasts_us=0)

    def done() -> int | None:
        window = broker.windows.get(opened.id)
        return window.first_claim_at_us if window is not None and not window.running else None

    first_claim_us = bench.wait_until(done, "the first claim", every_s=0.002)
    return int(first_claim_us or 0) - opened.opened_at_us


@measure(
    "ticks",
    "Lateness of ticks: from the planned time to the opening of the window",
    figures=[Figure("median", "ms"), Figure("worst", "ms")],
    rounds=(3, 5),
    limited_by="How exactly the scheduler's machine wakes a thread, and how well the scheduler knows the Redis server's"
    " clock, which it asks every two seconds.",
)
def ticks(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    file = bench.folder / "cadence.toml"
    file.write_text(CADENCE, encoding="utf-8")
    client = bench.client()
    late_ms: dict[int, float] = {}
    bench.start([sys.executable, "-m", "scheduler"], CADENCE_FILE=str(file))
    wanted = bench.pick(5, 30, 200)

    def enough() -> bool:
        tick_ms, opened_us = client.hmget(keys.policy(QUEUE), "last_tick", "last_opened")
        if tick_ms and opened_us:
            late_ms.setdefault(int(tick_ms), int(opened_us) / 1000 - int(tick_ms))
        return len(late_ms) > wanted

    bench.wait_until(enough, f"{wanted} ticks")
    # The first window is that of the tick before the start.
    late = sorted(late_ms.items())[1:]
    return {"median": percentile((ms for _, ms in late), 0.5), "worst": max(ms for _, ms in late)}


@measure(
    "window-cost",
    "What opening a window costs in Redis, by the depth of the stack",
    figures=[
        Figure("shallow", "µs"),
        Figure("deep", "µs"),
        Figure("growth", "deep / shallow"),
        Figure("calls", "script calls"),
    ],
    rounds=(3, 3),
    limited_by="The number of commands in the script. Shallow is 10 jobs, deep 100,000 (quick) or 1,000,000 (full).",
)
def window_cost(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    broker, scripts, client = _broker(bench), stacks.scripts_of(bench), bench.client()
    stacks.accept(scripts, 10)
    shallow_us, calls = _cost(client, broker)
    stacks.accept(scripts, bench.pick(500, 100_000, 1_000_000), first=1000)
    deep_us, _ = _cost(client, broker)
    return {"shallow": shallow_us, "deep": deep_us, "growth": deep_us / shallow_us, "calls": calls}


def _cost(client: redis.Redis, broker: LifoBroker) -> tuple[float, float]:
    """µs of opening a window, and script calls for each."""
    broker.windows.open(QUEUE, opened_by="operator", credits=1)  # so that the server has the script
    client.config_resetstat()
    for _ in range(OPENINGS):
        broker.windows.open(QUEUE, opened_by="operator", credits=1)
    spent = client.info("commandstats")["cmdstat_evalsha"]
    return float(spent["usec"]) / int(spent["calls"]), int(spent["calls"]) / OPENINGS


def _broker(bench: Bench) -> LifoBroker:
    broker = LifoBroker(url=bench.server.url, gated=True)
    broker.declare_queue(QUEUE)
    broker.windows.put_policy(QUEUE, Policy(close_when_empty=False))
    return broker
