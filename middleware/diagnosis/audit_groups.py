"""Does the index of groups add up? The part of the audit that walks it."""

from __future__ import annotations

from collections.abc import Iterator

from .. import tags
from ..commands import keys
from ..commands.layout import NO_GROUP, STATUS_LETTERS, unpack_record
from ..jobs import JobStatus
from ..redis_link.link import Link
from .audit_reads import indexed


def faults_of_groups(queue: str, entries: list[bytes], link: Link, *, running: bool) -> Iterator[str]:
    """Each entry of the index of groups must be that of a waiting job, at its place; of those that run, that of a
    ``running`` one with a group, by its seq."""
    index = keys.running_grouped(queue) if running else keys.grouped(queue)
    status = JobStatus.RUNNING if running else JobStatus.QUEUED
    for id, group, number, record in indexed(queue, index, entries, link):
        if record is None or STATUS_LETTERS.get(record.status) is not status:
            which = "running" if running else "waiting"
            yield f"{id} is in the index of {which} groups, and isn't {status.value}"
        elif group != (record.group or NO_GROUP):
            yield f"{id} is in the index under a group that its record doesn't have"
        elif number != (record.seq if running else record.place or record.seq):
            yield f"{id} is at another place in the index of groups than in its record"


def ungrouped(queue: str, ids: list[str], link: Link) -> Iterator[str]:
    """Which of these jobs should be in the index, where claims go by groups, or be counted as one of a group that runs,
    and aren't. Each is judged from one moment."""
    commands: list[tuple[str | bytes, ...]] = [("MULTI",), ("HGET", keys.policy(queue), "grouping")]
    packed_before = link.call("HMGET", keys.records(queue), *ids)
    jobs = [(id, unpack_record(packed)) for id, packed in zip(ids, packed_before, strict=True) if packed]
    if not jobs:
        return
    waiting = [tags.entry(job.group or NO_GROUP, job.place or job.seq, id) for id, job in jobs]
    running = [tags.entry(job.group or NO_GROUP, job.seq, id) for id, job in jobs]
    commands += [("HMGET", keys.records(queue), *(id for id, _ in jobs)), ("ZMSCORE", keys.grouped(queue), *waiting)]
    commands += [("ZMSCORE", keys.running_grouped(queue), *running), ("EXEC",)]
    grouping, records, of_waiting, of_running = link.call_all(commands)[-1]
    for (id, before), packed, waits, runs in zip(jobs, records, of_waiting, of_running, strict=True):
        job = unpack_record(packed) if packed else None
        if job is None or job.place != before.place:
            continue  # it moved meanwhile
        status = STATUS_LETTERS.get(job.status)
        if grouping == b"on" and status is JobStatus.QUEUED and waits is None:
            yield f"{id} waits, and isn't in the index of groups"
        if status is JobStatus.RUNNING and job.group and runs is None:
            yield f"{id} runs, and isn't counted as one of its group"
