"""``Prefer: wait=N`` (RFC 7240): an answer that waits for a job's end.

A request that waits holds a thread, so at most half of a process's threads wait; who comes beyond that is answered at
once, without ``Preference-Applied``.
"""

from __future__ import annotations

import re

from flask import Flask, current_app

from middleware.errors import RedisAwayError
from middleware.jobs import Job
from middleware.settings import Settings
from middleware.store.completion import CompletionWatcher
from tasks import broker

from .tracing import current_request

LONGEST_WAIT_S = 25
WAIT = re.compile(r'(?:^|,)\s*wait\s*=\s*"?([0-9]{1,9})"?\s*(?=[,;]|$)', re.IGNORECASE)

PREFER = {
    "Prefer": {
        "description": f"`wait=N`: wait up to N seconds (at most {LONGEST_WAIT_S}) for the job's end before answering.",
        "schema": {"type": "string"},
    }
}
APPLIED = {
    "Preference-Applied": {
        "description": "`wait=N`: the answer waited, or had no need to. Absent otherwise.",
        "schema": {"type": "string"},
    }
}


def install(app: Flask, settings: Settings) -> None:
    """Let half of the threads wait."""
    app.extensions["endings"] = CompletionWatcher(broker.store.ended_among, most=settings.web_threads // 2)


def wait_for_end(job: Job) -> tuple[Job, dict[str, str]]:
    """The job when it has ended, or as it is when the time is up that the request prefers to wait; and the header that
    says so."""
    wait_s = preferred_wait_s(current_request().environ.get("HTTP_PREFER", ""))
    if not wait_s:
        return job, {}
    if not job.status.is_final:
        endings: CompletionWatcher = current_app.extensions["endings"]
        if not endings.wait(job.queue, job.id, wait_s):
            return job, {}
        job = _as_it_is_now(job)
    return job, {"Preference-Applied": f"wait={wait_s}"}


def preferred_wait_s(prefer: str) -> int:
    """How long a request wants to wait at most, in seconds; 0: not at all. Of several the first one counts, and what
    can't be read is no preference (RFC 7240, 2)."""
    found = WAIT.search(prefer) if prefer else None
    return min(int(found[1]), LONGEST_WAIT_S) if found else 0


def _as_it_is_now(job: Job) -> Job:
    try:
        # Pruned or out of sight: whoever has submitted it must still learn that it was accepted.
        return broker.store.get(job.id) or job
    except RedisAwayError:
        return job
