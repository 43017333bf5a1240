"""GET /v1/jobs and GET /v1/jobs/{id}."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tasks.process_message import process_message

from .client import Answer, Client


def _ids(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.body
    return [job["id"] for job in answer.json]


def _next(answer: Answer) -> str | None:
    link = answer.headers["Link"]
    if link is None:
        return None
    found = re.fullmatch(r'<(/v1/jobs\?[^>]+)>; rel="next"', link)
    assert found, link
    return found[1]


def test_no_jobs_are_an_empty_list(client: Client) -> None:
    answer = client.get("/v1/jobs")

    assert (answer.status, answer.json) == (200, [])
    assert answer.headers["Link"] is None


def test_jobs_are_listed_newest_first_over_all_queues(client: Client) -> None:
    mail = {"task": "send_mail", "payload": {"to": "a@example.org", "title": "x"}}
    submitted = [client.post_job(body).json["id"] for body in ({"message": "1"}, mail, {"message": "3"}, mail)]

    assert _ids(client.get("/v1/jobs")) == submitted[::-1]


def test_pages_show_each_job_once_although_others_arrive(client: Client) -> None:
    submitted = [client.post_job({"message": str(i)}).json["id"] for i in range(10)]

    seen: list[str] = []
    path: str | None = "/v1/jobs?limit=3"
    while path is not None:
        page = client.get(path)
        seen += _ids(page)
        path = _next(page)
        client.post_job({"message": "meanwhile"})

    assert seen == submitted[::-1]


@pytest.mark.parametrize("cursor", ["0.default", "9999999999999999.default", "1.a.b-c_d"])
def test_every_cursor_that_is_one_is_taken(client: Client, cursor: str) -> None:
    client.post_job({"message": "x"})

    assert client.get(f"/v1/jobs?cursor={cursor}").status == 200


def test_the_next_link_keeps_the_filters(client: Client) -> None:
    for i in range(4):
        client.post_job({"message": str(i), "delay_s": 60 if i % 2 else 0})

    first = client.get("/v1/jobs?status=scheduled&queue=default&limit=1")
    path = _next(first)
    assert path is not None
    second = client.get(path)

    assert [job["payload"]["message"] for job in first.json + second.json] == ["3", "1"]


def test_jobs_can_be_filtered_by_status(client: Client) -> None:
    now = client.post_job({"message": "now"}).json["id"]
    later = client.post_job({"message": "later", "delay_s": 60}).json["id"]

    assert _ids(client.get("/v1/jobs?status=queued")) == [now]
    assert _ids(client.get("/v1/jobs?status=scheduled")) == [later]
    assert _ids(client.get("/v1/jobs?status=processed")) == []


def test_jobs_can_be_filtered_by_queue(client: Client) -> None:
    client.post_job({"message": "x"})
    mail = client.post_job({"task": "send_mail", "payload": {"to": "a@example.org", "title": "x"}}).json["id"]

    assert _ids(client.get("/v1/jobs?queue=mail")) == [mail]


def test_a_page_holds_fifty_jobs_unless_told_otherwise(client: Client) -> None:
    for i in range(51):
        client.post_job({"message": str(i)})

    assert len(_ids(client.get("/v1/jobs"))) == 50
    assert len(_ids(client.get("/v1/jobs?limit=500"))) == 51


@pytest.mark.parametrize("job_id", ["01890a5d-ac96-774b-bcce-b302099a8057", "x" * 65, "%00", "%F0%9F%98%80", "..%2f"])
def test_an_id_that_isnt_there_or_cant_be_is_404(client: Client, job_id: str) -> None:
    client.get(f"/v1/jobs/{job_id}").problem(404, "not-found")


@pytest.mark.parametrize("message", ["\ud800", 2**64, float("inf"), None])
def test_what_a_python_program_sent_is_shown_although_the_api_wouldnt_take_it(client: Client, message: Any) -> None:
    sent = process_message.send(message)

    shown = client.get(f"/v1/jobs/{sent.message_id}")
    listed = client.get("/v1/jobs")

    assert shown.status == listed.status == 200
    assert shown.json == listed.json[0]
    assert list(shown.json["payload"]) == ["message"]


def test_head_answers_as_get_without_a_body(client: Client) -> None:
    answer = client.send("HEAD", "/v1/jobs")

    assert (answer.status, answer.body) == (200, b"")
