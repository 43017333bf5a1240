"""What the jobs of a subject do to each other, as ``take_over.lua`` has it (docs/fresh-work.md)."""

from __future__ import annotations

from collections.abc import Iterable

from ..jobs import JobStatus
from .stub_entry import Entry

WAITING = frozenset({JobStatus.QUEUED, JobStatus.SCHEDULED})
COUNTING = WAITING | {JobStatus.RUNNING, JobStatus.PROCESSED}


def newer(entry: Entry, all_jobs: Iterable[Entry]) -> Entry | None:
    """The newest job of the subject that waits, runs or was processed, if it is newer than this one."""
    fitting = [
        one for one in _of_subject(entry, all_jobs) if one.status in COUNTING and one.record.seq > entry.record.seq
    ]
    return max(fitting, key=lambda one: one.record.seq, default=None)


def take_over(
    entry: Entry, all_jobs: Iterable[Entry], now_us: int, *, max_defer_us: int = 0, stops_running: bool = False
) -> list[Entry]:
    """The older jobs that are superseded by this one, which takes their turn; those that run are asked to stop."""
    older = [one for one in _of_subject(entry, all_jobs) if one.record.seq < entry.record.seq]
    if stops_running:
        for one in older:
            if one.status is JobStatus.RUNNING and one.record.cancel is None:
                one.record = one.record._replace(cancel="superseded", superseded_by=entry.id)
    waiting = sorted((one for one in older if one.status in WAITING), key=lambda one: one.record.seq)
    is_behind = any(one.record.behind for one in waiting[1:])
    first = waiting[1 if is_behind else 0] if waiting else None
    since = None if first is None else first.record.since or first.record.seq
    if since is not None and max_defer_us and not is_behind and now_us - since >= max_defer_us:
        is_behind, since = True, now_us
    entry.record = entry.record._replace(since=since, behind=is_behind or None)
    return waiting[1 if is_behind else 0 :]


def _of_subject(entry: Entry, all_jobs: Iterable[Entry]) -> list[Entry]:
    subject = entry.record.subject
    return [one for one in all_jobs if subject and one.record.subject == subject and one is not entry]
