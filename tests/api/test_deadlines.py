"""Deadlines over HTTP: given, shown, passed, explained, and cleared by an operator's retry."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tasks import broker

from ..service import wait_until
from .client import Client


def _lasts(job: dict[str, Any], since: dict[str, Any] | None = None) -> timedelta:
    accepted_at = (since or job)["created_at"]
    return datetime.fromisoformat(job["expires_at"]) - datetime.fromisoformat(accepted_at)


def expired(client: Client, id: str) -> dict[str, Any]:
    """The job, once its deadline has passed and somebody looked after the queue."""

    def found() -> dict[str, Any] | None:
        broker.redis.queue("default").promote()
        job = client.get(f"/v1/jobs/{id}").json
        return job if job["status"] == "expired" else None

    job = wait_until(found, f"job {id} to expire")
    assert job is not None
    return job


def test_a_job_is_good_for_so_many_seconds_from_its_acceptance_on(client: Client) -> None:
    answer = client.post_job({"message": "x", "expires_in_s": 90.5})

    assert _lasts(answer.json) == timedelta(seconds=90.5)
    assert client.get(answer.headers["Location"]).json == answer.json
    assert client.post_job({"message": "x"}).json["expires_at"] is None


def test_a_deadline_is_a_moment_too(client: Client) -> None:
    answer = client.post_job({"message": "x", "expires_at": "2100-01-31T12:00:00+05:30", "delay_s": 60})

    assert (answer.json["status"], answer.json["expires_at"]) == ("scheduled", "2100-01-31T06:30:00.000000Z")
    assert client.get(answer.headers["Location"]).json == answer.json


def test_jobs_of_a_batch_have_deadlines_of_their_own(client: Client) -> None:
    sent = [{"message": "a"}, {"message": "b", "expires_in_s": 5, "tags": ["t"]}, {"message": "c", "tags": ["t"]}]

    jobs = client.post("/v1/jobs/batch", {"jobs": sent}).json

    assert [job["expires_at"] and _lasts(job, since=jobs[0]).seconds for job in jobs] == [None, 5, None]
    assert [client.get(f"/v1/jobs/{job['id']}").json for job in jobs] == jobs


def test_both_fields_in_one_job_of_a_batch_are_pointed_at(client: Client) -> None:
    sent = [{"message": "a"}, {"message": "b", "expires_in_s": 5, "expires_at": "2100-01-31T12:00:00Z"}]

    problem = client.post("/v1/jobs/batch", {"jobs": sent}).problem(400, "validation")

    assert {error["pointer"] for error in problem["errors"]} == {"/jobs/1/expires_at"}


def test_a_job_that_nobody_claimed_in_time_is_listed_explained_and_run_again_if_wanted(client: Client) -> None:
    id = client.post_job({"message": "x", "expires_in_s": 0.05}).json["id"]

    job = expired(client, id)

    assert (job["reason"], job["started_at"], job["place"] is None) == ("deadline", None, False)
    assert [one["id"] for one in client.get("/v1/jobs?status=expired").json] == [id]
    why = client.get(f"/v1/jobs/{id}/why").json
    assert (why["causes"][0]["code"], why["causes"][0]["data"]["expires_at"]) == ("expired", job["expires_at"])
    assert client.get("/v1/queues/default").json["counts"]["expired"] == 1
    retried = client.post(f"/v1/jobs/{id}/retry", None).json
    assert (retried["status"], retried["expires_at"], retried["reason"]) == ("queued", None, None)


def test_a_job_whose_deadline_has_passed_already_expires_at_once(client: Client) -> None:
    id = client.post_job({"message": "x", "expires_at": "2001-01-31T12:00:00Z"}).json["id"]

    assert expired(client, id)["expires_at"] == "2001-01-31T12:00:00.000000Z"


def test_a_deadline_before_the_epoch_has_passed_and_one_in_the_last_year_has_not(client: Client) -> None:
    past = client.post_job({"message": "x", "expires_at": "0316-02-09T17:56:45.996304-11:54"})
    last = client.post_job({"message": "x", "expires_at": "9999-12-31T23:59:59-12:00"})

    assert past.status == 201
    assert expired(client, past.json["id"])["expires_at"] == "1970-01-01T00:00:00.000000Z"
    assert last.status in (201, 400)


def test_why_tells_the_deadline_of_a_job_that_waits(client: Client) -> None:
    job = client.post_job({"message": "x", "expires_in_s": 60}).json

    causes = {cause["code"]: cause["data"] for cause in client.get(f"/v1/jobs/{job['id']}/why").json["causes"]}

    assert causes["deadline"]["expires_at"] == job["expires_at"]
    assert 55 < causes["deadline"]["left_s"] <= 60
