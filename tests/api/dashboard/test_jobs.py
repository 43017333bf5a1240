"""The list of jobs: filters, counts, pages, and what can be done to many."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from tests.service import wait_until

from ..client import Answer, Client
from .browser import claimed, load, poll, rejected, send, settled, submitted, words_of


def led_to(answer: Answer) -> str:
    """Where a form leads."""
    assert answer.status == 303, answer.body.decode()
    return str(answer.headers["Location"])


def statuses(client: Client) -> list[str]:
    return sorted(job["status"] for job in client.get("/v1/jobs?limit=500").json)


def test_jobs_are_listed_newest_first_with_counts_that_agree_with_the_filter(client: Client) -> None:
    rejected(2)
    submitted(3)
    client.post_job({"task": "post_mail", "payload": {"to": "a@example.org", "title": "<i>x</i>"}})

    said = words_of(load(client, "/dashboard/jobs"))
    assert "all 6" in said
    assert "queued 4" in said
    assert "to: a@example.org, title: <i>x</i>" in said
    assert "<i>x</i>" not in load(client, "/dashboard/jobs")
    of_mail = words_of(load(client, "/dashboard/jobs?task=post_mail&status=queued"))
    assert "all 1" in of_mail
    assert "rejected 0" in of_mail
    assert "hello" not in of_mail


def test_words_that_are_typed_become_filters_in_the_address(client: Client) -> None:
    [id] = submitted(1)

    address = led_to(client.get("/dashboard/jobs?status=queued&filter=task:process_message+queue:default"))
    assert address == "/dashboard/jobs?status=queued&task=process_message&queue=default"
    assert "task process_message" in words_of(load(client, address))
    assert led_to(client.get(f"/dashboard/jobs?filter={id}")) == f"/dashboard/jobs/{id}"
    old = led_to(client.get("/dashboard/jobs?filter=age:%3E10m"))
    assert re.fullmatch(r"/dashboard/jobs\?before=\d{4}-[^&]+", old)
    assert "No jobs accepted before" in words_of(load(client, old))


def test_jobs_are_found_by_their_tags(client: Client) -> None:
    client.post_job({"message": "of seven", "tags": ["customer-7"]})
    client.post_job({"message": "of eight", "tags": ["customer-8"]})

    page = load(client, led_to(client.get("/dashboard/jobs?filter=tag:customer-7")))
    assert "tag customer-7" in words_of(page)
    assert ("of seven" in page, "of eight" in page) == (True, False)
    assert 'href="/dashboard/jobs?tag=customer-7"' in load(client, "/dashboard/jobs")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("colour:red", "colour: can't be filtered by."),
        ("age:old", "age:old can't be read."),
        ("status:lost", "There is no state lost"),
        ("window:7", "7 isn't the id of a window"),
        ("nothing", "There is no job nothing."),
    ],
)
def test_words_that_are_no_filter_are_told(client: Client, typed: str, said: str) -> None:
    submitted(1)

    assert said in words_of(load(client, f"/dashboard/jobs?filter={typed}", 400))


def test_the_list_is_paged_by_cursors_and_keeps_its_filter(client: Client) -> None:
    submitted(51, "first")

    page = load(client, "/dashboard/jobs?task=process_message")
    [older] = re.findall(r'href="([^"]+)" rel="next"', page)
    last = load(client, older.replace("&amp;", "&"))
    assert last.count("data-job") == 1
    assert 'href="/dashboard/jobs?task=process_message">Newest' in last
    assert "hx-get" not in last
    assert "names no page" in words_of(load(client, "/dashboard/jobs?cursor=x", 400))


def test_marked_jobs_are_cancelled_after_a_question_and_the_filter_stays(client: Client) -> None:
    first, second, _ = submitted(3)
    fields = [("task", "process_message"), ("id", first), ("id", second), ("action", "cancel")]

    asked = send(client, "/dashboard/jobs/confirm", fields)
    assert "Cancel 2 jobs?" in words_of(asked.body.decode())
    assert statuses(client) == ["queued"] * 3
    address = led_to(send(client, "/dashboard/jobs/act", [*fields, ("reason", "withdrawn")]))
    assert address == "/dashboard/jobs?task=process_message&done=cancel.2"
    assert "2 jobs were cancelled." in words_of(load(client, address))
    assert statuses(client) == ["cancelled", "cancelled", "queued"]
    assert client.get(f"/v1/jobs/{first}").json["reason"] == "withdrawn"


def test_marked_jobs_keep_their_order_when_they_are_retried(client: Client) -> None:
    first, second = rejected(2)

    shown = [("id", second), ("id", first)]  # newest first, as in the list
    led_to(send(client, "/dashboard/jobs/act", [*shown, ("action", "retry")]))

    assert [id for id, _ in claimed(2)] == [second, first]


def test_all_that_match_are_changed_in_the_background(client: Client) -> None:
    rejected(5)
    running = submitted(2)
    claimed(1)

    asked = send(client, "/dashboard/jobs/confirm", {"all": "1", "action": "cancel"})
    assert "Cancel all 2 jobs that match?" in words_of(asked.body.decode())
    address = led_to(send(client, "/dashboard/jobs/act", {"all": "1", "action": "cancel"}))

    wait_until(lambda: "Done" in words_of(load(client, address)), "the action to be over")
    said = words_of(load(client, address))
    assert "2 jobs were cancelled, 1 of them run and were asked to stop" in said
    assert client.get(f"/v1/jobs/{running[1]}").json["cancel_requested"]
    assert "All jobs." in said
    assert poll(client, address).status == 200


def test_all_that_match_and_failed_are_put_back(client: Client) -> None:
    rejected(5)
    sent = {"all": "1", "action": "retry", "status": "rejected", "queue": "default"}

    address = led_to(send(client, "/dashboard/jobs/act", sent))

    wait_until(lambda: "5 jobs were put back" in words_of(load(client, address)))
    assert statuses(client) == ["queued"] * 5
    assert 'href="/dashboard/jobs?status=rejected&amp;queue=default"' in load(client, address)


def test_nothing_is_asked_where_nothing_is_marked(client: Client) -> None:
    assert (
        led_to(send(client, "/dashboard/jobs/confirm", {"action": "cancel", "task": "x"})) == "/dashboard/jobs?task=x"
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"action": "burn", "id": "x"}, "Expected cancel or retry."),
        ({"action": "cancel", "status": "lost", "id": "x"}, "There is no state lost"),
        ([("action", "cancel"), *[("id", str(n)) for n in range(501)]], "At most 500 jobs can be marked"),
    ],
)
def test_a_form_that_no_page_sends_is_refused(client: Client, fields: dict[str, str], said: str) -> None:
    for path in ("confirm", "act"):
        answer = send(client, f"/dashboard/jobs/{path}", fields)
        assert (answer.status, said in words_of(answer.body.decode())) == (400, True)


def test_pages_of_other_sites_change_nothing(client: Client) -> None:
    [id] = submitted(1)

    for sent in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "", "Origin": "https://elsewhere.example.com"}):
        assert send(client, f"/dashboard/jobs/{id}/cancel", {}, **sent).status == 403
        assert send(client, "/dashboard/queues/default/pause", {"reason": "x"}, **sent).status == 403
    assert statuses(client) == ["queued"]
    assert client.get("/v1/queues/default").json["pause"] is None


def test_a_job_is_shown_whole(client: Client) -> None:
    [id] = rejected(1)

    page = load(client, f"/dashboard/jobs/{id}")
    said = words_of(page)
    assert "rejected" in said
    assert "ValueError: <b>no picture</b>" in said
    assert "<b>no picture</b>" not in page
    assert '"message": "hello"' in said
    assert f"curl -s http://127.0.0.1:{client.port}/v1/jobs" in said
    assert "attempt 1" in said
    assert urlsplit(led_to(send(client, f"/dashboard/jobs/{id}/retry"))).query == "done=queued"
    assert "It is back on top of the stack." in words_of(load(client, f"/dashboard/jobs/{id}?done=queued"))


def test_a_long_payload_is_shown_to_its_end(client: Client) -> None:
    [id] = submitted(1, "x" * 60_000 + "END")

    assert "END" in load(client, f"/dashboard/jobs/{id}")
    assert "END" not in load(client, "/dashboard/jobs")


def test_a_job_that_waits_tells_why_and_can_be_called_off(client: Client) -> None:
    [id] = submitted(1)

    said = words_of(load(client, f"/dashboard/jobs/{id}"))
    assert "Why it isn't done yet" in said
    assert "No worker that takes jobs of queue default is alive." in said
    assert led_to(send(client, f"/dashboard/jobs/{id}/cancel", {"reason": "no need"})).endswith("?done=cancelled")
    assert client.get(f"/v1/jobs/{id}").json["reason"] == "no need"
    assert "It had ended already" not in words_of(load(client, f"/dashboard/jobs/{id}?done=nonsense"))
    assert led_to(send(client, f"/dashboard/jobs/{id}/cancel")).endswith("?done=already")


def test_a_job_that_ended_is_not_polled(client: Client) -> None:
    [id] = submitted(1)
    settled(claimed(1), "processed", result=b'{"words": 1}')

    page = load(client, f"/dashboard/jobs/{id}")
    assert "hx-get" not in page
    assert '"words": 1' in words_of(page)
    assert "done yet" not in page


def test_forms_for_jobs_that_are_gone_lead_to_404(client: Client) -> None:
    for what in ("cancel", "retry"):
        assert send(client, f"/dashboard/jobs/nothing/{what}").status == 404
