"""A job: its life, why it is where it is, and all that it holds."""

from __future__ import annotations

from flask import abort, request

from middleware.diagnosis.why import explain
from middleware.jobs import CANCELLABLE, RETRYABLE, WHY_NOT_RETRIED
from middleware.messages import message_of
from tasks import broker

from .. import words
from ..answers import Live, page
from ..blueprint import dashboard
from ..models.same_again import curl_line
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
    kept = broker.store.find(id)
    options = {} if kept is None else message_of(id, *kept).options
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
        "curl": curl_line(found, options, request.host_url),
        "notice": NOTICES.get(request.args.get("done", ""), ""),
    }
    return Live("dashboard/job.html", values, is_live=not found.status.is_final)
