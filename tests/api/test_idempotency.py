"""Idempotency-Key: the same request again makes nothing more."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dramatiq
import pytest
import redis
from flask.testing import FlaskClient

from api import create_app, submission
from local.embedded import EmbeddedServer
from middleware.commands import keys
from middleware.commands.types import Call, Settlement
from middleware.enqueue import acceptance
from middleware.queues.policy import Policy
from middleware.settings import Settings
from tasks import broker

from .client import Answer, Client
from .conftest import running_api

KEY = {"Idempotency-Key": '"8e03978e-40d5-43e8-bc93-6894a57f9324"'}


def _ids(client: Client) -> list[str]:
    return [job["id"] for job in client.get("/v1/jobs").json]


def test_the_same_request_again_shows_the_job_as_it_is_now(client: Client) -> None:
    first = client.post_job({"message": "once"}, **KEY)
    client.post(f"{first.headers['Location']}/cancel")

    again = client.post_job({"message": "once"}, **KEY)

    assert (first.status, first.headers["Idempotency-Replayed"]) == (201, None)
    assert (again.status, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert (again.json["id"], again.json["status"]) == (first.json["id"], "cancelled")
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["ETag"] == client.get(again.headers["Location"]).headers["ETag"]
    assert _ids(client) == [first.json["id"]]


def test_the_same_body_may_be_written_in_another_way(client: Client) -> None:
    client.post_job('{"message": "x", "delay_s": 60}', **KEY)

    again = client.post_job('{ "delay_s":60, "message":"\\u0078" }', **KEY)

    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    "body", [{"message": "another"}, {"message": "x", "tags": ["t"]}, {"message": "x", "delay_s": 1}]
)
def test_another_body_under_the_same_key_is_422(client: Client, body: dict[str, Any]) -> None:
    client.post_job({"message": "x"}, **KEY)

    problem = client.post_job(body, **KEY).problem(422, "key-reused")

    assert [error["header"] for error in problem["errors"]] == ["Idempotency-Key"]
    assert len(_ids(client)) == 1


def test_requests_that_come_at_once_make_one_job(client: Client) -> None:
    def submit(_: int) -> Answer:
        return client.post_job({"message": "once"}, **KEY)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(submit, range(24)))

    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert sum(answer.headers["Idempotency-Replayed"] is None for answer in answers) == 1
    assert len(_ids(client)) == 1


def test_a_batch_is_replayed_as_a_whole_and_in_its_order(client: Client) -> None:
    body = {"jobs": [{"message": str(n)} for n in range(1000)]}
    first = client.post("/v1/jobs/batch", body, **KEY)

    again = client.post("/v1/jobs/batch", body, **KEY)

    assert (again.status, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert again.json == first.json
    client.post("/v1/jobs/batch", {"jobs": body["jobs"][1:]}, **KEY).problem(422, "key-reused")


def test_a_window_is_opened_once(client: Client) -> None:
    client.post_job({"message": "x"})
    broker.windows.put_policy("default", Policy(mode="windows", batch=5, close_when_empty=False))
    first = client.post("/v1/windows", {"queue": "default"}, **KEY)
    broker.redis.queue("default").claim("w", 15_000_000, 1)

    again = client.post("/v1/windows", {"queue": "default"}, **KEY)
    client.post("/v1/windows", {"queue": "default", "batch": 7}, **KEY).problem(422, "key-reused")

    assert (first.status, first.headers["Idempotency-Replayed"]) == (201, None)
    assert (again.status, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert (again.json["id"], again.json["claimed"]) == (first.json["id"], 1)
    assert again.headers["Location"] == first.headers["Location"]


def test_a_key_holds_for_its_operation_and_queue_only(client: Client) -> None:
    mail = {"task": "post_mail", "payload": {"to": "a@example.org", "title": "x"}}

    answers = [
        client.post_job({"message": "x"}, **KEY),
        client.post("/v1/jobs/batch", {"jobs": [{"message": "x"}]}, **KEY),
        client.post_job(mail, **KEY),
    ]

    assert [(answer.status, answer.headers["Idempotency-Replayed"]) for answer in answers] == [(201, None)] * 3


def test_a_refused_request_leaves_its_key_free(embedded_server: EmbeddedServer, redis_url: str, tmp_path: Path) -> None:
    with running_api(redis_url, tmp_path / "web.log", {"MAX_QUEUED": "1"}) as client:
        client.post_job({"message": ""}, **KEY).problem(400, "validation")
        filler = client.post_job({"message": "first"})
        client.post_job({"message": "x"}, **KEY).problem(503, "too-many-waiting")
        client.post(f"{filler.headers['Location']}/cancel")
        taken = client.post_job({"message": "y"}, **KEY)

    assert (taken.status, taken.headers["Idempotency-Replayed"]) == (201, None)


@pytest.mark.parametrize("sent", ["bare-word", '"bare-word"'])
def test_the_bare_word_means_the_same_as_the_quoted_one(client: Client, sent: str) -> None:
    client.post_job({"message": "x"}, **{"Idempotency-Key": "bare-word"})

    assert client.post_job({"message": "x"}, **{"Idempotency-Key": sent}).headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    "sent", ["", '""', '"a', 'a"', '"a", "b"', "a b", "a,b", '"\\x"', "x" * 256, f'"{"x" * 256}"', '"ä"', '"a";p=1']
)
def test_a_header_that_isnt_a_key_is_refused(client: Client, sent: str) -> None:
    answer = client.post_job({"message": "x"}, **{"Idempotency-Key": sent})

    assert [error["header"] for error in answer.problem(400, "validation")["errors"]] == ["Idempotency-Key"]
    assert _ids(client) == []


@pytest.mark.parametrize("sent", ['"\\"\\\\"', '" "', f'"{"x" * 255}"', "x" * 255, "a=b:c/?&"])
def test_every_key_within_the_bounds_is_one(client: Client, sent: str) -> None:
    answers = [client.post_job({"message": "x"}, **{"Idempotency-Key": sent}) for _ in range(2)]

    assert [answer.status for answer in answers] == [201, 201]
    assert len(_ids(client)) == 1


def test_what_was_pruned_isnt_made_again(client: Client) -> None:
    job_id = client.post_job({"message": "x"}, **KEY).json["id"]
    scripts = broker.redis.queue("default")
    broker.windows.put_policy("default", Policy(mode="continuous", close_when_empty=False))
    [(id, attempt, _)] = scripts.claim("w", 15_000_000, 1).jobs
    scripts.settle([Settlement(id, attempt, "processed")], "w", 15_000_000, 0)
    scripts.prune(10**12, 0, 10**12, 10**6)

    client.post_job({"message": "x"}, **KEY).problem(409, "replay-gone")

    assert id == job_id
    assert _ids(client) == []


def test_a_key_belongs_to_the_address_that_it_came_from(redis_url: str) -> None:
    app = create_app(Settings(trusted_proxies=1))

    def submit(address: str) -> str:
        sent = {**KEY, "X-Forwarded-For": address}
        answer = app.test_client().post("/v1/jobs", json={"message": "x"}, headers=sent)
        assert answer.status_code == 201
        return str(answer.json["id"])

    first, other, again = submit("192.0.2.1"), submit("192.0.2.2"), submit("192.0.2.1")

    assert first == again != other
    assert submit("2001:db8:1:2:3::4") == submit("2001:db8:1:2:5::6") != submit("2001:db8:1:3::1")


def test_what_a_client_says_of_its_address_is_no_part_of_a_key(client: Client) -> None:
    first = client.post_job({"message": "x"}, **KEY, **{"X-Forwarded-For": "192.0.2.1"})

    again = client.post_job({"message": "x"}, **KEY, **{"X-Forwarded-For": "192.0.2.2"})

    assert again.json["id"] == first.json["id"]


@pytest.fixture
def resent(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """The application, whose calls to Redis are all the same one: as if the answer were lost and it were sent again."""
    numbers = itertools.cycle(range(3))
    make = submission.message_of_job

    def message_of_job(*given: Any) -> dramatiq.Message[Any]:
        return make(*given).copy(message_id=f"job-{next(numbers)}")

    monkeypatch.setattr(submission, "message_of_job", message_of_job)
    return create_app(Settings()).test_client()


BATCH = {"jobs": [{"message": "a"}, {"message": "b"}, {"message": "c"}]}


def test_a_request_that_redis_knows_already_is_409(resent: FlaskClient) -> None:
    first = resent.post("/v1/jobs/batch", json=BATCH)

    again = resent.post("/v1/jobs/batch", json=BATCH)

    assert (first.status_code, again.status_code) == (201, 409)
    assert again.json["type"] == "/problems/duplicate-job"
    assert "job-0 exists already" in again.json["detail"]
    assert len(resent.get("/v1/jobs").json) == 3


def test_a_request_that_is_sent_to_redis_again_after_its_jobs_were_pruned_is_409(
    resent: FlaskClient, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptance.Caller, "new_call", lambda _: Call(b"the caller", 1))
    assert resent.post("/v1/jobs/batch", json=BATCH).status_code == 201
    redis_client.hdel(keys.records("default"), "job-0", "job-2")

    again = resent.post("/v1/jobs/batch", json=BATCH)

    assert again.status_code == 409
    assert again.json["type"] == "/problems/replay-gone"
    assert again.json["detail"] == "It was carried out; 2 of its 3 jobs have been pruned since."
