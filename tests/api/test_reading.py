"""GET /v1/jobs and GET /v1/jobs/{id}."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest

from middleware.queues.policy import Policy
from tasks import broker
from tasks.process_message import process_message

from .client import Answer, Client

ID = re.compile(rb'"id":"([^"]+)"')


def _ids(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.body
    return [job["id"] for job in answer.json]


def test_no_jobs_are_an_empty_list(client: Client) -> None:
    answer = client.get("/v1/jobs")

    assert (answer.status, answer.json) == (200, [])
    assert answer.headers["Link"] is None


def test_jobs_are_listed_newest_first_over_all_queues(client: Client) -> None:
    mail = {"task": "post_mail", "payload": {"to": "a@example.org", "title": "x"}}
    submitted = [client.post_job(body).json["id"] for body in ({"message": "1"}, mail, {"message": "3"}, mail)]

    assert _ids(client.get("/v1/jobs")) == submitted[::-1]


def test_pages_show_each_job_once_although_others_arrive(client: Client) -> None:
    submitted = [client.post_job({"message": str(i)}).json["id"] for i in range(10)]

    seen: list[str] = []
    path: str | None = "/v1/jobs?limit=3"
    while path is not None:
        page = client.get(path)
        seen += _ids(page)
        path = page.next
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
    path = first.next
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
    mail = client.post_job({"task": "post_mail", "payload": {"to": "a@example.org", "title": "x"}}).json["id"]

    assert _ids(client.get("/v1/jobs?queue=mail")) == [mail]


def test_jobs_can_be_filtered_by_task(client: Client) -> None:
    client.post_job({"message": "x"})
    measured = client.post_job({"task": "measure", "payload": {}}).json["id"]

    assert _ids(client.get("/v1/jobs?task=measure")) == [measured]
    assert _ids(client.get("/v1/jobs?task=measure&status=running")) == []
    assert _ids(client.get("/v1/jobs?task=nobody")) == []


def test_jobs_can_be_filtered_by_the_window_that_let_them_through(client: Client) -> None:
    for n in range(3):
        client.post_job({"message": str(n)})
    scripts = broker.redis.queue("default")
    broker.windows.put_policy("default", Policy(mode="windows", batch=2, close_when_empty=False))
    for _ in range(2):
        scripts.open_window("operator", None, 1, 0)
        scripts.claim("w", 15_000_000, 1)

    assert [job["payload"]["message"] for job in client.get("/v1/jobs?window=default.1").json] == ["2"]
    assert [job["payload"]["message"] for job in client.get("/v1/jobs?window=default.2").json] == ["1"]
    assert _ids(client.get("/v1/jobs?window=default.3")) == []
    assert _ids(client.get("/v1/jobs?window=mail.1")) == []
    assert _ids(client.get("/v1/jobs?window=default.1&queue=mail")) == []


def test_jobs_can_be_filtered_by_when_they_were_accepted(client: Client) -> None:
    first, second, third = (client.post_job({"message": str(n)}).json for n in range(3))

    def found(**query: str) -> list[str]:
        return _ids(client.get(f"/v1/jobs?{urlencode(query)}"))

    assert found(created_after=first["created_at"]) == [third["id"], second["id"]]
    assert found(created_before=third["created_at"]) == [second["id"], first["id"]]
    assert found(created_after=first["created_at"], created_before=third["created_at"]) == [second["id"]]
    assert found(created_after=third["created_at"]) == []
    assert found(created_before="1969-12-31T23:59:59+00:00") == []
    assert found(created_before="9999-12-31T23:59:59Z", limit="1") == [third["id"]]


def test_all_filters_hold_together_and_stay_in_the_next_link(client: Client) -> None:
    jobs = [
        client.post_job({"task": "measure", "payload": {"count": n}, "delay_s": 60 * (n % 2)}).json for n in range(9)
    ]
    client.post_job({"message": "x"})
    query = {
        "task": "measure",
        "status": "scheduled",
        "queue": "default",
        "created_after": jobs[1]["created_at"].replace("Z", "+00:00"),
        "limit": "1",
    }

    seen: list[int] = []
    path: str | None = f"/v1/jobs?{urlencode(query)}"
    while path is not None:
        page = client.get(path)
        seen += [job["payload"]["count"] for job in page.json]
        path = page.next

    assert seen == [7, 5, 3]


def test_a_walk_through_100_000_jobs_sees_each_once_while_thousands_are_pushed(client: Client) -> None:
    submitted = {job_id for _ in range(100) for job_id in _push(1000)}
    walked = threading.Event()
    pushed: list[str] = []

    def keep_pushing() -> None:
        while not walked.is_set():
            pushed.extend(_push(100))
            walked.wait(0.02)

    seen: list[str] = []
    with ThreadPoolExecutor() as pool:
        pushing = pool.submit(keep_pushing)
        path: str | None = "/v1/jobs?limit=500"
        while path is not None:
            page = client.get(path)
            assert page.status == 200
            seen += ID.findall(page.body)
            path = page.next
        walked.set()
        pushing.result()

    assert len(pushed) >= 1000
    assert len(seen) == len(set(seen))
    assert submitted <= set(seen) <= submitted.union(pushed)


def _push(count: int) -> list[bytes]:
    jobs = broker.accept([process_message.message(message="x") for _ in range(count)])
    return [job.id.encode() for job in jobs]


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


def test_jobs_can_be_found_by_their_tags(client: Client) -> None:
    def submit(*tags: str) -> str:
        return str(client.post_job({"message": "x", "tags": list(tags)}).json["id"])

    red, both, blue, spaced = submit("red"), submit("red", "blue"), submit("blue"), submit("Kunde Ä&7")

    assert _ids(client.get("/v1/jobs?tag=red")) == [both, red]
    assert _ids(client.get("/v1/jobs?tag=red,blue")) == _ids(client.get("/v1/jobs?tag=red&tag=blue"))
    assert _ids(client.get("/v1/jobs?tag=red&tag=blue")) == [blue, both, red]
    assert _ids(client.get("/v1/jobs?" + urlencode({"tag": "Kunde Ä&7"}))) == [spaced]
    assert _ids(client.get("/v1/jobs?tag=nobody")) == []


def test_several_values_of_a_filter_are_any_of_them_and_the_next_link_keeps_them(client: Client) -> None:
    for n in range(3):
        client.post_job({"message": str(n), "tags": ["a,b"[:1]]})
        client.post_job({"message": str(n), "delay_s": 60})
        client.post_job({"task": "measure", "payload": {}})
        client.post_job({"task": "post_mail", "payload": {"to": "a@example.org", "title": "x"}})

    path: str | None = "/v1/jobs?status=scheduled,queued&task=process_message&task=post_mail&queue=mail,default&limit=2"
    seen = []
    while path is not None:
        page = client.get(path)
        seen += page.json
        path = page.next

    assert [(job["task"], job["status"]) for job in seen] == [
        *(("post_mail", "queued"), ("process_message", "scheduled"), ("process_message", "queued"))
    ] * 3


def test_a_parameter_that_nobody_knows_comes_with_the_one_that_was_meant(client: Client) -> None:
    for query, detail in (
        ("stauts=queued", "Unknown parameter. Did you mean status?"),
        ("tags=red", "Unknown parameter. Did you mean tag?"),
        ("createdAfter=x", "Unknown parameter. Did you mean created_after?"),
        ("colour=red", "Unknown parameter. There are: created_after, created_before, cursor, limit, queue, status, "),
    ):
        problem = client.get(f"/v1/jobs?{query}").problem(400, "validation")
        assert problem["errors"][0]["detail"].startswith(detail)
    problem = client.get("/v1/jobs?status=runing").problem(400, "validation")
    assert problem["errors"][0]["detail"].startswith("Must be one of: scheduled, queued, running, processed")
