"""HTTP: pages of a list of many jobs."""

from __future__ import annotations

from collections.abc import Mapping

from .driver.bench import Bench
from .driver.figures import Figure
from .driver.measures import measure
from .driver.web import Service, WebPeer


@measure(
    "pages",
    "GET /v1/jobs, pages of 50 out of many jobs, two web processes",
    figures=[
        Figure("rate, 16 connections", "requests/s"),
        Figure("p50, 1 connection", "ms"),
        Figure("p99, 1 connection", "ms"),
    ],
    contestants=("lastin-web", "flask", "fastapi"),
    rounds=(1, 3),
    only_full=True,
    limited_by="Reading fifty records and writing them as JSON. 100,000 jobs (quick) or 1,000,000 (full). The others"
    " read one ordered set; LastIn merges one for each state.",
)
def pages(bench: Bench, peer: WebPeer) -> Mapping[str, float]:
    peer.accept(bench, bench.pick(100, 100_000, 1_000_000))
    service = Service(bench, peer)
    many = service.load("/v1/jobs?limit=50", 16, bench.pick(0.3, 2, 5))
    one = service.load("/v1/jobs?limit=50", 1, bench.pick(0.3, 1, 3))
    return {
        "rate, 16 connections": many["rate"],
        "p50, 1 connection": one["p50_ms"],
        "p99, 1 connection": one["p99_ms"],
    }
