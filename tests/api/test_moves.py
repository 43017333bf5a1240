"""POST /v1/jobs/{id}/cancel and /retry."""

from __future__ import annotations

from typing import Any

import pytest

from middleware.commands.types import Settlement
from middleware.queues.policy import Policy
from tasks import broker

from .client import JSON, Client

NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"


def _submitted(client: Client, **more: Any) -> str:
    job_id: str = client.post_job({"message": "x", **more}).json["id"]
    return job_id


def _claimed(client: Client) -> tuple[str, int]:
    """A job that a worker runs."""
    job_id = _submitted(client)
    broker.windows.put_policy("default", Policy(mode="continuous", close_when_empty=False))
    [(id, attempt, _)] = broker.redis.queue("default").claim("w", 15_000_000, 1).jobs
    assert id == job_id
    return id, attempt


def _ended(client: Client, outcome: str) -> str:
    id, attempt = _claimed(client)
    broker.redis.queue("default").settle([Settlement(id, attempt, outcome)], "w", 15_000_000, 0)
    return id


@pytest.mark.parametrize("delay_s", [0, 60])
def test_a_job_that_waits_is_cancelled_at_once_and_again_too(client: Client, delay_s: int) -> None:
    job_id = _submitted(client, delay_s=delay_s)

    first, again = (client.post(f"/v1/jobs/{job_id}/cancel") for _ in range(2))

    assert (first.status, first.json["status"], first.json["reason"]) == (200, "cancelled", "requested")
    assert (again.status, again.json) == (200, first.json)
    assert client.get(f"/v1/jobs/{job_id}").json == first.json


def test_why_a_job_is_cancelled_is_kept_on_it(client: Client) -> None:
    job_id = _submitted(client)

    job = client.post(f"/v1/jobs/{job_id}/cancel", {"reason": "Nobody wants it."}).json

    assert job["reason"] == "Nobody wants it."


def test_a_job_that_runs_is_asked_to_stop_and_ends_for_the_reason_given(client: Client) -> None:
    id, attempt = _claimed(client)

    first = client.post(f"/v1/jobs/{id}/cancel", {"reason": "too late"})
    again = client.post(f"/v1/jobs/{id}/cancel")
    broker.redis.queue("default").settle([Settlement(id, attempt, "cancelled", reason="requested")], "w", 15_000_000, 0)

    assert (first.status, first.json["status"], first.json["cancel_requested"]) == (202, "running", True)
    assert again.status == 202
    job = client.get(f"/v1/jobs/{id}").json
    assert (job["status"], job["reason"]) == ("cancelled", "too late")


@pytest.mark.parametrize("outcome", ["processed", "rejected"])
def test_a_job_that_has_ended_cant_be_cancelled(client: Client, outcome: str) -> None:
    problem = client.post(f"/v1/jobs/{_ended(client, outcome)}/cancel").problem(409, "already-finished")

    assert outcome in problem["detail"]


@pytest.mark.parametrize("outcome", ["rejected", "cancelled"])
def test_a_job_that_ended_badly_is_put_back_on_top(client: Client, outcome: str) -> None:
    job_id = _ended(client, outcome)
    newer = client.post_job({"message": "newer"}).json

    answer = client.post(f"/v1/jobs/{job_id}/retry")

    assert (answer.status, answer.json["status"], answer.json["reason"]) == (200, "queued", None)
    assert answer.json["place"] > newer["place"]
    assert answer.json["seq"] < newer["seq"]


def test_only_a_job_that_ended_badly_can_be_retried(client: Client) -> None:
    done = _ended(client, "processed")
    running, _ = _claimed(client)
    waiting = _submitted(client)

    for job_id in (done, running, waiting, _submitted(client, delay_s=60)):
        client.post(f"/v1/jobs/{job_id}/retry").problem(409, "not-retryable")


@pytest.mark.parametrize("move", ["cancel", "retry"])
@pytest.mark.parametrize("job_id", [NOBODY, "x" * 65, "%00"])
def test_a_job_that_isnt_there_is_404(client: Client, move: str, job_id: str) -> None:
    client.post(f"/v1/jobs/{job_id}/{move}").problem(404, "not-found")


@pytest.mark.parametrize(
    ("move", "body", "pointer"),
    [
        ("cancel", {"reason": ""}, "/reason"),
        ("cancel", {"reason": "x" * 501}, "/reason"),
        ("cancel", {"reason": None}, "/reason"),
        ("cancel", {"why": "x"}, "/why"),
        ("cancel", [], ""),
        ("retry", {"reason": "x"}, "/reason"),
    ],
)
def test_a_body_that_doesnt_fit_changes_nothing(client: Client, move: str, body: Any, pointer: str) -> None:
    job_id = _submitted(client)

    problem = client.post(f"/v1/jobs/{job_id}/{move}", body).problem(400, "validation")

    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert client.get(f"/v1/jobs/{job_id}").json["status"] == "queued"


def test_a_body_may_be_empty_but_not_of_another_kind(client: Client) -> None:
    path = f"/v1/jobs/{_submitted(client)}/cancel"

    client.send("POST", path, "reason=x", {"Content-Type": "text/plain"}).problem(415, "unsupported-media-type")
    client.send("POST", path, "nonsense", JSON).problem(400, "malformed-json")
    assert client.send("POST", path, "{}", JSON).status == 200
    assert client.send("POST", path, "", {"Content-Type": "text/plain"}).status == 200


def test_moves_take_no_parameters_and_no_other_method(client: Client) -> None:
    path = f"/v1/jobs/{_submitted(client)}/cancel"

    client.send("POST", f"{path}?x=1").problem(400, "validation")
    answer = client.get(path)
    answer.problem(405, "method-not-allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}
