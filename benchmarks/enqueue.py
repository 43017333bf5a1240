"""How many no-op jobs a second one program can send, one by one and in bulk."""

from __future__ import annotations

from collections.abc import Mapping

from .drain import QUEUES
from .driver.bench import Bench
from .driver.figures import Figure
from .driver.measures import measure
from .driver.peer import QueuePeer


@measure(
    "enqueue-one",
    "Sending jobs one by one, from one thread",
    figures=[Figure("rate", "jobs/s")],
    contestants=QUEUES,
    rounds=(1, 3),
    only_full=True,
    limited_by="A round trip to Redis a job, and the sender's own path from the call to the packed command.",
)
def one_by_one(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    took = bench.hand(peer.hand("send", bench.pick(0.2, 1, 3)))
    return {"rate": took["sent"] / took["seconds"]}


@measure(
    "enqueue-many",
    "Sending jobs in bulk, in the fastest way that each library offers",
    figures=[Figure("rate", "jobs/s")],
    contestants=QUEUES,
    rounds=(1, 3),
    only_full=True,
    limited_by="Making and encoding messages; Redis does a batch of 1,000 in one script.",
)
def in_bulk(bench: Bench, peer: QueuePeer) -> Mapping[str, float]:
    took = bench.hand(peer.hand("bulk", bench.pick(500, min(peer.rate, 10_000), 2 * peer.rate)))
    return {"rate": took["sent"] / took["seconds"]}
