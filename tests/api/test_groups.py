"""Groups over HTTP: a job's group, and the limits of a queue."""

from __future__ import annotations

import pytest

from middleware.queues.policy import Policy
from tasks import broker

from .client import Client


def test_a_job_shows_its_group_and_a_batch_may_have_several(client: Client) -> None:
    job = client.post_job({"message": "m", "group": "customer-7"}).json
    assert job["group"] == client.get(f"/v1/jobs/{job['id']}").json["group"] == "customer-7"

    jobs = client.post("/v1/jobs/batch", {"jobs": [{"message": "1", "group": "a"}, {"message": "2"}]}).json
    assert [job["group"] for job in jobs] == ["a", None]


@pytest.mark.parametrize("group", ["", "x" * 129, 7, None])
def test_what_is_no_group_is_refused(client: Client, group: object) -> None:
    answer = client.post_job({"message": "m", "group": group})

    assert answer.status == 400
    assert "group" in str(answer.json)


def test_a_queue_shows_its_limits_and_what_they_hold_back(client: Client) -> None:
    assert client.get("/v1/queues/default").json["limits"] is None
    broker.windows.put_policy("default", Policy("continuous", max_running=1, share_by_group=True))
    for group in ("a", "b", "a"):
        client.post_job({"message": "m", "group": group})
    broker.redis.queue("default").claim("nobody", 15_000_000, 5)

    queue = client.get("/v1/queues/default").json

    assert queue["limits"] == {"max_running": 1, "max_running_per_group": None, "share_by_group": True}
    assert queue["held_back"] == 2
    waiting = client.get("/v1/jobs?status=queued").json[0]["id"]
    assert "queue_full" in [cause["code"] for cause in client.get(f"/v1/jobs/{waiting}/why").json["causes"]]
    assert 'lastin_queue_held_back_jobs{queue="default"} 2.0' in client.get("/metrics").body.decode()
