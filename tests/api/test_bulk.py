"""POST /v1/jobs/cancel and /v1/jobs/retry: many jobs at once, by the filters of the list."""

from __future__ import annotations

from typing import Any

import pytest

from middleware.commands.types import Settlement
from middleware.queues.policy import Policy
from tasks import broker
from tasks.process_message import process_message

from .client import Client

LEASE_US = 60_000_000


def _submitted(count: int) -> list[str]:
    return [job.id for job in broker.accept([process_message.message(message=str(n)) for n in range(count)])]


def _claimed(count: int) -> list[tuple[str, int]]:
    scripts = broker.redis.queue("default")
    broker.windows.put_policy("default", Policy(mode="continuous", close_when_empty=False))
    return [(id, attempt) for id, attempt, _ in scripts.claim("w", LEASE_US, count).jobs]


def _rejected(count: int) -> list[str]:
    ids = _submitted(count)
    settlements = [Settlement(id, attempt, "rejected") for id, attempt in _claimed(count)]
    broker.redis.queue("default").settle(settlements, "w", LEASE_US, 0)
    return ids


def _statuses(client: Client, **where: str) -> list[str]:
    query = "&".join(f"{name}={value}" for name, value in where.items())
    return [job["status"] for job in client.get(f"/v1/jobs?limit=500&{query}").json]


def test_all_that_fit_are_cancelled_and_what_runs_is_asked_to_stop(client: Client) -> None:
    _submitted(5)
    _claimed(2)
    client.post_job({"message": "later", "delay_s": 60})
    mail = client.post_job({"task": "post_mail", "payload": {"to": "a@example.org", "title": "x"}}).json

    answer = client.post("/v1/jobs/cancel", {"queue": "default", "reason": "storm"})

    assert (answer.status, answer.json) == (200, {"count": 6, "asked": 2, "more": False})
    assert sorted(_statuses(client, queue="default")) == ["cancelled"] * 4 + ["running"] * 2
    assert client.get(f"/v1/jobs/{mail['id']}").json["status"] == "queued"
    assert {job["reason"] for job in client.get("/v1/jobs?status=cancelled").json} == {"storm"}


def test_what_was_asked_to_stop_is_not_asked_again(client: Client) -> None:
    _submitted(3)
    _claimed(3)
    client.post("/v1/jobs/cancel", {"task": "process_message"})

    again = client.post("/v1/jobs/cancel", {"task": "process_message"})

    assert again.json == {"count": 0, "asked": 0, "more": False}


def test_all_that_fit_are_retried_on_top_and_in_their_order(client: Client) -> None:
    ids = _rejected(450)
    newer = client.post_job({"message": "newer"}).json

    answer = client.post("/v1/jobs/retry", {"status": "rejected"})

    assert (answer.status, answer.json) == (200, {"count": 450, "more": False})
    places = {job["id"]: job["place"] for job in client.get("/v1/jobs?limit=500").json}
    assert [places[id] for id in ids] == sorted(places[id] for id in ids)
    assert places[ids[0]] > newer["place"]


def test_a_limit_leaves_the_rest_and_says_so(client: Client) -> None:
    _rejected(5)

    answers = [client.post("/v1/jobs/retry", {"status": "rejected", "limit": 2}).json for _ in range(4)]

    assert answers == [
        {"count": 2, "more": True},
        {"count": 2, "more": True},
        {"count": 1, "more": False},
        {"count": 0, "more": False},
    ]


def test_ten_thousand_at_most_are_cancelled_in_a_call(client: Client) -> None:
    for _ in range(11):
        _submitted(1000)

    first, second = (client.post("/v1/jobs/cancel", {"status": "queued"}).json for _ in range(2))

    assert first == {"count": 10_000, "asked": 0, "more": True}
    assert second == {"count": 1000, "asked": 0, "more": False}


def test_times_and_windows_are_filters_too(client: Client) -> None:
    ids = _submitted(3)
    middle = client.get(f"/v1/jobs/{ids[1]}").json["created_at"]

    assert client.post("/v1/jobs/cancel", {"created_after": middle}).json["count"] == 1
    assert client.post("/v1/jobs/cancel", {"created_before": middle, "queue": "mail"}).json["count"] == 0
    assert client.post("/v1/jobs/cancel", {"created_before": middle}).json["count"] == 1
    assert client.post("/v1/jobs/cancel", {"window": "default.1"}).json["count"] == 0
    assert client.get(f"/v1/jobs/{ids[1]}").json["status"] == "queued"


@pytest.mark.parametrize(
    ("move", "body", "pointer"),
    [
        ("cancel", {}, ""),
        ("cancel", {"limit": 5}, ""),
        ("cancel", {"reason": "x"}, ""),
        ("cancel", {"status": "processed"}, "/status"),
        ("cancel", {"status": ["queued", "processed"]}, "/status/1"),
        ("cancel", {"status": []}, "/status"),
        ("cancel", {"status": {"queued": 1}}, "/status"),
        ("cancel", {"tag": [7]}, "/tag/0"),
        ("cancel", {"tag": "a,b"}, "/tag"),
        ("cancel", {"task": ["a"] * 17}, "/task"),
        ("cancel", {"queue": "no name"}, "/queue"),
        ("cancel", {"queue": "default", "limit": 10_001}, "/limit"),
        ("cancel", {"queue": "default", "limit": 0}, "/limit"),
        ("cancel", {"queue": "default", "reason": ""}, "/reason"),
        ("cancel", {"queue": "default", "created_after": "today"}, "/created_after"),
        ("cancel", {"que": "default"}, "/que"),
        ("retry", {}, ""),
        ("retry", {"status": "queued"}, "/status"),
        ("retry", {"status": "rejected", "reason": "x"}, "/reason"),
        ("retry", {"window": "17"}, "/window"),
        ("retry", [], ""),
    ],
)
def test_a_body_that_doesnt_say_which_jobs_moves_none(client: Client, move: str, body: Any, pointer: str) -> None:
    _submitted(1)

    problem = client.post(f"/v1/jobs/{move}", body).problem(400, "validation")

    assert pointer in [error["pointer"] for error in problem["errors"]]
    assert _statuses(client) == ["queued"]


@pytest.mark.parametrize("path", ["/v1/jobs/cancel", "/v1/jobs/retry", "/v1/jobs/batch"])
def test_the_paths_of_many_jobs_are_no_jobs(client: Client, path: str) -> None:
    answer = client.get(path)

    answer.problem(405, "method-not-allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}


def test_tags_and_several_values_are_filters_too(client: Client) -> None:
    for tags in (["red"], ["blue"], ["red", "blue"], ["green"], []):
        client.post_job({"message": "x", "tags": tags})

    assert client.post("/v1/jobs/cancel", {"tag": "red", "status": ["queued", "running"]}).json["count"] == 2
    assert client.post("/v1/jobs/retry", {"tag": ["red", "green"]}).json["count"] == 2
    assert (
        client.post("/v1/jobs/cancel", {"tag": ["blue", "green"], "task": ["a", "process_message"]}).json["count"] == 3
    )
    assert client.post("/v1/jobs/cancel", {"tag": ["none"]}).json["count"] == 0
    assert sorted(_statuses(client)) == ["cancelled"] * 3 + ["queued"] * 2
