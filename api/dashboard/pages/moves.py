"""Cancelling and retrying jobs: those that are marked, or all that match, after a question; and a single one."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from flask import Response, abort, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as Redirect

from middleware.jobs import CANCELLABLE, RETRYABLE
from middleware.logs.job_lines import log_cancelled
from tasks import broker

from ...access.auth import RETRIED
from ...access.scopes import WRITE, needs
from ...wire.request_log import name_jobs
from .. import bulk, readings
from ..answers import Live, page
from ..blueprint import dashboard, to
from ..forms import one_line, read_form
from ..job_filters import FilterError, JobsAsked, asked_of
from ..models.job_counts import counts_of
from ..viewer import viewer

MOST_MARKED = 500
REQUESTED = "requested"


@dashboard.post("/jobs/confirm")
@needs(WRITE)
@page
def confirm() -> Live | Response:
    """Ask whether that is meant."""
    form = read_form()
    action, asked, ids = _action(form), _asked(form), _ids(form)
    is_all = "all" in form
    if not ids and not is_all:
        return cast("Response", to("jobs", **asked.parameters))
    values = {
        "tab": "jobs",
        "title": "Are you sure?",
        "action": action,
        "asked": asked,
        "ids": [] if is_all else ids,
        "is_all": is_all,
        "count": _matching(action, asked) if is_all else len(ids),
    }
    return Live("dashboard/confirm.html", values, is_live=False)


@dashboard.post("/jobs/act")
@needs(WRITE)
def act() -> Redirect:
    """Do it."""
    form = read_form()
    action, asked, ids = _action(form), _asked(form), _ids(form)
    reason = _reason(action, one_line(form, "reason"))
    if "all" not in form:
        return to("jobs", **asked.parameters, done=_moved(action, ids, reason))
    begun = bulk.begin(
        action,
        asked.where,
        reason=reason,
        says=asked.says,
        address=f"{url_for('dashboard.jobs')}?{urlencode(asked.parameters)}",
        total=_matching(action, asked),
    )
    return to("bulk_action", id=begun.id)


@dashboard.get("/actions/<id>")
@page
def bulk_action(id: str) -> Live:
    """How far it is."""
    found = bulk.find(id)
    if found is None:
        abort(404, "Nothing is known of that: what was done an hour ago is forgotten.")
    return Live("dashboard/bulk.html", {"tab": "jobs", "title": "Progress", "bulk": found}, is_live=not found.is_over)


@dashboard.post("/jobs/<job:id>/cancel")
@needs(WRITE)
def cancel(id: str) -> Redirect:
    """Call one job off."""
    word = broker.cancel(id, reason=_reason("cancel", one_line(read_form(), "reason")))
    job = broker.store.get(id) if word == "cancelled" else None
    if job is not None:
        log_cancelled(job, broker.settings.log_jobs)
    return _changed(id, word)


@dashboard.post("/jobs/<job:id>/retry")
@needs(WRITE)
def retry(id: str) -> Redirect:
    """Put one job back on top."""
    return _changed(id, broker.retry(id, reason=_reason("retry", "")))


def _changed(id: str, word: str) -> Redirect:
    if word == "missing":
        abort(404, "There is no job with this id, or it has been pruned.")
    name_jobs([id])
    return to("job", id=id, done=word)


def _moved(action: bulk.Action, ids: list[str], reason: str) -> str:
    """What was done, for the list to say. A job that has ended or is gone meanwhile isn't counted."""
    name_jobs(ids)
    if action == "cancel":
        words = [broker.cancel(id, reason=reason) for id in ids]
        asked = words.count("asked")
        return (
            f"ask.{asked}" if asked and not words.count("cancelled") else f"cancel.{words.count('cancelled') + asked}"
        )
    # The uppermost is put back last: so they keep their order.
    return f"retry.{[broker.retry(id, reason=reason) for id in ids[::-1]].count('queued')}"


def _reason(action: bulk.Action, typed: str) -> str:
    who = viewer()
    if action == "cancel":
        return who.signed(typed or REQUESTED)
    return who.signed(RETRIED) if who.is_known else ""


def _matching(action: bulk.Action, asked: JobsAsked) -> int | None:
    counts: Any = counts_of(asked, readings.queues(), readings.stats())
    statuses = CANCELLABLE if action == "cancel" else RETRYABLE
    chosen = [status for status in statuses if asked.status in (None, status)]
    return None if counts is None else sum(counts[status] for status in chosen)


def _action(form: MultiDict[str, str]) -> bulk.Action:
    action = form.get("action")
    if action not in ("cancel", "retry"):
        abort(400, "Expected cancel or retry.")
    return cast("bulk.Action", action)


def _asked(form: MultiDict[str, str]) -> JobsAsked:
    try:
        return asked_of(form)
    except FilterError as error:
        abort(400, str(error))


def _ids(form: MultiDict[str, str]) -> list[str]:
    ids = form.getlist("id")
    if len(ids) > MOST_MARKED:
        abort(400, f"At most {MOST_MARKED} jobs can be marked; there were {len(ids)}. Take all that match instead.")
    return ids
