"""HTTP: jobs submitted a thousand at a time, all checked by the same schemas as single ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .driver.bench import Bench
from .driver.figures import Figure
from .driver.measures import measure
from .driver.web import Service, WebPeer
from .submit import MESSAGE

ORDER = {
    "customer": "somebody@example.org",
    "items": [4, 8, 15, 16, 23, 42],
    "total": 108.5,
    "address": {"street": "Main Street 1", "town": "Springfield", "country": "US"},
}
JOBS: dict[str, Mapping[str, Any]] = {
    "plain": MESSAGE,
    "tags": {**MESSAGE, "tags": ["customer-4711", "import", "europe"]},
    "payload": {"task": "order", "payload": ORDER},
}
"""A job of each kind: a message alone; with tags; of a task with several fields, one of them an object."""


@measure(
    "batch",
    "POST /v1/jobs/batch with 1,000 jobs, two web processes",
    figures=[
        *(Figure(kind, "jobs/s") for kind in JOBS),
        Figure("p50, plain", "ms a batch"),
        Figure("p99, plain", "ms a batch"),
        Figure("client", "% of a core"),
    ],
    contestants=("lastin-web",),
    rounds=(3, 5),
    limited_by="Checking a thousand bodies by their schema, making as many messages, and writing as many answers; tags"
    " are checked one by one, and marshmallow loads each field of a payload.",
)
def batch(bench: Bench, peer: WebPeer) -> Mapping[str, float]:
    service, jobs, seconds = Service(bench, peer), bench.pick(10, 1000, 1000), bench.pick(0.3, 1.5, 5)
    seen = {}
    for kind, job in JOBS.items():
        seen[kind] = service.load("/v1/jobs/batch", 4, seconds, {"jobs": [dict(job)] * jobs}, 201)
    plain = seen["plain"]
    latencies = {"p50, plain": plain["p50_ms"], "p99, plain": plain["p99_ms"]}
    return {kind: one["rate"] * jobs for kind, one in seen.items()} | latencies | {"client": plain["client_cpu"]}
