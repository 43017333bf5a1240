"""HTTP: jobs submitted one by one."""

from __future__ import annotations

from collections.abc import Mapping

from .driver.bench import Bench
from .driver.figures import Figure
from .driver.measures import measure
from .driver.web import Service, WebPeer

MESSAGE = {"message": "The quick brown fox jumps over the lazy dog, again and again."}


@measure(
    "submit",
    "POST /v1/jobs, two web processes",
    figures=[
        Figure("rate, 16 connections", "requests/s"),
        Figure("p50, 16 connections", "ms"),
        Figure("p99, 16 connections", "ms"),
        Figure("rate, 1 connection", "requests/s"),
        Figure("p50, 1 connection", "ms"),
        Figure("p99, 1 connection", "ms"),
        Figure("client", "% of a core"),
        Figure("cpu", "µs of CPU of the service a request"),
    ],
    contestants=("lastin-web", "flask-full", "flask", "fastapi"),
    rounds=(3, 5),
    limited_by="Python's CPU a request. The client and Redis share the two cores with the service. **flask-full** does"
    " by hand what clients and operators get of LastIn with this request: an id, an ETag, the headers, a line of the"
    " log, metrics. **flask** and **fastapi** accept the job, show it, and do nothing else; that is what all of it"
    " together costs.",
)
def submit(bench: Bench, peer: WebPeer) -> Mapping[str, float]:
    service = Service(bench, peer)
    cpu_s = service.process.cpu_s()
    many = service.load("/v1/jobs", 16, bench.pick(0.3, 2, 5), MESSAGE, 201)
    cpu_s = service.process.cpu_s() - cpu_s
    one = service.load("/v1/jobs", 1, bench.pick(0.3, 1, 3), MESSAGE, 201)
    return {
        "rate, 16 connections": many["rate"],
        "p50, 16 connections": many["p50_ms"],
        "p99, 16 connections": many["p99_ms"],
        "rate, 1 connection": one["rate"],
        "p50, 1 connection": one["p50_ms"],
        "p99, 1 connection": one["p99_ms"],
        "client": many["client_cpu"],
        "cpu": cpu_s / (many["requests"] * (1 + 0.3 / many["seconds"])) * 1e6,
    }
