"""The line of a request names the jobs that it made or changed."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from flask.testing import FlaskClient

from api import create_app
from middleware.settings import Settings


@pytest.fixture
def app_client(redis_url: str) -> FlaskClient:
    assert redis_url
    return create_app(Settings()).test_client()


def posted(client: FlaskClient, path: str, body: Any, caplog: pytest.LogCaptureFixture) -> tuple[Any, Any]:
    """The answer's JSON, and the line of the request."""
    caplog.clear()
    with caplog.at_level(logging.INFO):
        answer = client.post(path, json=body)
    [line] = [record for record in caplog.records if record.name == "api.requests"]
    return answer.json, line


def test_the_line_of_a_request_names_its_job(app_client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    job, line = posted(app_client, "/v1/jobs", {"message": "hi"}, caplog)

    assert line.getMessage() == f"POST /v1/jobs: 201, job {job['id']}"
    assert line.fields["job_id"] == job["id"]


def test_of_a_batch_it_says_how_many_they_are_and_one_is_named(
    app_client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    _, three = posted(app_client, "/v1/jobs/batch", {"jobs": [{"message": "hi"}] * 3}, caplog)
    [job], one = posted(app_client, "/v1/jobs/batch", {"jobs": [{"message": "hi"}]}, caplog)

    assert (three.getMessage(), three.fields["jobs"]) == ("POST /v1/jobs/batch: 201, 3 jobs", 3)
    assert (one.getMessage(), one.fields["job_id"]) == (f"POST /v1/jobs/batch: 201, job {job['id']}", job["id"])


def test_a_request_that_made_none_names_none(app_client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    _, line = posted(app_client, "/v1/jobs", {}, caplog)

    assert line.getMessage() == "POST /v1/jobs: 400"
    assert "job_id" not in line.fields


def test_the_line_of_a_request_that_is_refused_at_once_has_its_id(
    app_client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        answer = app_client.post("/v1/jobs", json={}, headers={"Sec-Fetch-Site": "cross-site"})

    [line] = [record for record in caplog.records if record.name == "api.requests"]
    assert line.fields["request_id"] == answer.headers["X-Request-Id"] == answer.json["request_id"]


def test_a_job_that_is_cancelled_before_it_runs_has_a_line_and_of_many_the_request_says_how_many(
    app_client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    job, _ = posted(app_client, "/v1/jobs", {"message": "hi"}, caplog)
    posted(app_client, f"/v1/jobs/{job['id']}/cancel", {"reason": "withdrawn"}, caplog)
    [cancelled] = [record for record in caplog.records if record.name == "jobs"]
    posted(app_client, f"/v1/jobs/{job['id']}/cancel", {}, caplog)
    again = [record for record in caplog.records if record.name == "jobs"]
    posted(app_client, "/v1/jobs/batch", {"jobs": [{"message": "hi"}] * 3}, caplog)
    _, bulk = posted(app_client, "/v1/jobs/cancel", {"queue": "default"}, caplog)

    assert cancelled.getMessage() == f"process_message {job['id']} cancelled before it ran"
    assert not again
    assert bulk.getMessage() == "POST /v1/jobs/cancel: 200, 3 jobs"


def test_pages_that_ask_by_themselves_are_quiet_unless_it_fails(
    app_client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        for path in ("/dashboard/workers", "/dashboard/nothing"):
            app_client.get(path)
            app_client.get(path, headers={"HX-Request": "true"})

    lines = [record.getMessage() for record in caplog.records if record.name == "api.requests"]
    assert lines == ["GET /dashboard/workers: 200", *["GET /dashboard/nothing: 404"] * 2]
