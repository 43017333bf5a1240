"""POST /v1/jobs: what is taken, and how it is told what isn't."""

from __future__ import annotations

import json
import re
import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from .client import JOB_OPTIONS, Client

JOB_KEYS = frozenset(
    "id seq place status task queue payload tags subject group attempts max_attempts created_at generated_at due_at "  # noqa: SIM905
    "expires_at queued_at started_at finished_at wait_ms run_ms window worker progress cancel_requested result "
    "result_error error reason warning superseded_by request_id traceparent".split()
)
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_a_message_becomes_a_queued_job_of_the_default_task(client: Client) -> None:
    answer = client.post_job({"message": "Hello, world"})

    assert answer.status == 201
    assert answer.headers["Content-Type"] == "application/json"
    job = answer.json
    assert set(job) == JOB_KEYS
    assert (job["task"], job["queue"], job["status"]) == ("process_message", "default", "queued")
    assert job["payload"] == {"message": "Hello, world"}
    assert job["place"] == job["seq"]
    assert UUID7.fullmatch(job["id"])


def test_location_leads_to_the_same_job(client: Client) -> None:
    answer = client.post_job({"message": "Hello"})

    shown = client.get(answer.headers["Location"])

    assert answer.headers["Location"] == f"/v1/jobs/{answer.json['id']}"
    assert shown.status == 200
    assert shown.json == answer.json


def test_a_task_and_its_payload_become_a_job_on_that_tasks_queue(client: Client) -> None:
    answer = client.post_job({"task": "post_mail", "payload": {"to": "a@example.org", "title": "Hi"}})

    assert answer.status == 201
    assert answer.json["queue"] == "mail"
    assert answer.json["payload"] == {"to": "a@example.org", "title": "Hi"}


def test_the_default_task_can_be_named_too(client: Client) -> None:
    answer = client.post_job({"task": "process_message", "payload": {"message": "Hi"}})

    assert answer.status == 201
    assert answer.json["payload"] == {"message": "Hi"}


def test_defaults_of_a_payload_are_filled_in(client: Client) -> None:
    answer = client.post_job({"task": "measure", "payload": {}})

    assert answer.json["payload"] == {"count": 7}


def test_a_whole_number_with_a_point_is_an_integer(client: Client) -> None:
    answer = client.post_job({"task": "measure", "payload": {"count": 3.0}})

    assert answer.json["payload"] == {"count": 3}


@pytest.mark.parametrize("message", ["x" * 65_536, "\U0001f600" * 65_536, "\u0000", "\u0085", " \n x", "é\u2028"])
def test_every_text_within_the_bounds_is_kept_as_it_is(client: Client, message: str) -> None:
    answer = client.post_job({"message": message})

    assert answer.status == 201, answer.body[:300]
    assert client.get(answer.headers["Location"]).json["payload"] == {"message": message}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": ""},
        {"message": " \t\n\u3000\ufeff"},
        {"message": None},
        {"message": 7},
        {"message": True},
        {"message": ["a"]},
        {"message": {"a": "b"}},
        {"message": "x" * 65_537},
        {"message": "a", "task": "process_message"},
        {"message": "a", "payload": {"message": "a"}},
    ],
    ids=lambda body: repr(body)[:40],
)
def test_a_bad_message_is_refused_by_its_name(client: Client, body: Any) -> None:
    problem = client.post_job(body).problem(400, "validation")

    assert {error["pointer"] for error in problem["errors"]} == {"/message"}
    assert problem["detail"].startswith("/message: ")
    assert client.get("/v1/jobs").json == []


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"task": "nobody", "payload": {}}, {"/task"}),
        ({"task": 7, "payload": {}}, {"/task"}),
        ({"task": ["post_mail"], "payload": {}}, {"/task"}),
        ({"task": None, "payload": {}}, {"/task"}),
        ({"payload": {}}, {"/task"}),
        ({"task": "post_mail"}, {"/payload"}),
        ({"task": "post_mail", "payload": None}, {"/payload"}),
        ({"task": "post_mail", "payload": []}, {"/payload"}),
        (
            {"task": "post_mail", "payload": {"to": "x", "extra/~": 1}},
            {"/payload/to", "/payload/title", "/payload/extra~1~0"},
        ),
        ({"task": "measure", "payload": {"sizes": [1, "2"]}}, {"/payload/sizes/1"}),
        ({"task": "measure", "payload": {"sizes": {}}}, {"/payload/sizes"}),
        ({"task": "measure", "payload": {"address": {}}}, {"/payload/address/street"}),
        ({"task": "measure", "payload": {"ratio": "1.5"}}, {"/payload/ratio"}),
        ({"message": "a", "delay_s": -1}, {"/delay_s"}),
        ({"message": "a", "delay_s": "1"}, {"/delay_s"}),
        ({"message": "a", "delay_s": True}, {"/delay_s"}),
        ({"message": "a", "delay_s": 1e18}, {"/delay_s"}),
        ({"message": "a", "delay_s": None}, {"/delay_s"}),
        ({"message": "a", "delay_s": 1, "run_at": "2030-01-01T00:00:00Z"}, {"/run_at"}),
        ({"message": "a", "expires_in_s": 0}, {"/expires_in_s"}),
        ({"message": "a", "subject": ""}, {"/subject"}),
        ({"message": "a", "subject": 7}, {"/subject"}),
        ({"message": "a", "subject": "x" * 257}, {"/subject"}),
        ({"message": "a", "subject": "x", "supersede_running": "yes"}, {"/supersede_running"}),
        ({"message": "a", "subject": "x", "max_defer_s": 0}, {"/max_defer_s"}),
        ({"message": "a", "expires_in_s": "1"}, {"/expires_in_s"}),
        ({"message": "a", "expires_in_s": 1e18}, {"/expires_in_s"}),
        ({"message": "a", "expires_at": "soon"}, {"/expires_at"}),
        ({"message": "a", "expires_in_s": 1, "expires_at": "2030-01-01T00:00:00Z"}, {"/expires_at"}),
        ({"message": "a", "run_at": "2030-01-01T00:00:00"}, {"/run_at"}),
        ({"message": "a", "run_at": "2030-02-30T00:00:00Z"}, {"/run_at"}),
        ({"message": "a", "run_at": "9999-12-31T23:59:60Z"}, {"/run_at"}),
        ({"message": "a", "run_at": 1893456000}, {"/run_at"}),
        ({"message": "a", "tags": "customer"}, {"/tags"}),
        ({"message": "a", "tags": ["x", ""]}, {"/tags/1"}),
        ({"message": "a", "tags": ["x" * 65]}, {"/tags/0"}),
        ({"message": "a", "tags": ["x"] * 17}, {"/tags"}),
        ({"message": "a", "priority": 5}, {"/priority"}),
        ([], {""}),
        ("hi", {""}),
        (None, {""}),
    ],
    ids=lambda value: repr(sorted(value) if isinstance(value, set) else value)[:60],
)
def test_whatever_else_is_wrong_is_pointed_at(client: Client, body: Any, pointers: set[str]) -> None:
    problem = client.post_job(json.dumps(body)).problem(400, "validation")

    assert {error["pointer"] for error in problem["errors"]} == pointers


def test_an_unknown_task_is_shown_which_ones_there_are(client: Client) -> None:
    problem = client.post_job({"task": "post_male", "payload": {}}).problem(400, "validation")

    assert "post_mail" in problem["detail"]


def test_a_delay_makes_a_job_due_so_much_later(client: Client) -> None:
    job = client.post_job({"message": "later", "delay_s": 90.5}).json

    wait = datetime.fromisoformat(job["due_at"]) - datetime.fromisoformat(job["created_at"])
    assert job["status"] == "scheduled"
    assert job["place"] is None
    assert abs(wait - timedelta(seconds=90.5)) < timedelta(milliseconds=5)


@pytest.mark.parametrize(
    ("run_at", "due_at"),
    [
        ("2100-01-31T12:00:00Z", "2100-01-31T12:00:00.000000Z"),
        ("2100-01-31t12:00:00.1234567z", "2100-01-31T12:00:00.123456Z"),
        ("2100-01-31T12:00:00+05:30", "2100-01-31T06:30:00.000000Z"),
        ("2099-12-31T23:59:60Z", "2100-01-01T00:00:00.000000Z"),
        ("4019-03-22T13:34:38Z", "4019-03-22T13:34:38.000000Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999968Z"),
    ],
)
def test_run_at_makes_a_job_due_then(client: Client, run_at: str, due_at: str) -> None:
    answer = client.post_job({"message": "then", "run_at": run_at})

    assert (answer.json["status"], answer.json["due_at"]) == ("scheduled", due_at)
    assert client.get(answer.headers["Location"]).json == answer.json


@pytest.mark.parametrize(
    "body", [{"delay_s": 0}, {"run_at": "2001-01-01T00:00:00Z"}, {"run_at": "0001-01-01T00:00:00Z"}]
)
def test_no_delay_or_a_time_that_has_passed_queues_at_once(client: Client, body: dict[str, Any]) -> None:
    answer = client.post_job({"message": "now", **body})

    assert answer.json["status"] == "queued"
    assert client.get(answer.headers["Location"]).json["status"] == "queued"


def test_tags_and_trace_context_are_kept_on_the_job(client: Client) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    answer = client.post_job({"message": "x", "tags": ["a", "b"]}, **{"X-Request-Id": "req-1", "traceparent": trace})

    job = client.get(answer.headers["Location"]).json
    assert answer.headers["X-Request-Id"] == "req-1"
    assert (job["tags"], job["request_id"], job["traceparent"]) == (["a", "b"], "req-1", trace)


@pytest.mark.parametrize("sent", ["", "has space", "x" * 129, "ümlaut"])
def test_a_request_id_that_cant_be_taken_is_replaced(client: Client, sent: str) -> None:
    answer = client.post_job({"message": "x"}, **{"X-Request-Id": sent})

    assert UUID7.fullmatch(answer.headers["X-Request-Id"])
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    "sent",
    [
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "nonsense",
    ],
)
def test_a_trace_context_that_isnt_one_is_ignored(client: Client, sent: str) -> None:
    answer = client.post_job({"message": "x"}, traceparent=sent)

    assert answer.status == 201
    assert answer.json["traceparent"] is None


def test_created_at_is_now(client: Client) -> None:
    created = datetime.fromisoformat(client.post_job({"message": "x"}).json["created_at"])

    assert abs(created.timestamp() - time.time()) < 5


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({"mesage": "x"}, "/mesage", "Unknown field. Did you mean message?"),
        ({"message": "x", "delay": 5}, "/delay", "Unknown field. Did you mean delay_s?"),
        ({"message": "x", "runAt": 5}, "/runAt", "Unknown field. Did you mean run_at?"),
        (
            {"message": "x", "colour": 5},
            "/colour",
            f"Unknown field. There are: {', '.join(sorted({'message', *JOB_OPTIONS}))}.",
        ),
        ({"task": "post_male", "payload": {}}, "/task", "There is no such task. Did you mean post_mail?"),
        ({"task": "fly", "payload": {}}, "/task", "There is no such task. There are: measure, post_mail, "),
        ({"task": "weigh", "payload": {"gram": 1}}, "/payload/gram", "Unknown field. Did you mean grams?"),
        ({"message": "x", "tags": ["a,b"]}, "/tags/0", "Not a tag: it holds a comma."),
    ],
)
def test_what_isnt_known_comes_with_what_was_meant_or_what_there_is(
    client: Client, body: Any, pointer: str, detail: str
) -> None:
    errors = client.post_job(body).problem(400, "validation")["errors"]

    assert [error["detail"][: len(detail)] for error in errors if error["pointer"] == pointer] == [detail]


def test_a_body_with_very_many_unknown_names_is_refused_as_fast_as_before(client: Client) -> None:
    begin = time.perf_counter()
    problem = client.post_job({f"message{n}" * 4: n for n in range(5000)}).problem(400, "validation")

    assert time.perf_counter() - begin < 10
    assert len(problem["errors"]) == 50
