"""The form that is made from a task's schema."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from local.embedded import EmbeddedServer

from ..client import Client
from ..conftest import running_api
from .browser import load, send, words_of


def test_a_form_submits_a_job_and_leads_to_it(client: Client) -> None:
    sent = {"payload.to": "a@example.org", "payload.title": " spaces stay ", "tags": "one, two", "delay_s": "60"} | {
        "expires_in_s": "90",
        "subject": "ada",
        "group": "readers",
    }

    answer = send(client, "/dashboard/tasks/post_mail", sent)

    assert answer.status == 303, answer.body.decode()
    [job] = client.get("/v1/jobs").json
    assert answer.headers["Location"] == f"/dashboard/jobs/{job['id']}?done=submitted"
    assert job["payload"] == {"to": "a@example.org", "title": " spaces stay "}
    assert (job["tags"], job["status"], job["queue"]) == (["one", "two"], "scheduled", "mail")
    assert (job["subject"], job["group"], job["expires_at"] > job["due_at"]) == ("ada", "readers", True)
    assert job["request_id"] == answer.headers["X-Request-Id"]


def test_a_form_sends_each_type_as_the_schema_has_it(client: Client) -> None:
    sent = {
        "payload.count": "3",
        "payload.ratio": "2.5",
        "payload.urgent": "true",
        "payload.sizes": "[1, 2]",
        "payload.address": '{"street": "Elm"}',
    }

    assert send(client, "/dashboard/tasks/measure", sent).status == 303
    [job] = client.get("/v1/jobs").json
    assert job["payload"] == {"count": 3, "ratio": 2.5, "urgent": True, "sizes": [1, 2], "address": {"street": "Elm"}}


def test_what_is_left_empty_is_left_out(client: Client) -> None:
    assert send(client, "/dashboard/tasks/measure", {"payload.ratio": "", "payload.urgent": ""}).status == 303
    assert client.get("/v1/jobs").json[0]["payload"] == {"count": 7}


@pytest.mark.parametrize(
    ("task", "fields", "said"),
    [
        ("post_mail", {"payload.to": "nobody", "payload.title": "x"}, "Not a valid email address."),
        ("post_mail", {"payload.to": "a@example.org"}, "Missing data for required field."),
        ("measure", {"payload.count": "many"}, "Not a valid integer."),
        ("measure", {"payload.sizes": "[1,"}, "Expected JSON"),
        ("measure", {"payload.address": '{"road": "Elm"}'}, "road: Unknown field."),
        ("process_message", {"payload.message": "hi", "delay_s": "soon"}, "Expected a number of seconds."),
        ("process_message", {"payload.message": "hi", "tags": "x" * 65}, "Length must be between 1 and 64."),
        ("process_message", {"payload.message": "hi", "subject": "x" * 1001}, "Length must be between 1 and 256."),
        ("process_message", {"payload.message": "hi", "delay_s": "9" * 400}, "Special numeric values"),
    ],
)
def test_what_does_not_fit_is_told_beside_its_field_and_kept(
    client: Client, task: str, fields: dict[str, str], said: str
) -> None:
    answer = send(client, f"/dashboard/tasks/{task}", fields)

    page = answer.body.decode()
    assert answer.status == 400
    assert "Nothing was submitted" in page
    assert said in words_of(page)
    assert next(iter(fields.values())).replace('"', "&#34;") in page
    assert client.get("/v1/jobs").json == []


def test_what_the_queue_has_no_room_for_is_kept_too(
    embedded_server: EmbeddedServer, redis_url: str, tmp_path: Path
) -> None:
    form = {"payload.message": "kept <whole>", "tags": "one, two", "expires_in_s": "90", "supersede_running": "true"}
    with running_api(redis_url, tmp_path / "web.log", {"MAX_QUEUED": "1", "MAX_QUEUED_BYTES": "3000"}) as client:
        client.submit("first")
        full = send(client, "/dashboard/tasks/process_message", form)
        never = send(client, "/dashboard/tasks/process_message", {**form, "payload.message": "x" * 4000})

    assert (full.status, never.status) == (503, 400)
    for page, said, message in ((full, "MAX_QUEUED", "kept &lt;whole&gt;"), (never, "MAX_QUEUED_BYTES", "x" * 4000)):
        text = page.body.decode()
        assert re.search(rf"Nothing was submitted: [^<]*{said}", text)
        assert message in text
        assert 'value="one, two"' in text
        assert 'value="90"' in text
        assert "<option selected>true" in text


def test_a_form_shows_what_each_field_may_hold(client: Client) -> None:
    said = words_of(load(client, "/dashboard/tasks/process_message"))

    assert "message required" in said
    assert "The text to process. Text, up to 65,536 characters" in said


def test_a_task_says_what_it_declares_for_all_of_its_jobs(client: Client) -> None:
    said = words_of(load(client, "/dashboard/tasks/show_price"))

    assert "A job that no worker has claimed 10 s after its acceptance expires." in said
    assert "Its subject is its customer : a newer job of the subject takes the turn of those that wait." in said
    assert "Jobs of the subject that run are asked to stop." in said
    assert "Newer jobs may defer a subject for 30 s; then the one that waits keeps its turn." in said
    assert "Its group is its customer :" in said
    assert "declares for all" not in words_of(load(client, "/dashboard/tasks/weigh"))


def test_a_task_that_is_not_declared_gets_no_job(client: Client) -> None:
    assert send(client, "/dashboard/tasks/nothing", {}).status == 404


def test_only_forms_are_read(client: Client) -> None:
    answer = client.post("/dashboard/tasks/post_mail", {"payload": {}})

    assert answer.status == 415
    assert send(client, "/dashboard/tasks/post_mail", [(str(n), "") for n in range(2001)]).status == 400
