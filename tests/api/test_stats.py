"""GET /v1/stats."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from api.wire.caching import FRESH_S, Cached
from middleware.broker import LifoBroker
from tests.service import wait_until

from .client import Client

STATES = {"scheduled", "queued", "running", "processed", "rejected", "cancelled", "expired", "superseded"}


def shown(client: Client, path: str, accepted: int) -> Any:
    """The statistics, once they know of so many jobs."""

    def found() -> Any:
        stats = client.get(path).json
        return stats if sum(stats["total"]["counts"].values()) == accepted else None

    return wait_until(found, f"{accepted} jobs in the statistics")


def test_jobs_are_counted_in_total_by_queue_and_by_task(client: Client, redis_url: str) -> None:
    for body in ({"message": "a"}, {"message": "b"}, {"task": "post_mail", "payload": {"to": "a@b.cd", "title": "t"}}):
        assert client.post_job(body).status == 201
    broker = LifoBroker(url=redis_url)
    [job] = broker.redis.queue("default").claim("worker", 15_000_000, 1).jobs
    broker.close()

    stats = shown(client, "/v1/stats", 3)

    assert set(stats) == {"at", "total", "queues", "tasks"}
    assert {(q["queue"], q["counts"]["queued"], q["counts"]["running"]) for q in stats["queues"]} == {
        ("default", 1, 1),
        ("mail", 1, 0),
    }
    assert {(t["task"], t["queue"]) for t in stats["tasks"]} == {("process_message", "default"), ("post_mail", "mail")}
    total = stats["total"]
    assert set(total) == {"counts", "oldest_age_s", "rates", "wait_ms", "run_ms"}
    assert set(total["counts"]) == STATES
    assert set(total["rates"]) == {"1m", "5m", "15m"}
    assert total["rates"]["1m"]["accepted"] > total["rates"]["15m"]["accepted"] > 0
    assert total["oldest_age_s"] > 0
    assert (total["wait_ms"]["count"], total["run_ms"]) == (
        1,
        {"count": 0, "mean": None, "p50": None, "p90": None, "p99": None},
    )
    assert total["wait_ms"]["p50"] > 0
    assert job


def test_a_queue_can_be_asked_for_alone(client: Client) -> None:
    client.post_job({"message": "a"})
    client.post_job({"task": "post_mail", "payload": {"to": "a@b.cd", "title": "t"}})
    shown(client, "/v1/stats", 2)

    stats = client.get("/v1/stats?queue=mail").json
    nothing = client.get("/v1/stats?queue=nobody").json

    assert [q["queue"] for q in stats["queues"]] == ["mail"]
    assert [t["task"] for t in stats["tasks"]] == ["post_mail"]
    assert stats["total"]["counts"]["queued"] == 1
    assert (nothing["queues"], nothing["tasks"], nothing["total"]["oldest_age_s"]) == ([], [], None)


def test_a_name_that_is_none_and_an_unknown_parameter_are_refused(client: Client) -> None:
    client.get("/v1/stats?queue=-").problem(400, "validation")
    client.get("/v1/stats?que=default").problem(400, "validation")


def test_a_snapshot_is_read_again_when_it_is_a_second_old(monkeypatch: pytest.MonkeyPatch) -> None:
    now, reads = [100.0], []
    monkeypatch.setattr("api.wire.caching.time.monotonic", lambda: now[0])
    cached = Cached(lambda: reads.append(1) or len(reads))

    assert (cached.get(), cached.get()) == (1, 1)
    now[0] += FRESH_S + 0.01
    assert cached.get() == 2


def test_those_who_wait_for_a_read_that_fails_share_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, failing = threading.Event(), threading.Event()
    reads, errors, came = [], [], []
    monkeypatch.setattr("api.wire.caching.time.monotonic", lambda: (came.append(1), float(len(came)))[1])

    def read() -> str:
        reads.append(1)
        asked.set()
        assert failing.wait(20)
        raise OSError("away")

    def get() -> None:
        try:
            cached.get()
        except OSError as error:
            errors.append(error)

    cached = Cached(read)
    first = threading.Thread(target=get)
    first.start()
    assert asked.wait(20)
    before = len(came)
    others = [threading.Thread(target=get) for _ in range(3)]
    for thread in others:
        thread.start()
    wait_until(lambda: len(came) >= before + 3, "all of them to have come")
    failing.set()
    for thread in (first, *others):
        thread.join(20)

    assert (len(reads), len(errors)) == (1, 4)


def test_an_error_is_not_kept() -> None:
    answers = iter([OSError("away"), "read"])

    def read() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    cached = Cached(read)
    with pytest.raises(OSError, match="away"):
        cached.get()
    assert cached.get() == "read"
