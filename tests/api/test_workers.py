"""GET /v1/workers."""

from __future__ import annotations

from middleware.processes.registry import Registration
from middleware.redis_link.link import Link

from .client import Client


def test_without_workers_the_list_is_empty(client: Client) -> None:
    answer = client.get("/v1/workers")

    assert (answer.status, answer.json) == (200, [])


def test_a_worker_is_shown_with_every_key(client: Client, redis_url: str) -> None:
    link = Link(redis_url, timeout_s=5)
    registration = Registration("box:7:abcd", "worker", lease_us=60_000_000, queues=lambda: ["mail"], threads=8)
    registration.renew(link)

    [worker] = client.get("/v1/workers").json
    registration.leave(link)
    link.close()

    assert set(worker) == {
        *("id", "kind", "host", "pid", "version", "started_at", "last_seen_at", "stopping", "queues", "threads"),
        "running",
    }
    assert (worker["id"], worker["kind"], worker["queues"]) == ("box:7:abcd", "worker", ["mail"])
    assert (worker["threads"], worker["running"], worker["stopping"]) == ({"total": 8, "idle": 8, "lost": 0}, [], False)
    assert client.get("/v1/workers").json == []


def test_a_parameter_is_refused(client: Client) -> None:
    client.get("/v1/workers?all=1").problem(400, "validation")
