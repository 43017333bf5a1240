"""Deadlines that can't be met, over HTTP: a warning on the job, or no job for who prefers that."""

from __future__ import annotations

from typing import Any

import pytest

from middleware.processes.registry import Registration
from middleware.queues.policy import Policy
from tasks import broker

from .client import Client

STRICT = {"Prefer": "handling=strict"}
BODY = {"message": "x", "expires_in_s": 30}
PAUSED = "and queue default is paused: for lunch."


@pytest.fixture(autouse=True)
def _served(client: Client) -> None:
    """A continuous queue with a worker."""
    link = broker.redis.new_link()
    Registration("w", "worker", lease_us=600_000_000, queues=lambda: ["default"], threads=1).renew(link)
    link.close()
    broker.windows.put_policy("default", Policy(mode="continuous"))


def _pause(client: Client) -> None:
    assert client.post("/v1/queues/default/pause", {"reason": "for lunch"}).status == 200


def test_a_deadline_that_can_be_met_is_no_matter(client: Client) -> None:
    answer = client.post_job(BODY)

    assert (answer.status, answer.json["warning"], answer.headers["Preference-Applied"]) == (201, None, None)
    strict = client.post_job(BODY, **STRICT)
    assert (strict.status, strict.headers["Preference-Applied"]) == (201, "handling=strict")


def test_a_job_that_could_not_meet_its_deadline_says_so(client: Client) -> None:
    _pause(client)

    job = client.post_job(BODY).json

    assert job["warning"] == f"It expires 30 s after its acceptance, {PAUSED}"
    assert client.get(f"/v1/jobs/{job['id']}").json == job
    assert PAUSED in client.get(f"/dashboard/jobs/{job['id']}").body.decode()
    assert client.post_job({"message": "x"}).json["warning"] is None


def test_each_job_is_told_how_its_queue_is_when_it_comes(client: Client) -> None:
    assert client.post_job(BODY).json["warning"] is None
    _pause(client)
    assert client.post_job(BODY).json["warning"].endswith(PAUSED)
    broker.control.resume("default", by="me")
    assert client.post_job(BODY).json["warning"] is None

    broker.windows.put_policy("default", Policy(mode="windows", close_when_empty=False))
    window = broker.windows.open("default", opened_by="operator", credits=9, lasts_us=0)
    assert client.post_job(BODY).json["warning"] is None
    broker.windows.close(window.id)
    assert client.post_job(BODY).json["warning"].endswith("and no window is planned.")


def test_the_moment_that_a_warning_names_is_that_of_the_job(client: Client) -> None:
    _pause(client)

    job = client.post_job({"message": "x", "expires_at": "2199-01-01T00:00:00.25+01:00"}).json

    assert job["warning"].startswith(f"It expires at {job['expires_at']}, and queue ")


def test_who_prefers_that_gets_422_and_no_job(client: Client) -> None:
    _pause(client)
    before = client.get("/v1/jobs").json

    for body, pointer in (
        (BODY, "/expires_in_s"),
        ({"message": "x", "expires_at": "2199-01-01T00:00:00Z"}, "/expires_at"),
    ):
        refused = client.post_job(body, **STRICT)
        problem = refused.problem(422, "deadline-unmeetable")
        assert problem["detail"].endswith(PAUSED)
        assert problem["errors"] == [{"pointer": pointer, "detail": problem["detail"]}]
        assert refused.headers["Preference-Applied"] == "handling=strict"
    assert client.post_job({"message": "x"}, **STRICT).status == 201
    assert len(client.get("/v1/jobs").json) == len(before) + 1


def test_a_batch_names_each_job_that_could_not(client: Client) -> None:
    _pause(client)
    jobs: list[dict[str, Any]] = [{"message": "1"}, BODY, {"message": "3"}, BODY]

    refused = client.post("/v1/jobs/batch", {"jobs": jobs}, **STRICT).problem(422, "deadline-unmeetable")
    accepted = client.post("/v1/jobs/batch", {"jobs": jobs})

    assert [error["pointer"] for error in refused["errors"]] == ["/jobs/1/expires_in_s", "/jobs/3/expires_in_s"]
    assert [job["warning"] is None for job in accepted.json] == [True, False, True, False]
    assert accepted.headers["Preference-Applied"] is None


def test_what_was_accepted_before_is_shown_again_and_not_refused(client: Client) -> None:
    key = {"Idempotency-Key": '"once"'}
    first = client.post_job(BODY, **key, **STRICT)
    _pause(client)

    again = client.post_job(BODY, **key, **STRICT)
    other = client.post_job(BODY, **{"Idempotency-Key": '"twice"'}, **STRICT)

    assert (again.status, again.json["id"], again.headers["Idempotency-Replayed"]) == (201, first.json["id"], "true")
    other.problem(422, "deadline-unmeetable")
    broker.control.resume("default", by="me")
    assert client.post_job(BODY, **{"Idempotency-Key": '"twice"'}, **STRICT).status == 201


@pytest.mark.parametrize(
    "prefer", ["wait=1, handling=strict", "handling=STRICT;x=1, wait=1", 'respond-async, handling="strict"']
)
def test_it_stands_beside_other_preferences(client: Client, prefer: str) -> None:
    _pause(client)

    client.post_job(BODY, Prefer=prefer).problem(422, "deadline-unmeetable")


@pytest.mark.parametrize(
    "prefer", ["handling=lenient", "handling=strictly", "mishandling=strict", "handling=lenient, handling=strict"]
)
def test_other_words_are_no_such_preference(client: Client, prefer: str) -> None:
    _pause(client)
    answer = client.post_job(BODY, Prefer=prefer)

    assert (answer.status, answer.headers["Preference-Applied"]) == (201, None)


def test_an_operators_retry_clears_the_warning_with_the_deadline(client: Client) -> None:
    _pause(client)
    job = client.post_job(BODY).json
    client.post(f"/v1/jobs/{job['id']}/cancel", None)

    again = client.post(f"/v1/jobs/{job['id']}/retry", None).json

    assert (job["warning"] is None, again["warning"], again["expires_at"]) == (False, None, None)
