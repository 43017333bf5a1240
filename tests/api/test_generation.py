"""When jobs were generated, over HTTP and from Python: kept on the job, and ordered by where the cadence says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from middleware.queues.policy import Policy
from tasks import DEFAULT_TASK, broker, registry

from .client import Client

LONG_AGO, SOME_TIME_AGO = "2024-05-05T12:00:00.250000Z", "2024-05-05T12:00:01.000000Z"


@pytest.fixture(autouse=True)
def _by_generation(client: Client) -> None:
    broker.windows.put_policy("default", Policy(mode="continuous", order_by="generated"))


def test_a_job_is_shown_with_its_time_and_its_place(client: Client) -> None:
    job = client.submit("x", generated_at="2024-05-05T14:00:00.25+02:00")

    assert job["generated_at"] == LONG_AGO
    assert job["place"] == 1_714_910_400_250_000 < job["seq"]
    assert client.submit("y")["generated_at"] is None
    assert client.get("/v1/queues/default").json["order_by"] == "generated"


def test_a_late_older_reading_is_answered_as_superseded(client: Client) -> None:
    newer = client.submit("newer", subject="car", generated_at=SOME_TIME_AGO)
    late = client.submit("late", subject="car", generated_at=LONG_AGO)

    assert (late["status"], late["superseded_by"], newer["status"]) == ("superseded", newer["id"], "queued")
    assert client.get(f"/v1/jobs/{newer['id']}").json["status"] == "queued"


def test_a_batch_is_ordered_too(client: Client) -> None:
    times = [SOME_TIME_AGO, LONG_AGO, None, "2199-01-01T00:00:00Z"]
    sent = [{"message": "x"} | ({"generated_at": time} if time else {}) for time in times]

    jobs = client.post("/v1/jobs/batch", {"jobs": sent}).json

    places = [job["place"] for job in jobs]
    assert places == sorted(places[:2], reverse=True) + [job["seq"] for job in jobs[2:]]
    assert [client.get(f"/v1/jobs/{job['id']}").json for job in jobs] == jobs


@pytest.mark.parametrize("wrong", ["yesterday", "2024-05-05T12:00:00", 7, None, True])
def test_what_is_no_time_is_refused(client: Client, wrong: object) -> None:
    answer = client.post_job({"message": "x", "generated_at": wrong})

    assert answer.status == 400
    assert [error["pointer"] for error in answer.json["errors"]] == ["/generated_at"]


def test_python_takes_a_datetime_or_microseconds(client: Client) -> None:
    actor = registry[DEFAULT_TASK].actor
    now = datetime.now(UTC).replace(microsecond=5)
    for value in (now - timedelta(hours=1), int((now - timedelta(hours=2)).timestamp()) * 1_000_000):
        actor.send_with_options(kwargs={"message": "x"}, generated_at=value)

    two_hours, one_hour = sorted(client.get("/v1/jobs").json, key=lambda job: job["place"])
    assert datetime.fromisoformat(one_hour["generated_at"]) == now - timedelta(hours=1)
    assert two_hours["generated_at"] < one_hour["generated_at"]
    for wrong in (datetime(2024, 5, 5), "2024-05-05", -1, True):
        with pytest.raises(ValueError, match="generated_at is a datetime with its offset"):
            actor.send_with_options(kwargs={"message": "x"}, generated_at=wrong)
