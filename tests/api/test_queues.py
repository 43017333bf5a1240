"""GET /v1/queues, POST /v1/queues/{queue}/pause and /resume."""

from __future__ import annotations

from typing import Any

import pytest

from middleware.jobs import JobStatus
from middleware.queues.policy import Policy
from tasks import broker

from .client import JSON, Client

QUEUE_KEYS = {
    *("name", "mode", "order", "order_now", "gate", "pause", "window", "next_window_at", "counts", "accepted"),
    *("pruned", "oldest_age_s", "wait_bound_s", "freshness", "limits", "held_back", "threads"),
}


def _queue(client: Client, name: str = "default") -> Any:
    answer = client.get(f"/v1/queues/{name}")
    assert answer.status == 200, answer.body
    assert set(answer.json) == QUEUE_KEYS
    return answer.json


def test_the_queues_that_tasks_declare_are_there_before_any_job(client: Client) -> None:
    answer = client.get("/v1/queues")

    assert answer.status == 200
    assert [queue["name"] for queue in answer.json] == ["default", "mail"]
    assert answer.json[0] == _queue(client)


def test_a_queue_without_a_policy_shows_every_key(client: Client) -> None:
    queue = _queue(client)

    assert queue["counts"] == {status.value: 0 for status in JobStatus}
    assert queue["threads"] == {"total": 0, "idle": 0}
    assert (queue["mode"], queue["order"], queue["order_now"], queue["gate"]) == ("windows", "lifo", "lifo", "closed")
    assert (queue["accepted"], queue["pruned"]) == (0, 0)
    for key in ("pause", "window", "next_window_at", "oldest_age_s", "wait_bound_s"):
        assert queue[key] is None, key


def test_counts_window_and_oldest_age_are_shown(client: Client) -> None:
    broker.windows.put_policy("default", Policy(close_when_empty=False))
    client.post_job({"message": "x"})
    client.post_job({"message": "later", "delay_s": 60})
    window = client.post("/v1/windows", {"queue": "default", "batch": 5, "lasts_s": 60}).json

    queue = _queue(client)

    assert (queue["counts"]["queued"], queue["counts"]["scheduled"], queue["accepted"]) == (1, 1, 2)
    assert (queue["gate"], queue["window"]) == ("open", window)
    assert queue["oldest_age_s"] > 0


def test_a_queue_is_paused_and_goes_on(client: Client) -> None:
    paused = client.post("/v1/queues/default/pause", {"reason": "The provider is down."})
    again = client.post("/v1/queues/default/pause", {"reason": "Another."})
    assert (paused.status, paused.json["gate"]) == (200, "paused")
    assert set(paused.json) == QUEUE_KEYS
    assert (paused.json["pause"]["reason"], paused.json["pause"]["by"]) == ("The provider is down.", "anonymous")
    assert again.json["pause"] == paused.json["pause"]

    for _ in range(2):
        resumed = client.post("/v1/queues/default/resume")
        assert (resumed.status, resumed.json["gate"], resumed.json["pause"]) == (200, "closed", None)
    assert set(resumed.json) == QUEUE_KEYS
    assert _queue(client, "mail")["gate"] == "closed"


def test_pauses_are_listed_newest_first(client: Client) -> None:
    assert client.get("/v1/queues/default/pauses").json == []
    paused = client.post("/v1/queues/default/pause", {"reason": "The provider is down."}).json["pause"]
    client.post("/v1/queues/default/resume", {"reason": "It is up."})

    listed = client.get("/v1/queues/default/pauses").json

    assert [(event["event"], event["reason"]) for event in listed] == [
        ("resumed", "It is up."),
        ("paused", "The provider is down."),
    ]
    assert listed[1] == {"event": "paused", **paused}
    assert client.get("/v1/queues/default/pauses?limit=1").json == listed[:1]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "/reason"),
        ({"reason": ""}, "/reason"),
        ({"reason": " \n"}, "/reason"),
        ({"reason": "x" * 501}, "/reason"),
        ({"reason": 7}, "/reason"),
        ({"reason": "x", "who": "me"}, "/who"),
    ],
    ids=str,
)
def test_a_pause_without_a_proper_reason_is_refused(client: Client, body: Any, where: str) -> None:
    document = client.post("/v1/queues/default/pause", body).problem(400, "validation")

    assert [error["pointer"] for error in document["errors"]] == [where]
    assert _queue(client)["pause"] is None


@pytest.mark.parametrize("name", ["nobody", "x" * 65, "%00", "a%20b", "default:"])
def test_an_unknown_queue_is_404(client: Client, name: str) -> None:
    client.get(f"/v1/queues/{name}").problem(404, "not-found")
    client.post(f"/v1/queues/{name}/pause", {"reason": "x"}).problem(404, "not-found")
    client.post(f"/v1/queues/{name}/resume").problem(404, "not-found")
    client.get(f"/v1/queues/{name}/pauses").problem(404, "not-found")


def test_parameters_that_nobody_knows_are_refused(client: Client) -> None:
    client.get("/v1/queues?all=1").problem(400, "validation")
    client.get("/v1/queues/default?all=1").problem(400, "validation")
    client.get("/v1/queues/default/pauses?limit=501").problem(400, "validation")
    client.send("POST", "/v1/queues/default/pause?now=1", '{"reason": "x"}', JSON).problem(400, "validation")


def test_an_unknown_queue_comes_with_the_one_that_was_meant(client: Client) -> None:
    client.post_job({"message": "x"})

    assert client.get("/v1/queues/defualt").problem(404, "not-found")["detail"].endswith("Did you mean default?")
    answer = client.post("/v1/windows", {"queue": "Default"}).problem(404, "not-found")
    assert answer["detail"].endswith("Did you mean default?")
