"""The curl line that makes the same job again."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from typing import Any

import orjson

from middleware.clock import rfc3339
from middleware.jobs import Job
from tasks import DEFAULT_TASK, registry

SHORTEST_S = 0.001
"""Of a deadline that had passed when the job was accepted, the span that is nearest."""


def curl_line(job: Job, options: Mapping[str, Any], host_url: str) -> str:
    """What makes the same job again, with as much time until its deadline; empty where the API can't.

    Parameters:
      options: those of the job's message.
    """
    if job.task not in registry:
        return ""
    body = dict(job.payload) if job.task == DEFAULT_TASK else {"task": job.task, "payload": job.payload}
    said = {
        "tags": list(job.tags) or None,
        "subject": job.subject,
        "group": job.group,
        **(_of_subject(options) if job.subject is not None else {}),
        "expires_in_s": _until_deadline(job, options),
        "generated_at": rfc3339(job.generated_at_us),
    }
    body |= {name: value for name, value in said.items() if value is not None}
    try:
        text = orjson.dumps(body).decode()
    except TypeError:
        return ""
    return f"curl -s {host_url}v1/jobs -H 'Content-Type: application/json' -d {shlex.quote(text)}"


def _of_subject(options: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of a subject, which the API takes beside one only."""
    running = options.get("supersede_running")
    return {
        "supersede_running": running if isinstance(running, bool) else None,
        "max_defer_s": _seconds(options.get("max_defer")),
    }


def _until_deadline(job: Job, options: Mapping[str, Any]) -> float | None:
    """As it was given. Where it was a moment, or its task's, what lay between the acceptance and the deadline."""
    if (given := _seconds(options.get("expires_in"))) is not None:
        return given
    if job.expires_at_us is None:
        return None
    return max(SHORTEST_S, _plain(round((job.expires_at_us - job.created_at_us) / 1000) / 1000))


def _seconds(time_ms: Any) -> float | None:
    """Redis may hold anything as an option; None: it is no span that the API takes."""
    is_span = isinstance(time_ms, int | float) and not isinstance(time_ms, bool) and 1 <= time_ms < math.inf
    return _plain(time_ms / 1000) if is_span else None


def _plain(seconds: float) -> float:
    """Without a decimal point where there is no fraction."""
    return int(seconds) if seconds == int(seconds) else seconds
