"""``/healthz/consumption``: an alarm when jobs may be claimed, threads are idle, and nothing happens."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

import tasks
from api import create_app
from api.health import FOLDERS
from api.wire import caching
from middleware.diagnosis import consumption
from middleware.processes.cadence_status import CadenceStatus
from middleware.processes.registry import Registration
from middleware.queues.policy import Policy
from middleware.redis_link.link import Link
from middleware.settings import Settings
from tasks.process_message import process_message

from ..service import wait_until

LEASE_US = 60_000_000


@pytest.fixture
def client(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """The application, which takes it as stuck what didn't move for a fifth of a second."""
    assert redis_url
    monkeypatch.setattr(consumption, "PATIENCE_S", 0.2)
    monkeypatch.setattr(caching, "FRESH_S", 0.0)
    return create_app(Settings()).test_client()


@pytest.fixture
def link(redis_url: str) -> Iterator[Link]:
    link = Link(redis_url, timeout_s=5)
    yield link
    link.close()


def worker(link: Link, *, threads: int = 2) -> Registration:
    """A worker that is there, and does nothing."""
    registration = Registration("idle", "worker", lease_us=LEASE_US, queues=lambda: ["default"], threads=threads)
    registration.renew(link)
    return registration


def open_window() -> None:
    tasks.broker.windows.put_policy("default", Policy(close_when_empty=False))
    tasks.broker.windows.open("default", opened_by="operator", lasts_us=60_000_000)


def is_stuck(client: FlaskClient) -> bool:
    return client.get("/healthz/consumption").status_code == 503


def test_an_idle_service_is_well(client: FlaskClient, link: Link) -> None:
    worker(link)

    answer = client.get("/healthz/consumption")

    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_jobs_that_nobody_claims_in_an_open_window_are_shown_with_the_reason(client: FlaskClient, link: Link) -> None:
    worker(link)
    open_window()
    process_message.send("hello")

    wait_until(lambda: is_stuck(client), "the alarm")

    answer = client.get("/healthz/consumption")
    assert answer.json["type"] == "/problems/not-consuming"
    assert answer.content_type == "application/problem+json"
    assert "Queue default: window default.1 is open, 1 jobs wait and 2 threads are idle" in answer.json["detail"]

    [claim] = [tasks.broker.redis.queue("default").claim("idle", LEASE_US, 1)]
    assert len(claim.jobs) == 1
    assert not is_stuck(client)


@pytest.mark.parametrize("why", ["no worker", "all threads busy", "no window", "paused"])
def test_there_is_no_alarm_where_nothing_should_be_claimed(client: FlaskClient, link: Link, why: str) -> None:
    if why != "no worker":
        worker(link, threads=0 if why == "all threads busy" else 2)
    if why != "no window":
        open_window()
    if why == "paused":
        tasks.broker.control.pause("default", by="operator", reason="maintenance")
    process_message.send("hello")
    wait_until(lambda: tasks.broker.control.snapshots()[0].oldest_age_us > 400_000, "the job to have waited")

    assert not is_stuck(client)


def test_a_cadence_file_that_cant_be_read_is_shown(client: FlaskClient, link: Link) -> None:
    scheduler = Registration("clock", "scheduler", lease_us=LEASE_US, queues=lambda: ["default"])
    scheduler.cadence_status = CadenceStatus("digest", 1_700_000_000_000_000)
    scheduler.renew(link)
    assert not is_stuck(client)

    error = "/home/somebody/conf/cadence.toml: unknown key evry"
    scheduler.cadence_status = CadenceStatus("digest", 1_700_000_000_000_000, error, 1_700_000_060_000_000)
    scheduler.renew(link)

    assert client.get("/healthz/consumption").json["detail"].endswith(": cadence.toml: unknown key evry")
    metrics = client.get("/metrics").get_data(as_text=True)
    assert "lastin_cadence_in_force 0.0" in metrics


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("scheduler/cadence.toml: can't be read", "cadence.toml: can't be read"),
        (r"C:\conf\cadence.toml: can't be read", "cadence.toml: can't be read"),
        ("at /srv/a-b/c.d/cadence.toml and ~/x/y", "at cadence.toml and y"),
        ("queues.default.cron holds '*/10 10-50/20 * * *'", "queues.default.cron holds '*/10 10-50/20 * * *'"),
    ],
)
def test_no_folders_are_shown(told: str, shown: str) -> None:
    assert FOLDERS.sub("", told) == shown


def test_however_many_ask_redis_is_asked_once_a_second(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "FRESH_S", 3600.0)
    asked: list[int] = []
    monkeypatch.setattr(importlib.import_module("api.health"), "reasons", caching.Cached(lambda: asked.append(1) or []))

    assert {client.get("/healthz/consumption").status_code for _ in range(20)} == {200}
    assert len(asked) == 1


def test_a_worker_whose_threads_all_hang_is_named_with_its_jobs(client: FlaskClient, link: Link) -> None:
    hung = Registration(
        "hangs", "worker", lease_us=LEASE_US, queues=lambda: ["default"], threads=1, hung_jobs=lambda: ["job-1"]
    )
    hung.renew(link)

    answer = client.get("/healthz/consumption")

    assert (answer.status_code, "Worker hangs" in answer.text, "job-1" in answer.text) == (503, True, True)
