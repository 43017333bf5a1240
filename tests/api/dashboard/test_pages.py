"""Pages of the dashboard: what each says, whole or in the part that lives."""

from __future__ import annotations

import re

import pytest

from middleware.queues.policy import Policy
from tasks import broker

from ...service import wait_until
from ..client import Answer, Client
from .browser import claimed, load, poll, rejected, submitted, words_of

PAGES = ("", "/jobs", "/queues", "/queues/default", "/windows", "/tasks", "/tasks/process_message", "/workers")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_kept_in_no_cache_and_loads_nothing_from_elsewhere(client: Client, path: str) -> None:
    submitted(1)

    answer = client.get(f"/dashboard{path}")

    page = answer.body.decode()
    loaded = re.findall(r'(?:src|href|action|hx-get|data-source|data-href)="([^"]+)"', page)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert "script-src 'self';" in answer.headers["Content-Security-Policy"]
    assert [address for address in loaded if not address.startswith(("/", "#"))] == []
    assert not re.search(r"<style|style=|<script(?! src=)|\son\w+=", page)
    for asset in {address for address in loaded if address.startswith("/dashboard/static/")}:
        assert client.get(asset.replace("&amp;", "&")).status == 200


@pytest.mark.parametrize("path", PAGES)
def test_whoever_polls_gets_the_part_that_lives_and_304_while_it_is_the_same(client: Client, path: str) -> None:
    submitted(1)

    def polled() -> list[Answer] | None:
        """Three polls while the page was the same: rates, and what is read once a second, may change between them."""
        first = poll(client, f"/dashboard{path}")
        tag = first.headers["HX-PTag"]
        again = poll(client, f"/dashboard{path}", tag)
        by_etag = client.get(f"/dashboard{path}", **{"HX-Request": "true", "If-None-Match": f'"{tag}"'})
        last = poll(client, f"/dashboard{path}")
        return [first, again, by_etag] if last.body == first.body else None

    first, again, by_etag = wait_until(polled, "the page to stay the same for a moment")

    assert (first.status, b"<html" in first.body) == (200, False)
    assert (again.status, again.body, again.headers["HX-PTag"]) == (304, b"", first.headers["HX-PTag"])
    assert by_etag.status == 304


def test_an_empty_system_tells_a_newcomer_what_to_do(client: Client) -> None:
    said = words_of(load(client, "/dashboard"))

    assert "No job has come yet" in said
    assert f"curl -s http://127.0.0.1:{client.port}/v1/jobs -H" in said
    assert "No worker is alive" in said
    assert "No job has come yet" in words_of(load(client, "/dashboard/jobs"))


def test_the_overview_tells_what_waits_and_what_the_next_window_takes(client: Client) -> None:
    broker.windows.put_policy("default", Policy(batch=3, timetable="every 2s", period_us=2_000_000))
    submitted(5)

    said = words_of(load(client, "/dashboard?queue=default"))

    assert "5 jobs wait. The next window takes 3, the newest first." in said
    assert "The cut at" in said
    assert re.search(r"under [\d.]+ m?s 3 jobs, taken next", said)


def test_a_band_of_the_stack_leads_to_its_jobs(client: Client) -> None:
    submitted(2)
    page = load(client, "/dashboard?queue=default")

    [band] = re.findall(r'<li class="band"><a href="(/dashboard/jobs[^"]+)">', page)
    assert words_of(load(client, band.replace("&amp;", "&"))).count("process_message hello") == 2


def test_there_is_no_such_queue(client: Client) -> None:
    submitted(1)

    assert "There is no queue of this name." in words_of(load(client, "/dashboard?queue=nothing", 404))
    assert "There is no queue of this name" in words_of(load(client, "/dashboard/queues/nothing", 404))


@pytest.mark.parametrize(
    "path", ["/nothing", "/jobs/nothing", "/windows/default.1", "/tasks/nothing", "/actions/x", "/guide/x"]
)
def test_what_is_not_there_is_told_on_a_page(client: Client, path: str) -> None:
    said = words_of(load(client, f"/dashboard{path}", 404))

    assert "There is nothing here" in said
    assert "Traceback" not in said


def test_the_history_is_told_in_columns_of_an_hour(client: Client) -> None:
    submitted(3)

    answer = client.get("/dashboard/history")

    assert {name: len(column) for name, column in answer.json.items()} == dict.fromkeys(
        ("at", "accepted", "processed", "rejected", "waiting", "oldest_s"), 360
    )
    assert client.get("/dashboard/history", **{"If-None-Match": answer.headers["ETag"]}).status in {200, 304}
    assert client.get("/dashboard/history?queue=nothing").status == 404


def test_what_is_wrong_comes_first_and_says_what_to_do(client: Client) -> None:
    submitted(1)
    broker.control.pause("default", by="Kim", reason="The provider is down.")
    page = load(client, "/dashboard")

    said = words_of(page)
    assert "Broken No scheduler is alive, so no window opens." in said
    assert "Note Queue default was paused by Kim: The provider is down." in said
    assert said.index("Broken") < said.index("Note") < said.index("Wait to start")
    guide = words_of(load(client, "/dashboard/guide/LastInSchedulerGone"))
    assert "Scheduler gone" in guide
    assert "Means. " in guide


def test_a_window_tells_what_it_let_through(client: Client) -> None:
    broker.windows.put_policy("default", Policy(batch=3, close_when_empty=False))
    submitted(2)
    window = broker.windows.open("default", opened_by="operator", by="Kim")
    broker.redis.queue("default").claim("w:1:0", 60_000_000, 2)

    said = words_of(load(client, f"/dashboard/windows/{window.id}"))
    assert "by Kim for queue default" in said
    assert "Claimed 2 Running 2" in said
    assert said.count("process_message hello") == 2
    assert f"{window.id} open" in words_of(load(client, "/dashboard/windows"))


def test_windows_are_paged(client: Client) -> None:
    broker.windows.put_policy("default", Policy(batch=1, close_when_empty=False))
    for _ in range(52):
        broker.windows.open("default", opened_by="operator")

    page = load(client, "/dashboard/windows?queue=default")
    [older] = re.findall(r'href="([^"]+)" rel="next"', page)
    assert "default.2 " in words_of(load(client, older.replace("&amp;", "&")))
    assert "names no page" in words_of(load(client, "/dashboard/windows?cursor=x", 400))


def test_the_jobs_of_a_worker_that_is_not_heard_of_are_told(client: Client) -> None:
    submitted(2)
    claimed(2)

    said = words_of(load(client, "/dashboard/workers"))
    assert "w:1:0 not heard of any more 2 jobs that it claimed aren't settled." in said


def test_tasks_tell_how_they_fail(client: Client) -> None:
    rejected(3)

    assert "process_message Count the characters" in words_of(load(client, "/dashboard/tasks"))
    said = words_of(load(client, "/dashboard/tasks/process_message"))
    assert "ValueError 3 <b>no picture</b>" in said
    assert "Failures, 15 min 100 %" in said
