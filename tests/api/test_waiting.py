"""Prefer: wait=N: answers that wait for a job's end."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from api.wire.waiting import preferred_wait_s
from local.embedded import EmbeddedServer
from middleware.commands.types import Settlement
from middleware.queues.policy import Policy
from tasks import broker
from tests.service import wait_until

from .client import Answer, Client
from .conftest import StartApi, running_api

LEASE_US = 60_000_000


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as threads:
        yield threads


def _claim() -> tuple[str, int]:
    """The newest job of the default queue, as soon as there is one."""
    scripts = broker.redis.queue("default")
    broker.windows.put_policy("default", Policy(mode="continuous", close_when_empty=False))
    [(id, attempt, _)] = wait_until(lambda: scripts.claim("w", LEASE_US, 1).jobs, "a job to claim")
    return id, attempt


def _settle(token: tuple[str, int], outcome: str = "processed", result: bytes = b"") -> None:
    broker.redis.queue("default").settle([Settlement(*token, outcome, result=result)], "w", LEASE_US, 0)


def test_a_submission_waits_for_the_end_and_shows_the_result(client: Client, pool: ThreadPoolExecutor) -> None:
    submitting = pool.submit(client.post_job, {"message": "x"}, Prefer="wait=20")
    token = _claim()
    assert not submitting.done()

    _settle(token, result=b'{"words": 1}')

    answer = submitting.result(10)
    assert (answer.status, answer.headers["Preference-Applied"]) == (201, "wait=20")
    assert (answer.json["status"], answer.json["result"]) == ("processed", {"words": 1})
    shown = client.get(answer.headers["Location"])
    assert (shown.json, shown.headers["ETag"]) == (answer.json, answer.headers["ETag"])


@pytest.mark.parametrize("outcome", ["processed", "rejected", "cancelled"])
def test_a_look_at_a_job_waits_for_whichever_end(client: Client, pool: ThreadPoolExecutor, outcome: str) -> None:
    path = client.post_job({"message": "x"}).headers["Location"]
    token = _claim()
    looking = pool.submit(client.get, path, Prefer="wait=20")

    _settle(token, outcome)

    answer = looking.result(10)
    assert (answer.status, answer.headers["Preference-Applied"]) == (200, "wait=20")
    assert answer.json["status"] == outcome


def test_a_retry_is_no_end(client: Client, pool: ThreadPoolExecutor) -> None:
    path = client.post_job({"message": "x"}).headers["Location"]
    looking = pool.submit(client.get, path, Prefer="wait=20")
    _settle(_claim(), "retry")
    token = _claim()
    assert not looking.done()

    _settle(token)

    answer: Answer = looking.result(10)
    assert (answer.json["status"], answer.json["attempts"]) == ("processed", 2)


def test_when_the_time_is_up_the_job_is_shown_as_it_is(client: Client) -> None:
    submitted = client.post_job({"message": "x"}, Prefer="wait=1")
    shown = client.get(submitted.headers["Location"], Prefer="wait=1")

    for answer in (submitted, shown):
        assert answer.headers["Preference-Applied"] == "wait=1"
        assert answer.json["status"] == "queued"


def test_what_has_ended_already_is_shown_at_once(client: Client) -> None:
    path = client.post_job({"message": "x"}).headers["Location"]
    client.post(f"{path}/cancel")

    answer = client.get(path, Prefer="wait=99")

    assert (answer.json["status"], answer.headers["Preference-Applied"]) == ("cancelled", "wait=25")


def test_a_client_that_knows_the_job_hears_when_it_changes(client: Client, pool: ThreadPoolExecutor) -> None:
    submitted = client.post_job({"message": "x"})
    known = {"If-None-Match": submitted.headers["ETag"]}
    path = submitted.headers["Location"]

    unchanged = client.get(path, Prefer="wait=1", **known)
    looking = pool.submit(client.get, path, Prefer="wait=20", **known)
    _settle(_claim())

    assert (unchanged.status, unchanged.headers["Preference-Applied"]) == (304, "wait=1")
    assert looking.result(10).status == 200


def test_a_replay_waits_too(client: Client, pool: ThreadPoolExecutor) -> None:
    client.post_job({"message": "x"}, **{"Idempotency-Key": "k"})
    again = pool.submit(client.post_job, {"message": "x"}, **{"Idempotency-Key": "k", "Prefer": "wait=20"})

    _settle(_claim())

    assert (again.result(10).headers["Idempotency-Replayed"], again.result().json["status"]) == ("true", "processed")


def test_waits_hold_half_of_the_threads_and_who_comes_beyond_is_answered_at_once(
    embedded_server: EmbeddedServer, redis_url: str, tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    with running_api(redis_url, tmp_path / "web.log", {"WEB_THREADS": "4"}) as client:
        waits: list[Future[Answer]] = [
            pool.submit(client.post_job, {"message": "x"}, Prefer="wait=20") for _ in range(6)
        ]
        wait_until(lambda: sum(wait.done() for wait in waits) == 4, "four answers that don't wait")
        for _ in range(5):
            assert client.get("/v1/jobs").status == 200
        assert sum(wait.done() for wait in waits) == 4
        for _ in range(6):
            _settle(_claim())
        answers = [wait.result(10) for wait in waits]

    applied = [answer.headers["Preference-Applied"] for answer in answers]
    assert sorted(map(str, applied)) == ["None"] * 4 + ["wait=20"] * 2
    assert {answer.status for answer in answers} == {201}


def test_a_single_thread_never_waits(embedded_server: EmbeddedServer, redis_url: str, tmp_path: Path) -> None:
    with running_api(redis_url, tmp_path / "web.log", {"WEB_THREADS": "1"}) as client:
        answer = client.post_job({"message": "x"}, Prefer="wait=20")

    assert (answer.status, answer.headers["Preference-Applied"]) == (201, None)


def test_a_submission_is_shown_as_accepted_although_redis_goes_away_while_it_waits(
    start_api: StartApi, own_server: EmbeddedServer, pool: ThreadPoolExecutor
) -> None:
    client = start_api(own_server.url)
    submitting = pool.submit(client.post_job, {"message": "x"}, Prefer="wait=2")
    with own_server.client() as redis:
        wait_until(lambda: redis.exists("lastin:{default}:records"), "the job to be accepted")
    own_server.kill()

    answer = submitting.result(10)

    assert (answer.status, answer.json["status"]) == (201, "queued")


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=7", 7),
        ("Wait = 7", 7),
        ('wait="7"', 7),
        ("respond-async, wait=7;x=1", 7),
        ("return=minimal,wait=7,wait=9", 7),
        ("wait=26", 25),
        ("wait=999999999", 25),
        ("wait=0", 0),
        ("wait=-1", 0),
        ("wait=1.5", 0),
        ("wait=x", 0),
        ("wait", 0),
        ("await=7", 0),
        ("", 0),
    ],
)
def test_a_preference_is_read_as_the_standard_says_and_ignored_when_it_cant_be(prefer: str, seconds: int) -> None:
    assert preferred_wait_s(prefer) == seconds
