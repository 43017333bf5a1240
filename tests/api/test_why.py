"""GET /v1/jobs/{id}/why."""

from __future__ import annotations

from .client import Client


def test_a_waiting_job_is_explained_with_an_estimate(client: Client) -> None:
    job = client.post_job({"message": "x"}).json

    answer = client.get(f"/v1/jobs/{job['id']}/why")

    assert answer.status == 200
    assert set(answer.json) == {"id", "status", "at", "causes", "estimate"}
    assert (answer.json["id"], answer.json["status"]) == (job["id"], "queued")
    assert [cause["code"] for cause in answer.json["causes"]] == ["no_policy", "no_worker"]
    assert all(set(cause) == {"code", "message", "data"} for cause in answer.json["causes"])
    assert set(answer.json["estimate"]) == {"starts_in_s", "because", "data"}
    assert set(answer.json["estimate"]["data"]) == {"before", "arrivals_per_s", "starts_per_s", "over_s"}
    assert answer.json["estimate"]["starts_in_s"] is None


def test_a_cancelled_job_is_explained_without_an_estimate(client: Client) -> None:
    job = client.post_job({"message": "x"}).json
    client.send("POST", f"/v1/jobs/{job['id']}/cancel", '{"reason": "withdrawn"}', {"Content-Type": "application/json"})

    answer = client.get(f"/v1/jobs/{job['id']}/why").json

    assert ([cause["code"] for cause in answer["causes"]], answer["estimate"]) == (["cancelled"], None)
    assert "withdrawn" in answer["causes"][0]["message"]


def test_a_job_that_is_not_there_and_an_id_that_cannot_be(client: Client) -> None:
    client.get("/v1/jobs/nobody/why").problem(404, "not-found")
    client.get(f"/v1/jobs/{'x' * 1000}/why").problem(404, "not-found")
