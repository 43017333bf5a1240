"""POST /v1/jobs/batch: many jobs of one queue, all or none."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.embedded import EmbeddedServer

from .client import JSON, Answer, Client
from .conftest import running_api

BATCH = "/v1/jobs/batch"
MAIL = {"task": "post_mail", "payload": {"to": "a@example.org", "title": "Hi"}}


def _batch(client: Client, *jobs: Any, **headers: str) -> Answer:
    return client.post(BATCH, {"jobs": jobs}, **headers)


def test_a_batch_is_accepted_in_its_order_with_the_last_one_on_top(client: Client) -> None:
    answer = _batch(client, *({"message": str(n)} for n in range(5)))

    assert answer.status == 201
    seqs = [job["seq"] for job in answer.json]
    assert seqs == list(range(seqs[0], seqs[0] + 5))
    assert [job["payload"]["message"] for job in client.get("/v1/jobs").json] == ["4", "3", "2", "1", "0"]


def test_the_answer_shows_each_job_as_it_can_be_looked_at(client: Client) -> None:
    jobs = _batch(client, {"message": "a"}, {"message": "b", "delay_s": 60, "tags": ["t"]}).json

    assert [client.get(f"/v1/jobs/{job['id']}").json for job in jobs] == jobs


def test_jobs_of_a_batch_may_have_delays_of_their_own(client: Client) -> None:
    jobs = _batch(
        client,
        {"message": "now"},
        {"message": "in a minute", "delay_s": 60},
        {"message": "then", "run_at": "2100-01-01T00:00:00Z"},
        {"message": "past", "run_at": "2000-01-01T00:00:00Z"},
    ).json

    assert [job["status"] for job in jobs] == ["queued", "scheduled", "scheduled", "queued"]
    wait = datetime.fromisoformat(jobs[1]["due_at"]) - datetime.fromisoformat(jobs[0]["created_at"])
    assert wait == timedelta(seconds=60)
    assert jobs[2]["due_at"] == "2100-01-01T00:00:00.000000Z"


def test_a_batch_may_hold_a_thousand_jobs_of_either_form(client: Client) -> None:
    short, long = {"message": "x"}, {"task": "process_message", "payload": {"message": "x"}}

    answer = _batch(client, *[short, long] * 500)

    assert answer.status == 201
    assert len({job["id"] for job in answer.json}) == 1000
    assert {json.dumps(job["payload"]) for job in answer.json} == {'{"message": "x"}'}


def test_request_id_and_trace_context_are_kept_on_each(client: Client) -> None:
    jobs = _batch(client, {"message": "a"}, {"message": "b"}, **{"X-Request-Id": "mine"}).json

    assert [job["request_id"] for job in jobs] == ["mine", "mine"]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"jobs": []}, {"/jobs"}),
        ({"jobs": [{"message": "x"}] * 1001}, {"/jobs"}),
        ({"jobs": {"message": "x"}}, {"/jobs"}),
        ({"jobs": None}, {"/jobs"}),
        ({}, {"/jobs"}),
        ({"jobs": [{"message": "x"}], "queue": "default"}, {"/queue"}),
        ([{"message": "x"}], {""}),
        ({"jobs": [{"message": "x"}, {"message": ""}, {"message": 5}]}, {"/jobs/1/message", "/jobs/2/message"}),
        ({"jobs": [{"message": "x"}, [], None, "x"]}, {"/jobs/1", "/jobs/2", "/jobs/3"}),
        ({"jobs": [{"task": "post_mail", "payload": {"to": "a@b.de"}}]}, {"/jobs/0/payload/title"}),
        ({"jobs": [{"message": "x", "delay_s": -1}]}, {"/jobs/0/delay_s"}),
        ({"jobs": [{"task": "nobody", "payload": {}}]}, {"/jobs/0/task"}),
        ({"jobs": [{"message": "x"}, MAIL]}, {"/jobs/1/task"}),
        ({"jobs": [MAIL, {"message": "x"}, MAIL]}, {"/jobs/1"}),
    ],
    ids=lambda value: repr(sorted(value) if isinstance(value, set) else value)[:50],
)
def test_one_bad_job_refuses_all_and_is_pointed_at(client: Client, body: Any, pointers: set[str]) -> None:
    problem = client.post(BATCH, body).problem(400, "validation")

    assert {error["pointer"] for error in problem["errors"]} == pointers
    assert client.get("/v1/jobs").json == []


def test_a_batch_has_a_bound_of_bytes_of_its_own(client: Client) -> None:
    text = "x" * 60_000
    taken = _batch(client, *[{"message": text}] * 100)
    refused = client.send("POST", BATCH, b'{"jobs": []}'.ljust(8_388_609), JSON)

    assert taken.status == 201
    refused.problem(413, "too-large")


def test_other_media_types_and_repeated_names_are_refused_as_for_one_job(client: Client) -> None:
    client.send("POST", BATCH, '{"jobs": [{"message": "x"}]}').problem(415, "unsupported-media-type")
    client.send("POST", BATCH, '{"jobs": [{"message": "x", "message": "y"}]}', JSON).problem(400, "malformed-json")


def test_batch_is_no_job(client: Client) -> None:
    answer = client.send("PUT", BATCH)

    answer.problem(405, "method-not-allowed")


def test_what_doesnt_fit_into_the_queue_any_more_is_503_as_a_whole(
    embedded_server: EmbeddedServer, redis_url: str, tmp_path: Path
) -> None:
    with running_api(redis_url, tmp_path / "web.log", {"MAX_QUEUED": "3"}) as client:
        assert _batch(client, {"message": "1"}, {"message": "2", "delay_s": 60}).status == 201
        refused = _batch(client, {"message": "3"}, {"message": "4"})
        never = _batch(client, *({"message": str(n)} for n in range(4)))
        assert client.post_job({"message": "3"}).status == 201
        full = client.post_job({"message": "4"})
        [job] = client.get("/v1/jobs?status=queued&limit=1").json
        client.post(f"/v1/jobs/{job['id']}/cancel")
        again = client.post_job({"message": "4"})

    refused.problem(503, "too-many-waiting")
    # Whoever sends it again as Retry-After says would do so for ever.
    [error] = never.problem(400, "validation")["errors"]
    assert error["pointer"] == "/jobs"
    assert "These are 4 jobs, and MAX_QUEUED lets 3 of a queue wait" in error["detail"]
    assert never.headers["Retry-After"] is None
    full.problem(503, "too-many-waiting")
    assert int(full.headers["Retry-After"]) >= 1
    assert again.status == 201


def test_the_oldest_make_room_where_the_service_is_set_up_so(
    embedded_server: EmbeddedServer, redis_url: str, tmp_path: Path
) -> None:
    settings = {"MAX_QUEUED": "3", "WHEN_FULL": "drop_oldest"}
    with running_api(redis_url, tmp_path / "web.log", settings) as client:
        for n in range(3):
            assert client.post_job({"message": f"{n}"}).status == 201
        jobs = _batch(client, {"message": "3"}, {"message": "4"}).json
        shown = [client.get(f"/v1/jobs/{job['id']}").json for job in jobs]
        [oldest] = client.get("/v1/jobs?status=expired&created_before=" + jobs[0]["created_at"]).json[1:]
        why = client.get(f"/v1/jobs/{oldest['id']}/why").json
        _batch(client, *({"message": f"{n}"} for n in range(4))).problem(400, "validation")

    assert shown == jobs
    assert (oldest["payload"], oldest["reason"]) == ({"message": "0"}, "overflow")
    assert "MAX_QUEUED" in why["causes"][0]["message"]


def test_bytes_are_bounded_too(embedded_server: EmbeddedServer, redis_url: str, tmp_path: Path) -> None:
    with running_api(redis_url, tmp_path / "web.log", {"MAX_QUEUED_BYTES": "3000"}) as client:
        assert client.post_job({"message": "x" * 2000}).status == 201
        full = client.post_job({"message": "y" * 2000})
        never = client.post_job({"message": "z" * 3000})
        never_together = _batch(client, *({"message": "z" * 900} for _ in range(4)))
        assert client.post_job({"message": "small"}).status == 201
        waiting = client.get("/v1/queues/default").json["waiting_bytes"]
        shown = client.get("/metrics").body.decode()

    full.problem(503, "too-many-waiting")
    for answer, pointer, its, what_to_do in (
        (never, "", "The message of this job has ", "make it smaller."),
        (never_together, "/jobs", "The messages of these 4 jobs have ", "send fewer at once, or smaller ones."),
    ):
        [error] = answer.problem(400, "validation")["errors"]
        assert (error["pointer"], error["detail"].startswith(its)) == (pointer, True)
        assert error["detail"].endswith(f" bytes, and MAX_QUEUED_BYTES lets 3000 of a queue wait: {what_to_do}")
    assert 2000 < waiting <= 3000
    assert f'lastin_queue_waiting_bytes{{queue="default"}} {float(waiting)}' in shown


def test_a_full_queue_takes_what_supersedes_one_of_its_jobs(
    embedded_server: EmbeddedServer, redis_url: str, tmp_path: Path
) -> None:
    with running_api(redis_url, tmp_path / "web.log", {"MAX_QUEUED": "2"}) as client:
        old = client.post_job({"message": "old", "subject": "a"}).json
        assert client.post_job({"message": "other"}).status == 201
        new = client.post_job({"message": "new", "subject": "a"})
        batch = _batch(client, {"message": "1", "subject": "a"}, {"message": "2", "subject": "a"})
        found = client.get(f"/v1/jobs/{old['id']}").json
        client.post_job({"message": "more", "subject": "b"}).problem(503, "too-many-waiting")

    assert (new.status, batch.status, found["superseded_by"]) == (201, 201, new.json["id"])


def test_a_batch_with_more_tags_than_one_call_bears_is_refused_as_a_whole(client: Client) -> None:
    tags = [f"tag-{n}" for n in range(16)]
    [error] = _batch(client, *({"message": "x", "tags": tags} for _ in range(251))).problem(400, "validation")["errors"]

    assert error == {"pointer": "/jobs", "detail": "They have more than 4000 tags together: send two batches."}
    assert client.get("/v1/jobs").json == []


def test_a_batch_that_calls_its_jobs_otherwise_is_told_their_name(client: Client) -> None:
    errors = client.post("/v1/jobs/batch", {"job": [{"message": "x"}]}).problem(400, "validation")["errors"]

    assert {"pointer": "/job", "detail": "Unknown field. Did you mean jobs?"} in errors
