"""ETag and If-None-Match on a single job."""

from __future__ import annotations

import re

import pytest

from .client import Client


def test_an_etag_is_strong_and_the_same_wherever_the_job_is_shown(client: Client) -> None:
    submitted = client.post_job({"message": "x"})

    shown = client.get(submitted.headers["Location"])

    assert re.fullmatch(r'"[!#-~]+"', submitted.headers["ETag"])
    assert shown.headers["ETag"] == submitted.headers["ETag"]


def test_an_etag_changes_whenever_the_job_does(client: Client) -> None:
    submitted = client.post_job({"message": "x"})
    path = submitted.headers["Location"]

    cancelled = client.post(f"{path}/cancel")
    retried = client.post(f"{path}/retry")

    etags = {submitted.headers["ETag"], cancelled.headers["ETag"], retried.headers["ETag"]}
    assert len(etags) == 3
    assert client.get(path).headers["ETag"] == retried.headers["ETag"]


@pytest.mark.parametrize("sent", ["{etag}", "W/{etag}", '"a", {etag} , "b"', 'W/"a",W/{etag}', "*"])
def test_what_the_client_has_already_is_304_without_a_body(client: Client, sent: str) -> None:
    submitted = client.post_job({"message": "x"})
    etag = submitted.headers["ETag"]

    answer = client.get(submitted.headers["Location"], **{"If-None-Match": sent.format(etag=etag)})

    assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", etag)
    assert answer.headers["X-Request-Id"]
    assert answer.headers["Content-Type"] is None


@pytest.mark.parametrize("sent", ['"other"', "", "nonsense", '"*"', 'W/"x"', ',,"'])
def test_anything_else_is_the_job(client: Client, sent: str) -> None:
    submitted = client.post_job({"message": "x"})

    answer = client.get(submitted.headers["Location"], **{"If-None-Match": sent})

    assert (answer.status, answer.json) == (200, submitted.json)


def test_an_old_etag_is_the_job_as_it_is_now(client: Client) -> None:
    submitted = client.post_job({"message": "x"})
    path = submitted.headers["Location"]
    client.post(f"{path}/cancel")

    answer = client.get(path, **{"If-None-Match": submitted.headers["ETag"]})

    assert (answer.status, answer.json["status"]) == (200, "cancelled")


@pytest.mark.parametrize("sent", ["*", '"x"'])
def test_a_job_that_isnt_there_is_404_all_the_same(client: Client, sent: str) -> None:
    client.get("/v1/jobs/nobody", **{"If-None-Match": sent}).problem(404, "not-found")
