"""A job: its life, why it is where it is, and all that it holds."""

from __future__ import annotations

import shlex
from typing import Any

import orjson
from flask import abort, request

from middleware.diagnosis.why import explain
from middleware.jobs import CANCELLABLE, RETRYABLE, WHY_NOT_RETRIED, Job
from tasks import DEFAULT_TASK, broker, registry

from .. import words
from ..answers import Live, page
from ..blueprint import dashboard
from ..models.timeline import lane_of, timeline_of

NOTICES = {
    "cancelled": "It was cancelled.",
    "asked": "It runs, and was asked to stop.",
    "already": "It was cancelled before.",
    "finished": "It had ended already: there was nothing left to cancel.",
    "queued": "It is back on top of the stack.",
    **WHY_NOT_RETRIED,
    "submitted": "It was accepted.",
}


@dashboard.get("/jobs/<job:id>")
@page
def job(id: str) -> Live:
    """All there is to know of a job."""
    explanation = explain(id, broker)
    found = None if explanation is None else broker.store.get(id)
    if explanation is None or found is None:
        abort(404, "There is no job with this id, or it has been pruned.")
    values = {
        "tab": "jobs",
        "title": f"{found.task} {found.id[:13]}",
        "job": found,
        "timeline": timeline_of(found),
        "lane": lane_of(found, explanation.at_us),
        "explanation": explanation,
        "can_cancel": found.status in CANCELLABLE and not found.cancel_requested,
        "can_retry": found.status in RETRYABLE,
        "raw": words.pretty(found.as_dict()),
        "curl": curl_line(found, request.host_url),
        "notice": NOTICES.get(request.args.get("done", ""), ""),
    }
    return Live("dashboard/job.html", values, is_live=not found.status.is_final)


def curl_line(job: Job, host_url: str) -> str:
    """What makes the same job again; empty where the API can't."""
    if job.task not in registry:
        return ""
    body: dict[str, Any] = {"task": job.task, "payload": job.payload}
    if job.task == DEFAULT_TASK:
        body = dict(job.payload)
    if job.tags:
        body["tags"] = list(job.tags)
    if job.subject is not None:
        body["subject"] = job.subject
    if job.group is not None:
        body["group"] = job.group
    try:
        text = orjson.dumps(body).decode()
    except TypeError:
        return ""
    return f"curl -s {host_url}v1/jobs -H 'Content-Type: application/json' -d {shlex.quote(text)}"
