"""What operators do to queues and windows on the dashboard."""

from __future__ import annotations

from dataclasses import replace

import pytest

from middleware.queues.policy import Policy
from middleware.queues.recurring import Definition
from tasks import broker

from ..client import Client
from .browser import load, send, submitted, words_of

EVERY_2S = Policy(batch=1000, lasts_us=2_000_000, period_us=2_000_000, timetable="every 2s", oldest_share_ppm=100_000)


def test_a_queue_is_paused_with_a_reason_and_resumed(client: Client) -> None:
    submitted(1)

    paused = send(client, "/dashboard/queues/default/pause", {"reason": " The provider is down. "})
    assert (paused.status, paused.headers["Location"]) == (303, "/dashboard/queues/default?done=paused")
    said = words_of(load(client, paused.headers["Location"]))
    assert "The queue is paused" in said
    assert "Paused by anonymous" in said
    assert "The provider is down." in said
    again = send(client, "/dashboard/queues/default/pause", {"reason": "other"})
    assert again.headers["Location"].endswith("done=already")

    send(client, "/dashboard/queues/default/resume", {"reason": "it is back"})
    assert client.get("/v1/queues/default").json["pause"] is None
    assert "anonymous resumed it" in words_of(load(client, "/dashboard/queues/default"))


def test_a_pause_needs_a_reason(client: Client) -> None:
    submitted(1)

    answer = send(client, "/dashboard/queues/default/pause", {"reason": "  "})
    assert (answer.status, "Say why" in words_of(answer.body.decode())) == (400, True)
    assert send(client, "/dashboard/queues/default/pause", {"reason": "x" * 501}).status == 400


def test_a_queue_says_its_cadence_in_plain_language(client: Client) -> None:
    submitted(1)
    broker.windows.put_policy("default", EVERY_2S)

    said = words_of(load(client, "/dashboard/queues/default"))
    assert "Every 2 s up to 1,000 jobs, newest first, one in ten for the oldest." in said
    assert "Every 2 s up to 1,000 jobs" in words_of(load(client, "/dashboard/queues"))


def test_a_queue_that_goes_by_generation_says_so(client: Client) -> None:
    submitted(1)
    broker.windows.put_policy("default", replace(EVERY_2S, order_by="generated"))

    said = words_of(load(client, "/dashboard/queues/default"))
    assert "Every 2 s up to 1,000 jobs, last generated first, one in ten for the oldest." in said
    assert "Order now last generated first" in said
    assert "up to 1,000 jobs, last generated first" in words_of(load(client, "/dashboard/queues"))


def test_a_window_is_opened_and_closed(client: Client) -> None:
    submitted(1)
    broker.windows.put_policy("default", Policy(batch=7, close_when_empty=False))

    opened = send(client, "/dashboard/queues/default/open", {"credits": "3", "lasts_s": "60"})
    assert opened.headers["Location"] == "/dashboard/queues/default?done=opened"
    [window] = client.get("/v1/windows").json
    assert (window["credits"], window["status"], window["opened_by"]) == (3, "open", "operator")
    assert "Close it now" in words_of(load(client, f"/dashboard/windows/{window['id']}"))
    send(client, f"/dashboard/windows/{window['id']}/close")
    assert "anonymous closed it." in words_of(load(client, f"/dashboard/windows/{window['id']}"))
    assert send(client, "/dashboard/windows/default.99/close").status == 404


@pytest.mark.parametrize(
    "fields", [{"credits": "-1"}, {"credits": "many"}, {"lasts_s": "0"}, {"lasts_s": "nan"}, {"credits": "1e99"}]
)
def test_a_window_is_not_opened_with_numbers_that_are_none(client: Client, fields: dict[str, str]) -> None:
    submitted(1)
    broker.windows.put_policy("default", Policy())

    assert send(client, "/dashboard/queues/default/open", fields).status == 400
    assert client.get("/v1/windows").json == []


def test_a_continuous_queue_gets_no_window(client: Client) -> None:
    submitted(1)
    broker.windows.put_policy("default", Policy(mode="continuous"))

    answer = send(client, "/dashboard/queues/default/open")
    assert (answer.status, "is continuous" in words_of(answer.body.decode())) == (409, True)
    assert "Open a window" not in words_of(load(client, "/dashboard/queues/default"))


def test_there_is_nothing_to_do_to_a_queue_that_is_none(client: Client) -> None:
    for what in ("pause", "resume", "open"):
        assert send(client, f"/dashboard/queues/nothing/{what}", {"reason": "x"}).status == 404


def test_recurring_jobs_are_shown_paused_and_resumed(client: Client) -> None:
    nightly = Definition(
        name="nightly",
        queue="default",
        task="process_message",
        payload={"message": "Good night"},
        timetable="cron 0 2 * * * (UTC)",
        missed="skip",
        skip_if_waiting=True,
        next_ticks_ms=(4_000_000_000_000,),
    )
    broker.recurring.put("default", [nightly])

    said = words_of(load(client, "/dashboard/queues"))
    assert "Recurring jobs" in said
    assert "nightly process_message in default cron 0 2 * * * (UTC)" in said
    assert send(client, "/dashboard/recurring/nightly/pause", {"reason": ""}).status == 400
    send(client, "/dashboard/recurring/nightly/pause", {"reason": "a feast"})
    assert "nightly paused by anonymous" in words_of(load(client, "/dashboard/queues"))
    send(client, "/dashboard/recurring/nightly/resume")
    assert client.get("/v1/recurring/nightly").json["pause"] is None
    assert send(client, "/dashboard/recurring/nothing/resume").status == 404
