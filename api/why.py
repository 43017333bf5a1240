"""Why a job isn't running, or ended as it did."""

from __future__ import annotations

from flask import Response

from middleware.diagnosis.why import explain
from tasks import broker

from .jobs import ID, jobs, no_such_job
from .schemas.why import Explanation
from .wire.answers import json_answer


@jobs.route("/<job:job_id>/why", parameters=[ID])
@jobs.response(200, Explanation)
@jobs.problems(400, 404, 503)
def explain_job(job_id: str) -> Response:
    """Explain why a job isn't running, or ended as it did

    In words and in data, with an estimate of when it starts, if windows open as planned and the queue goes on as in the
    last 5 minutes.
    """
    explanation = explain(job_id, broker)
    if explanation is None:
        raise no_such_job()
    return json_answer(explanation.as_dict())
