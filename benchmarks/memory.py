"""What a job takes in Redis while it waits, and after it is done."""

from __future__ import annotations

from collections.abc import Mapping

from .drain import QUEUES
from .driver import stacks
from .driver.bench import Bench
from .driver.figures import Figure
from .driver.measures import measure
from .driver.peer import QueuePeer


@measure(
    "memory",
    "Memory of a queued job, everything counted",
    figures=[Figure("queued", "bytes")],
    contestants=QUEUES,
    rounds=(1, 3),
    only_full=True,
    limited_by="The message, its record, and one place in an ordered index; the id stands in each of the three.",
)
def queued(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    client = bench.client()
    bench.hand(peer.hand("bulk", 10))
    begin = client.info("memory")["used_memory"]
    count = bench.pick(500, peer.rate, peer.rate)
    bench.hand(peer.hand("bulk", count))
    return {"queued": (client.info("memory")["used_memory"] - begin) / count}


@measure(
    "memory-deep",
    "Memory of a job with a message of 185 bytes, when there are very many",
    figures=[Figure("queued", "bytes"), Figure("finished", "bytes")],
    rounds=(3, 3),
    limited_by="As before. A finished job stands in two indexes (by seq, by the order of pruning), and has the longer"
    " record.",
)
def deep(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    client, scripts = bench.client(), stacks.scripts_of(bench)
    count = bench.pick(500, 50_000, 1_000_000)
    stacks.accept(scripts, 10, first=2 * count)
    stacks.finish(scripts, 1)
    begin = client.info("memory")["used_memory"]
    stacks.accept(scripts, count)
    filled = client.info("memory")["used_memory"]
    stacks.finish(scripts, count)
    done = client.info("memory")["used_memory"]
    return {"queued": (filled - begin) / count, "finished": (done - begin) / count}
