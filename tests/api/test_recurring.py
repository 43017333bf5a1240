"""GET /v1/recurring, GET /v1/recurring/{name}, POST /v1/recurring/{name}/pause and …/resume."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from middleware.commands.types import Offer, Tick
from middleware.queues.recurring import Definition
from tasks import broker

from .client import Client
from .issuer import Issuer

KEYS = {
    *("name", "task", "queue", "payload", "timetable", "missed", "skip_if_waiting", "pause", "next_ticks"),
    *("last_tick_at", "last_job", "ticks"),
}
NIGHTLY = Definition(
    name="nightly",
    queue="default",
    task="process_message",
    payload={"message": "Good night"},
    timetable="cron 0 2 * * * (Europe/Berlin)",
    missed="submit",
    skip_if_waiting=True,
    next_ticks_ms=(4_102_444_800_000, 4_102_531_200_000),
)


@pytest.fixture(autouse=True)
def recurring(redis_url: str) -> None:
    """Two recurring jobs in two queues."""
    broker.recurring.put("default", [NIGHTLY])
    broker.recurring.put("mail", [replace(NIGHTLY, name="digest", queue="mail", task="post_mail")])


def _submit(at_ms: int) -> str:
    message = broker.get_actor("process_message").message_with_options(kwargs={"message": "x"})
    offer = Offer(message.message_id, message.actor_name, message.encode())
    broker.redis.queue("default").accept_tick(offer, Tick("nightly", at_ms))
    return message.message_id


def test_recurring_jobs_are_listed_by_name_and_shown(client: Client) -> None:
    listed = client.get("/v1/recurring")
    assert listed.status == 200
    assert [job["name"] for job in listed.json] == ["digest", "nightly"]
    assert all(set(job) == KEYS for job in listed.json)

    shown = client.get("/v1/recurring/nightly")
    assert (shown.status, shown.json) == (200, listed.json[1])
    assert shown.json["payload"] == {"message": "Good night"}
    assert shown.json["next_ticks"] == ["2100-01-01T00:00:00.000000Z", "2100-01-02T00:00:00.000000Z"]
    assert shown.json["ticks"] == {"submitted": 0, "skipped_paused": 0, "skipped_waiting": 0, "missed": 0}
    assert (shown.json["last_job"], shown.json["last_tick_at"], shown.json["pause"]) == (None, None, None)


def test_the_last_job_is_shown(client: Client) -> None:
    id = _submit(1_000)

    shown: Any = client.get("/v1/recurring/nightly").json

    assert shown["last_job"] == {"id": id, "status": "queued", "tick_at": "1970-01-01T00:00:01.000000Z"}
    assert shown["ticks"]["submitted"] == 1


def test_one_is_paused_and_goes_on(client: Client) -> None:
    paused = client.post("/v1/recurring/nightly/pause", {"reason": "Repairs."})
    again = client.post("/v1/recurring/nightly/pause", {"reason": "Another."})
    assert (paused.status, paused.json["pause"]["reason"], paused.json["pause"]["by"]) == (200, "Repairs.", "anonymous")
    assert again.json["pause"] == paused.json["pause"]
    assert client.get("/v1/recurring/digest").json["pause"] is None
    _submit(1_000)
    assert client.get("/v1/recurring/nightly").json["ticks"]["skipped_paused"] == 1

    for _ in range(2):
        resumed = client.post("/v1/recurring/nightly/resume")
        assert (resumed.status, resumed.json["pause"]) == (200, None)
        assert set(resumed.json) == KEYS


@pytest.mark.parametrize("body", [{}, {"reason": " "}, {"reason": 7}, {"reason": "x" * 501}], ids=str)
def test_a_pause_without_a_proper_reason_is_refused(client: Client, body: Any) -> None:
    document = client.post("/v1/recurring/nightly/pause", body).problem(400, "validation")
    assert [error["pointer"] for error in document["errors"]] == ["/reason"]
    assert client.get("/v1/recurring/nightly").json["pause"] is None


@pytest.mark.parametrize("name", ["weekly", "x" * 300, "%00", "a%20b"])
def test_one_that_no_cadence_has_is_404(client: Client, name: str) -> None:
    client.get(f"/v1/recurring/{name}").problem(404, "not-found")
    client.post(f"/v1/recurring/{name}/pause", {"reason": "x"}).problem(404, "not-found")
    client.post(f"/v1/recurring/{name}/resume").problem(404, "not-found")


def test_unknown_parameters_are_refused(client: Client) -> None:
    client.get("/v1/recurring?all=1").problem(400, "validation")


def test_pausing_needs_the_scope_of_operators_and_keeps_who_it_was(closed: FlaskClient, issuer: Issuer) -> None:
    for action in ("pause", "resume"):
        refused = closed.post(
            f"/v1/recurring/nightly/{action}", json={"reason": "x"}, headers=issuer.bearer(scope="jobs:write jobs:read")
        )
        assert refused.status_code == 403
    paused = closed.post("/v1/recurring/nightly/pause", json={"reason": "x"}, headers=issuer.bearer(sub="Ann"))
    assert (paused.status_code, paused.json["pause"]["by"]) == (200, "Ann")  # type: ignore[index]


def test_metrics_tell_of_them(client: Client) -> None:
    _submit(1_000)
    broker.recurring.pause("nightly", by="Ann", reason="x")
    _submit(2_000)
    broker.recurring.count_missed("mail", "digest", 3)

    text = client.get("/metrics").body.decode()

    assert 'lastin_recurring_submitted_total{queue="default",recurring="nightly"} 1.0' in text
    assert 'lastin_recurring_skipped_total{queue="default",reason="paused",recurring="nightly"} 1.0' in text
    assert 'lastin_recurring_missed_total{queue="mail",recurring="digest"} 3.0' in text
    assert 'lastin_recurring_paused{queue="default",recurring="nightly"} 1.0' in text
