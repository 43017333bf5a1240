"""GET and POST /v1/windows, GET /v1/windows/{id}, /v1/windows/next and POST /v1/windows/{id}/close."""

from __future__ import annotations

from typing import Any

import pytest

from middleware.queues.policy import Policy
from tasks import broker

from .client import Client

WINDOW_KEYS = {
    *("id", "queue", "status", "opened_by", "tick_at", "opened_at", "closes_at", "closed_at", "close_reason", "order"),
    *("oldest_share", "credits", "claimed", "running", "processed", "retried", "rejected", "cancelled", "put_back"),
    *("first_claim_at", "last_claim_at", "oldest_wait_ms", "left_waiting"),
}


@pytest.fixture(autouse=True)
def policies(client: Client) -> None:
    """Windows in both queues."""
    for queue in ("default", "mail"):
        broker.windows.put_policy(queue, Policy(batch=7, close_when_empty=False, lasts_us=30_000_000))


def _open(client: Client, queue: str = "default", **more: Any) -> Any:
    answer = client.post("/v1/windows", {"queue": queue, "batch": 5, "lasts_s": 60, **more})
    assert answer.status == 201, answer.body
    assert answer.headers["Location"] == f"/v1/windows/{answer.json['id']}"
    return answer.json


def _used(client: Client, queue: str = "default") -> str:
    """A window in which a job was claimed, so that it is kept."""
    body = {"message": "x"} if queue == "default" else {"task": "post_mail", "payload": {"to": "a@b.org", "title": "x"}}
    client.post_job(body)
    window: str = _open(client, queue)["id"]
    assert broker.redis.queue(queue).claim("w", 15_000_000, 1).jobs
    return window


def test_a_window_is_opened_shown_and_closed(client: Client) -> None:
    client.post_job({"message": "x"})
    window = _open(client, batch=3, lasts_s=0.5)
    assert set(window) == WINDOW_KEYS
    assert (window["status"], window["opened_by"], window["credits"]) == ("open", "operator", 3)
    assert window["tick_at"] is None

    window = _open(client)
    shown = client.get(f"/v1/windows/{window['id']}")
    assert (shown.status, shown.json) == (200, window)
    broker.redis.queue("default").claim("w", 15_000_000, 1)
    for _ in range(2):
        closed = client.post(f"/v1/windows/{window['id']}/close")
        assert (closed.status, closed.json["status"], closed.json["close_reason"]) == (200, "closed", "operator")
        assert set(closed.json) == WINDOW_KEYS
    assert (closed.json["claimed"], closed.json["running"]) == (1, 1)


def test_what_was_opened_by_hand_is_shown_afterwards_even_if_nothing_was_claimed(client: Client) -> None:
    client.post_job({"message": "x"})
    window = _open(client)

    answers = [client.post(f"/v1/windows/{window['id']}/close") for _ in range(2)]
    answers.append(client.get(f"/v1/windows/{window['id']}"))

    assert [(answer.status, answer.json["close_reason"], answer.json["claimed"]) for answer in answers] == [
        (200, "operator", 0)
    ] * 3
    assert answers[0].json["left_waiting"] == 1


def test_what_isnt_given_is_as_the_cadence_has_it(client: Client) -> None:
    window = client.post("/v1/windows", {"queue": "default"}).json

    assert window["credits"] == 7
    assert window["closes_at"] > window["opened_at"]
    assert _open(client, batch=0)["credits"] is None


def test_an_open_window_is_replaced(client: Client) -> None:
    first = _used(client)
    second = _open(client)["id"]

    assert client.get(f"/v1/windows/{first}").json["close_reason"] == "replaced"
    assert client.get("/v1/queues/default").json["window"]["id"] == second


def test_windows_are_listed_newest_first_over_all_queues_page_by_page(client: Client) -> None:
    used = [_used(client, queue) for queue in ("default", "mail", "mail", "default", "mail")]

    seen: list[str] = []
    path: str | None = "/v1/windows?limit=2"
    while path is not None:
        page = client.get(path)
        seen += [window["id"] for window in page.json]
        path = page.next

    assert seen == used[::-1]
    of_mail = client.get("/v1/windows?queue=mail&limit=1")
    assert [window["id"] for window in of_mail.json + client.get(str(of_mail.next)).json] == [used[4], used[2]]


def test_without_windows_the_list_is_empty(client: Client) -> None:
    answer = client.get("/v1/windows")
    assert (answer.status, answer.json, answer.headers["Link"]) == (200, [], None)


def test_what_the_next_window_would_let_through(client: Client) -> None:
    ids = [client.post_job({"message": str(n)}).json["id"] for n in range(9)]

    told = client.get("/v1/windows/next?queue=default").json

    assert told == {"queue": "default", "opens_at": None, "count": 7, "job_ids": ids[:1:-1]}


def test_a_continuous_queue_has_no_windows(client: Client) -> None:
    broker.windows.put_policy("default", Policy(mode="continuous"))

    client.post("/v1/windows", {"queue": "default", "batch": 1, "lasts_s": 1}).problem(409, "window-refused")
    assert client.get("/v1/windows/next?queue=default").json["opens_at"] is None


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"batch": 1, "lasts_s": 1}, "/queue"),
        ({"queue": "a b", "batch": 1}, "/queue"),
        ({"queue": "default", "batch": -1}, "/batch"),
        ({"queue": "default", "batch": 1.5}, "/batch"),
        ({"queue": "default", "batch": "1"}, "/batch"),
        ({"queue": "default", "batch": True}, "/batch"),
        ({"queue": "default", "lasts_s": 0}, "/lasts_s"),
        ({"queue": "default", "lasts_s": "60"}, "/lasts_s"),
        ({"queue": "default", "lasts": 60}, "/lasts"),
    ],
    ids=str,
)
def test_a_body_that_doesnt_fit_opens_nothing(client: Client, body: Any, where: str) -> None:
    document = client.post("/v1/windows", body).problem(400, "validation")

    assert [error["pointer"] for error in document["errors"]] == [where]
    assert client.get("/v1/queues/default").json["window"] is None


def test_what_isnt_there_is_404(client: Client) -> None:
    client.post("/v1/windows", {"queue": "nobody", "batch": 1, "lasts_s": 1}).problem(404, "not-found")
    client.get("/v1/windows/next?queue=nobody").problem(404, "not-found")
    for window in ("default.1", "nobody.1", "default", "default.-1", "%00", "default.999999999999999"):
        client.get(f"/v1/windows/{window}").problem(404, "not-found")
        client.post(f"/v1/windows/{window}/close").problem(404, "not-found")


@pytest.mark.parametrize(
    "query",
    ["status=open", "limit=0", "limit=501", "limit=x", "cursor=x", "queue=a%20b", "queue=", "limit=1&limit=2"],
)
def test_parameters_that_dont_fit_are_refused(client: Client, query: str) -> None:
    client.get(f"/v1/windows?{query}").problem(400, "validation")


def test_the_next_window_needs_a_queue(client: Client) -> None:
    client.get("/v1/windows/next").problem(400, "validation")
