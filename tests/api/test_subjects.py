"""Who did it: the subject of a token stands on what it has changed."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from api.access import auth
from middleware.queues.policy import Policy
from tasks import broker

from .closed import client_for
from .issuer import Issuer


def test_the_subject_of_the_token_is_known_while_the_request_runs(issuer: Issuer) -> None:
    app = client_for(issuer).application
    app.add_url_rule("/who", view_func=lambda: str(auth.current_subject()))

    assert app.test_client().get("/who", headers=issuer.bearer(sub="somebody else")).data == b"somebody else"
    assert auth.current_subject() is None


def test_who_called_a_job_off_or_had_it_run_again_stands_on_the_job(closed: FlaskClient, issuer: Issuer) -> None:
    who = issuer.bearer(sub="Ann")
    one, other = [closed.post("/v1/jobs", json={"message": "a"}, headers=who).json["id"] for _ in range(2)]

    plain = closed.post(f"/v1/jobs/{one}/cancel", headers=who)
    with_reason = closed.post(f"/v1/jobs/{other}/cancel", json={"reason": "withdrawn"}, headers=who)
    again = closed.post(f"/v1/jobs/{one}/retry", headers=issuer.bearer(sub="Bob"))

    assert [answer.json["reason"] for answer in (plain, with_reason, again)] == [
        "requested (by Ann)",
        "withdrawn (by Ann)",
        "retried (by Bob)",
    ]


def test_who_moved_many_jobs_stands_on_each(closed: FlaskClient, issuer: Issuer) -> None:
    who = issuer.bearer(sub="Ann")
    for _ in range(2):
        closed.post("/v1/jobs", json={"message": "a"}, headers=who)

    closed.post("/v1/jobs/cancel", json={"queue": "default"}, headers=who)
    cancelled = {job["reason"] for job in closed.get("/v1/jobs", headers=who).json}
    closed.post("/v1/jobs/retry", json={"queue": "default"}, headers=who)
    again = {job["reason"] for job in closed.get("/v1/jobs", headers=who).json}

    assert (cancelled, again) == ({"requested (by Ann)"}, {"retried (by Ann)"})


def test_who_paused_a_queue_or_opened_a_window_is_kept(
    closed: FlaskClient, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    broker.windows.put_policy("default", Policy(close_when_empty=False))
    paused = closed.post("/v1/queues/default/pause", json={"reason": "repairs"}, headers=issuer.bearer(sub="Ann"))
    closed.post("/v1/windows", json={"queue": "default", "batch": 1}, headers=issuer.bearer(sub="Bob"))
    closed.post("/v1/windows", json={"queue": "default", "batch": 1}, headers=issuer.bearer("jobs:write", sub="Eve"))
    [opened] = broker.windows.page(queue="default").windows
    closed.post(f"/v1/windows/{opened.id}/close", headers=issuer.bearer(sub="Cid"))
    closed.post(f"/v1/windows/{opened.id}/close", headers=issuer.bearer(sub="Dan"))
    kept = broker.windows.get(opened.id)

    assert paused.json["pause"]["by"] == "Ann"
    assert kept is not None
    assert (opened.opener, opened.closer) == ("Bob", None)
    assert (kept.opener, kept.closer) == ("Bob", "Cid")
    assert "POST /v1/windows by Bob" in caplog.messages
    assert "POST /v1/windows by Eve" not in caplog.messages
