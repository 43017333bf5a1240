"""Subjects over HTTP: the newest job about something supersedes those that wait; how fresh they are is shown."""

from __future__ import annotations

from typing import Any

import pytest

from middleware.commands.types import Settlement
from middleware.queues.policy import Policy
from tasks import broker

from .client import Client

KEY = {"Idempotency-Key": '"once"'}


def _process(job: dict[str, Any]) -> None:
    queue = broker.redis.queue("default")
    [(id, number, _)] = queue.claim("nobody", 15_000_000, 1).jobs
    assert id == job["id"]
    queue.settle([Settlement(id, number, "processed")], "nobody", 15_000_000, 0)


def test_a_newer_job_supersedes_the_one_that_waits_and_why_tells_which(client: Client) -> None:
    old = client.submit("old", subject="customer-7")
    new = client.submit("new", subject="customer-7", tags=["t"])

    shown = client.get(f"/v1/jobs/{old['id']}").json
    assert (shown["status"], shown["subject"], shown["superseded_by"]) == ("superseded", "customer-7", new["id"])
    assert (new["status"], new["subject"], new["superseded_by"]) == ("queued", "customer-7", None)
    [cause] = client.get(f"/v1/jobs/{old['id']}/why").json["causes"]
    assert (cause["code"], cause["data"]["superseded_by"]) == ("superseded", new["id"])
    assert new["id"] in cause["message"]
    assert client.post(f"/v1/jobs/{old['id']}/retry", None).status == 409
    assert client.get("/v1/queues/default").json["counts"]["superseded"] == 1


def test_in_a_batch_the_last_one_wins_and_the_answer_shows_it(client: Client) -> None:
    sent = [
        {"message": "1", "subject": "a"},
        {"message": "2", "subject": "b"},
        {"message": "3", "subject": "a", "delay_s": 60},
        {"message": "4", "subject": "a"},
        {"message": "5"},
    ]

    jobs = client.post("/v1/jobs/batch", {"jobs": sent}).json

    assert [job["status"] for job in jobs] == ["superseded", "queued", "superseded", "queued", "queued"]
    assert [job["superseded_by"] for job in jobs] == [jobs[3]["id"], None, jobs[3]["id"], None, None]
    assert [client.get(f"/v1/jobs/{job['id']}").json for job in jobs] == jobs


def test_the_same_request_sent_again_supersedes_nothing_more(client: Client) -> None:
    first = client.post_job({"message": "x", "subject": "a"}, **KEY).json
    newer = client.submit("y", subject="a")

    again = client.post_job({"message": "x", "subject": "a"}, **KEY).json

    assert (again["id"], again["status"], again["superseded_by"]) == (first["id"], "superseded", newer["id"])
    assert client.get(f"/v1/jobs/{newer['id']}").json["status"] == "queued"


def test_a_queue_shows_how_fresh_its_subjects_are(client: Client) -> None:
    broker.windows.put_policy("default", Policy(mode="continuous"))
    assert client.get("/v1/queues/default").json["freshness"] is None
    for subject in "ab":
        _process(client.submit("x", subject=subject))
    client.submit("waits", subject="a")

    fresh = client.get("/v1/queues/default").json["freshness"]

    assert fresh["subjects"] == 2
    assert 0 < fresh["p50_s"] <= fresh["p90_s"] <= fresh["p99_s"] <= fresh["oldest_s"] < 60


@pytest.mark.parametrize("said", [{"supersede_running": True}, {"supersede_running": False}, {"max_defer_s": 5}])
def test_what_is_said_of_a_subject_needs_one(client: Client, said: dict[str, Any]) -> None:
    refused = client.post_job({"message": "m", **said}).problem(400, "validation")
    batch = client.post("/v1/jobs/batch", {"jobs": [{"message": "m"}, {"message": "m", **said}]})

    [name] = said
    assert refused["errors"] == [{"pointer": f"/{name}", "detail": "Needs a subject beside it."}]
    assert batch.problem(400, "validation")["errors"][0]["pointer"] == f"/jobs/1/{name}"
    assert client.post_job({"message": "m", "subject": "a", **said}).status == 201
