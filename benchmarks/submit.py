"""HTTP: jobs submitted one by one and in batches, and lists of them."""

from __future__ import annotations

from collections.abc import Mapping

from .driver import stacks
from .driver.bench import Bench
from .driver.figures import Figure, at_least
from .driver.measures import measure
from .driver.peer import QueuePeer
from .driver.web import Service, WebPeer
from .peers.with_lastin_web import PEER as LASTIN

MESSAGE = {"message": "The quick brown fox jumps over the lazy dog, again and again."}


@measure(
    "submit",
    "POST /v1/jobs, two web processes",
    figures=[
        Figure("rate, 16 connections", "requests/s", at_least(2500), at_least(1, "fastapi")),
        Figure("p50, 16 connections", "ms"),
        Figure("p99, 16 connections", "ms"),
        Figure("rate, 1 connection", "requests/s"),
        Figure("p50, 1 connection", "ms"),
        Figure("p99, 1 connection", "ms"),
        Figure("client", "% of a core"),
        Figure("cpu", "µs of CPU of the service a request"),
    ],
    contestants=("lastin-web", "flask", "fastapi"),
    rounds=(2, 5),
    limited_by="Python's CPU a request. The client and Redis share the two cores with the service.",
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


@measure(
    "batch",
    "POST /v1/jobs/batch with 1,000 jobs, two web processes",
    figures=[
        Figure("rate", "jobs/s", at_least(25_000), at_least(50_000)),
        Figure("p50", "ms a batch"),
        Figure("client", "% of a core"),
    ],
    rounds=(2, 5),
    limited_by="Checking a thousand bodies by their schema, making as many messages, and writing as many answers.",
)
def batch(bench: Bench, _: QueuePeer) -> Mapping[str, float]:
    jobs = bench.pick(10, 1000, 1000)
    body = {"jobs": [MESSAGE] * jobs}
    seen = Service(bench, LASTIN).load("/v1/jobs/batch", 4, bench.pick(0.3, 2, 5), body, 201)
    return {"rate": seen["rate"] * jobs, "p50": seen["p50_ms"], "client": seen["client_cpu"]}


@measure(
    "list",
    "GET /v1/jobs, pages of 50 out of many jobs, two web processes",
    figures=[
        Figure("rate, 16 connections", "requests/s"),
        Figure("p50, 1 connection", "ms"),
        Figure("p99, 1 connection", "ms"),
    ],
    rounds=(1, 3),
    limited_by="CadenceStatus fifty records and writing them as JSON. 100,000 jobs (quick) or 1,000,000 (full).",
)
def pages(bench: Bench, _: QueuePeer) -> Mapping[str, float]:
    stacks.accept(stacks.scripts_of(bench), bench.pick(100, 100_000, 1_000_000))
    service = Service(bench, LASTIN)
    many = service.load("/v1/jobs?limit=50", 16, bench.pick(0.3, 2, 5))
    one = service.load("/v1/jobs?limit=50", 1, bench.pick(0.3, 1, 3))
    return {
        "rate, 16 connections": many["rate"],
        "p50, 1 connection": one["p50_ms"],
        "p99, 1 connection": one["p99_ms"],
    }
