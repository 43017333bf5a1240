"""Why a job isn't running, or ended as it did: causes in words and in data."""

from __future__ import annotations

from collections.abc import Iterator

from ..clock import rfc3339
from ..jobs import JobStatus
from ..words import counted
from .cause import Cause, Data
from .circumstances import Circumstances, PlaceInGroup
from .groups import bounds_that_hold, turns

OVERFLOW = "overflow"
"""The reason of an expired job that had to make room."""

REJECTED_BECAUSE = {
    "failed": "Its task failed, and no retry was left or wanted",
    "worker_lost": "The workers that ran it died or stood still, so it lost its lease too many times in a row",
    "skipped": "Middleware skipped it",
    "unknown_task": "No task of the worker has its name",
    "undecodable": "Its message can't be read",
    "unencodable": "Its message couldn't be encoded for another attempt",
}


def causes_of(c: Circumstances) -> list[Cause]:
    """All causes, the most decisive first."""
    match c.job.status:
        case JobStatus.QUEUED:
            return [*_waits(c), *_deadline(c)]
        case JobStatus.SCHEDULED:
            return [_scheduled(c), *_shut(c), *_deadline(c)]
        case JobStatus.RUNNING:
            return list(_runs(c))
        case JobStatus.REJECTED:
            return [_rejected(c)]
        case _:
            return [_ended(c)]


def _waits(c: Circumstances) -> Iterator[Cause]:
    found = [*_shut(c), *_window(c), *bounds_that_hold(c), *_threads(c), *turns(c)]
    yield from found
    yield from _order(c)
    if c.lost:
        yield Cause("worker_lost", f"It ran before, and lost its worker {_times(c.lost)} in a row.", {"lost": c.lost})
    elif c.job.attempts:
        yield Cause(
            "tried_before",
            f"It was claimed {_times(c.job.attempts)} before, and came back to its own place.",
            {"attempts": c.job.attempts, "max_attempts": c.job.max_attempts},
        )
    if not found and _before(c) == 0:
        yield Cause("next", "Nothing is in its way: the next idle thread takes it.", {})


def _shut(c: Circumstances) -> Iterator[Cause]:
    """What keeps every job of the queue from running."""
    name = c.job.queue
    if c.policy is None and c.is_gated:
        yield Cause(
            "no_policy",
            f"No scheduler has said yet when jobs of queue {name} may run: start one (lastin scheduler).",
            {"schedulers": sum(process.kind == "scheduler" for process in c.processes)},
        )
    if (pause := c.queue.pause) is not None:
        yield Cause(
            "paused",
            f"Queue {name} was paused by {pause.by}: {pause.reason}",
            {"by": pause.by, "reason": pause.reason, "since": rfc3339(pause.at_us)},
        )
    if not c.workers:
        yield Cause("no_worker", f"No worker that takes jobs of queue {name} is alive.", {"workers": 0})


def _window(c: Circumstances) -> Iterator[Cause]:
    queue, window = c.queue, c.queue.window
    if c.policy is None or queue.mode != "windows":
        return
    if window is None or not window.is_open:
        next_at = rfc3339(queue.next_window_at_us)
        when = f"the next one opens at {next_at}" if next_at else "none is planned: no scheduler is at work"
        yield Cause("window_closed", f"No window is open; {when}.", {"next_window_at": next_at})
    elif window.credits is not None and window.credits - window.claimed <= _before(c):
        left = window.credits - window.claimed
        yield Cause(
            "credits",
            f"Window {window.id} lets {left} more of its {window.credits} jobs through, and {_before(c)} go first.",
            {"window": window.id, "credits": window.credits, "left": left, "closes_at": rfc3339(window.closes_at_us)},
        )


def _threads(c: Circumstances) -> Iterator[Cause]:
    total = sum(worker.threads.total for worker in c.workers)
    if c.workers and not sum(worker.threads.idle for worker in c.workers):
        yield Cause("threads_busy", f"All {total} threads of the workers are busy.", {"total": total, "idle": 0})


def _order(c: Circumstances) -> Iterator[Cause]:
    before, order = _before(c), c.queue.order_now
    if before:
        kind, where = ("newer", "above") if order == "lifo" else ("older", "below")
        of_group = "" if c.group is None else " of its group"
        yield Cause(
            "others_first",
            f"{counted(before, f'{kind} job')}{of_group} "
            f"{'is' if before == 1 else 'are'} {where} it, and {order.upper()} takes "
            f"{'it' if before == 1 else 'them'} first.",
            {"before": before, "order": order, "above": _place(c).above, "below": _place(c).below},
        )


def _before(c: Circumstances) -> int:
    """How many go first."""
    return _place(c).above if c.queue.order_now == "lifo" else _place(c).below


def _place(c: Circumstances) -> Circumstances | PlaceInGroup:
    """Where it lies: in its group, where claims go by groups."""
    return c if c.group is None else c.group


def _deadline(c: Circumstances) -> Iterator[Cause]:
    if (expires_us := c.job.expires_at_us) is not None:
        expires_at, left_s = rfc3339(expires_us), max(0.0, (expires_us - c.now_us) / 1e6)
        text = f"It expires at {expires_at} unless a worker claims it before."
        yield Cause("deadline", text, {"expires_at": expires_at, "left_s": round(left_s, 3)})


def _scheduled(c: Circumstances) -> Cause:
    job, due_at = c.job, rfc3339(c.job.due_at_us)
    if not job.attempts:
        return Cause("delayed", f"It is scheduled for {due_at}, and goes on top of the stack then.", {"due_at": due_at})
    of = f" of {job.max_attempts}" if job.max_attempts else ""
    why = f" failed with {job.error.type}: {job.error.message}" if job.error else " failed"
    return Cause(
        "backoff",
        f"Attempt {job.attempts}{of}{why}. The next one is due at {due_at}, at its own place.",
        {"due_at": due_at, "attempts": job.attempts, "max_attempts": job.max_attempts, "error": _error(c)},
    )


def _runs(c: Circumstances) -> Iterator[Cause]:
    job = c.job
    progress = None if job.progress is None else {"share": job.progress.share, "note": job.progress.note}
    far = f", {job.progress.share:.0%} done" if job.progress else ""
    yield Cause(
        "running",
        f"Worker {job.worker} has run it since {rfc3339(job.started_at_us)}{far}.",
        {
            "worker": job.worker,
            "since": rfc3339(job.started_at_us),
            "attempt": job.attempts,
            "progress": progress,
            "window": job.window,
        },
    )
    run_s = (c.now_us - (job.started_at_us or c.now_us)) / 1e6
    if run_s > c.time_limit_s:
        yield Cause(
            "over_time_limit",
            f"It has run for {run_s:.0f} s, and its time limit is {c.time_limit_s:.0f} s. A call that can't be "
            "interrupted holds it. When its lease ends, the job goes back to its own place, or is rejected.",
            {"time_limit_s": c.time_limit_s, "run_s": round(run_s, 3), "lease_ends_at": rfc3339(c.lease_ends_us)},
        )
    if job.worker not in {process.id for process in c.processes}:
        ends = rfc3339(c.lease_ends_us)
        yield Cause(
            "worker_silent",
            f"That worker sends no more heartbeats. The lease ends at {ends}; then the job goes back to its own place.",
            {"lease_ends_at": ends},
        )
    if job.cancel_requested:
        yield Cause(
            "cancel_requested",
            f"It was asked to stop: {c.cancel_reason}. Its task hasn't stopped yet.",
            {"reason": c.cancel_reason},
        )


def _rejected(c: Circumstances) -> Cause:
    job = c.job
    reason = job.reason or "failed"
    why = f": {job.error.type}: {job.error.message}" if job.error else ""
    return Cause(
        reason if reason in REJECTED_BECAUSE else "rejected",
        f"{REJECTED_BECAUSE.get(reason, reason)}, after {counted(job.attempts, 'attempt')}{why}",
        {
            "attempts": job.attempts,
            "max_attempts": job.max_attempts,
            "at": rfc3339(job.finished_at_us),
            "reason": job.reason,
            "error": _error(c),
        },
    )


def _ended(c: Circumstances) -> Cause:
    job, at = c.job, rfc3339(c.job.finished_at_us)
    again = " again" if job.attempts else ""
    words = {
        JobStatus.PROCESSED: f"Its task returned at {at}, in attempt {job.attempts}.",
        JobStatus.CANCELLED: f"It was cancelled at {at}: {job.reason}.",
        JobStatus.EXPIRED: f"Its deadline passed at {rfc3339(job.expires_at_us) or at} "
        f"before a worker claimed it{again}.",
        JobStatus.SUPERSEDED: f"A newer job of its subject, {job.superseded_by}, took its turn at {at}.",
    }
    if job.reason == OVERFLOW:
        bound = "MAX_QUEUED or MAX_QUEUED_BYTES"
        words[JobStatus.EXPIRED] = f"It was the oldest at {at}, when {bound} allowed no more waiting jobs."
    data = {"at": at, "reason": job.reason, "attempts": job.attempts, "run_ms": job.run_ms}
    if job.status is JobStatus.EXPIRED:
        data["expires_at"] = rfc3339(job.expires_at_us)
    if job.status is JobStatus.SUPERSEDED:
        data |= {"subject": job.subject, "superseded_by": job.superseded_by}
    return Cause(job.status.value, words[job.status], data)


def _error(c: Circumstances) -> Data | None:
    error = c.job.error
    return None if error is None else {"type": error.type, "message": error.message, "at": rfc3339(error.at_us)}


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
