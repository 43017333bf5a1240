"""The list of jobs, newest first."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, request
from werkzeug.wrappers import Response as Redirect

from middleware.jobs import CANCELLABLE, RETRYABLE, JobStatus
from tasks import broker, registry

from ...schemas.fields import CursorText
from .. import readings, words
from ..answers import Live, page
from ..blueprint import dashboard, to
from ..forms import cursor_asked
from ..job_filters import HINT, FilterError, JobsAsked, asked_of, with_words
from ..models.job_counts import counts_of, total
from ..models.job_row import row_of
from ..viewer import viewer

ROWS = 50
DONE = {"cancel": "cancelled", "retry": "put back on top of the stack", "ask": "asked to stop"}


@dashboard.get("/jobs")
@page
def jobs() -> Live | Response:
    """A page of the list."""
    asked, typed, wrong = JobsAsked(), request.args.get("filter", "").strip(), ""
    try:
        asked = asked_of(request.args)
        if typed:
            return make_response(_led_by(asked, typed))
    except FilterError as error:
        wrong = str(error)
    return Live("dashboard/jobs.html", _values(asked, typed, wrong), 400 if wrong else 200, is_live=_is_first())


def _led_by(asked: JobsAsked, typed: str) -> Redirect:
    """To the list that the words ask for, or to the job whose id they hold.

    Raises:
      FilterError: they can't be read.
    """
    asked, ids = with_words(asked, typed)
    if not ids:
        return to("jobs", **asked.parameters)
    if broker.store.get(ids[0]) is None:
        raise FilterError(f"There is no job {ids[0][:64]}. Filters are {HINT}.")
    return to("job", id=ids[0])


def _values(asked: JobsAsked, typed: str, wrong: str) -> dict[str, Any]:
    queues, stats = readings.queues(), readings.stats()
    found = broker.store.page(asked.where, limit=ROWS, cursor=cursor_asked())
    now_us = max((queue.now_us for queue in queues.values()), default=0)
    counts = counts_of(asked, queues, stats)
    shown = {job.status for job in found.jobs}
    parameters = asked.parameters
    return {
        "tab": "jobs",
        "title": "Jobs",
        "asked": asked,
        "typed": typed,
        "wrong": wrong,
        "hint": HINT,
        "rows": [row_of(job, now_us) for job in found.jobs],
        "chips": [
            (status, asked.with_status(status), None if counts is None else counts[status]) for status in JobStatus
        ],
        "all_count": total(counts, None),
        "match_count": total(counts, asked.status),
        "next": {**parameters, "cursor": CursorText.written(found.next)} if found.next else None,
        "is_first": _is_first(),
        "first": parameters,
        "may_cancel": bool(shown & CANCELLABLE),
        "may_retry": bool(shown & RETRYABLE),
        "is_empty": not any(queue.accepted for queue in queues.values()),
        "completions": _completions(list(queues)),
        "notice": _notice(),
        "has_marks": viewer().may_write,
    }


def _completions(queues: list[str]) -> list[str]:
    states = [f"status:{status}" for status in JobStatus]
    return (
        [f"task:{name}" for name in registry] + [f"queue:{name}" for name in queues] + states + ["age:>10m", "age:<1m"]
    )


def _is_first() -> bool:
    return "cursor" not in request.args


def _notice() -> str:
    """What was just done: ``done=cancel.3``."""
    word, _, count = request.args.get("done", "").partition(".")
    if word not in DONE or not count.isascii() or not count.isdigit():
        return ""
    if not int(count):
        return f"None of them could be {DONE[word]}: they had moved on meanwhile."
    return f"{words.plural(int(count), 'job was', 'jobs were')} {DONE[word]}."
