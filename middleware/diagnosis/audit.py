"""Does everything add up? An audit of every id; :meth:`QueueSnapshot.faults` compares counts alone, at any time.

``lastin audit`` and ``python -m middleware.diagnosis.audit`` walk all jobs of all queues. Exit status 0: all is well;
1: it isn't, or Redis is away.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from .. import tags
from ..commands import keys
from ..commands.layout import STATUS_LETTERS, unpack_record
from ..commands.queue_commands import QueueCommands
from ..errors import RedisAwayError
from ..jobs import JobStatus
from ..queues.snapshot import read_snapshot
from ..redis_link.link import Link
from ..redis_link.links import link_to
from ..settings import load_or_exit
from .audit_groups import faults_of_groups, ungrouped
from .audit_of_bytes import fault_of_bytes
from .audit_reads import CHUNK, indexed, scanned

OF_A_SUBJECT = frozenset({JobStatus.SCHEDULED, JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.PROCESSED})
"""The states of the jobs in the index of subjects."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """What an audit found in a queue: how many jobs there are in each state, and what is wrong."""

    queue: str
    counts: Mapping[str, int]
    faults: list[str]


def audit_all(link: Link) -> Iterator[Finding]:
    """Audit all queues: their counts, and every job.

    Raises:
      RedisAwayError: Redis doesn't answer.
    """
    for name in sorted(name.decode() for name in link.call("SMEMBERS", keys.queues())):
        snapshot = read_snapshot(QueueCommands(name, link, default_gate="closed"))
        counts = {str(status): count for status, count in snapshot.counts.items()}
        yield Finding(name, counts, [f"{name}: {fault}" for fault in snapshot.faults()] + audit(name, link))


def audit(queue: str, link: Link) -> list[str]:
    """Walk every id that any structure of a queue names, and every entry of the indexes of tags, subjects and groups,
    and add up the bytes that wait; say what is wrong, or nothing when all is well.

    Each job is judged from one moment, in chunks of 500, so that jobs may move meanwhile and Redis isn't held up.

    Raises:
      RedisAwayError: Redis doesn't answer.
    """
    ids = _all_ids(queue, link)
    faults = (fault for chunk in _chunks(ids) for fault in _faults_in(queue, chunk, link))

    def entries(index: keys.QueueKey) -> Iterator[list[bytes]]:
        return scanned("ZSCAN", index(queue), link)

    of_tags = (fault for some in entries(keys.tagged) for fault in _faults_of_tags(queue, some, link))
    of_subjects = (fault for some in entries(keys.subjects) for fault in _faults_of_subjects(queue, some, link))
    of_groups = (
        fault
        for index, running in ((keys.grouped, False), (keys.running_grouped, True))
        for some in entries(index)
        for fault in faults_of_groups(queue, some, link, running=running)
    )
    of_jobs = [f"{queue}: job {fault}" for fault in (*faults, *of_tags, *of_subjects, *of_groups)]
    if of_jobs:  # which is why the bytes don't add up either
        return of_jobs
    of_bytes = fault_of_bytes(queue, link)
    return [] if of_bytes is None else [f"{queue}: {of_bytes}"]


def _all_ids(queue: str, link: Link) -> Iterator[str]:
    seen: set[str] = set()
    for command, key in [
        *(("ZSCAN", key) for key in keys.STATUS_INDEXES.values()),
        ("HSCAN", keys.records),
        ("HSCAN", keys.messages),
    ]:
        for found in scanned(command, key(queue), link):
            new = {id.decode() for id in found} - seen
            seen |= new
            yield from new


def _chunks(found: Iterator[T]) -> Iterator[list[T]]:
    while chunk := list(islice(found, CHUNK)):
        yield chunk


def _faults_of_tags(queue: str, entries: list[bytes], link: Link) -> Iterator[str]:
    """Each entry of the index of tags must be told by its job's record; one that is gone by now was pruned with it."""
    for id, digest, seq, fields in indexed(queue, keys.tagged(queue), entries, link):
        if fields is None or fields.seq != seq or digest not in tags.split(fields.tags or ""):
            yield f"{id} is in the index under a tag that its record doesn't have"


def _faults_of_subjects(queue: str, entries: list[bytes], link: Link) -> Iterator[str]:
    """Each entry of the index of subjects must be that of a job which waits, runs or was processed."""
    for id, digest, seq, fields in indexed(queue, keys.subjects(queue), entries, link):
        if fields is None or fields.age != seq or digest != fields.subject:
            yield f"{id} is in the index under a subject that its record doesn't have"
        elif STATUS_LETTERS.get(fields.status) not in OF_A_SUBJECT:
            yield f"{id} is in the index of subjects, and its record says {STATUS_LETTERS.get(fields.status)}"


def _faults_in(queue: str, ids: list[str], link: Link) -> Iterator[str]:
    commands: list[tuple[str, ...]] = [("MULTI",)]
    commands += [("ZMSCORE", key(queue), *ids) for key in keys.STATUS_INDEXES.values()]
    commands += [("HMGET", keys.records(queue), *ids), *(("HSTRLEN", keys.messages(queue), id) for id in ids)]
    commands.append(("EXEC",))
    answers = link.call_all(commands)[-1]
    scores, records, lengths = (
        answers[: len(keys.STATUS_INDEXES)],
        answers[len(keys.STATUS_INDEXES)],
        answers[len(keys.STATUS_INDEXES) + 1 :],
    )
    for i, (id, record, length) in enumerate(zip(ids, records, lengths, strict=True)):
        found = {status: of[i] for status, of in zip(keys.STATUS_INDEXES, scores, strict=True) if of[i] is not None}
        if fault := _fault_of(found, record, length):
            yield f"{id} {fault}"
    yield from ungrouped(queue, ids, link)
    yield from _untagged(queue, [(id, record) for id, record in zip(ids, records, strict=True) if record], link)


def _untagged(queue: str, jobs: list[tuple[str, bytes]], link: Link) -> Iterator[str]:
    """Whose tags aren't all in the index. What was pruned since its record was read has none there, and is none."""
    unpacked = [(id, unpack_record(record)) for id, record in jobs]
    entries = [(id, tags.entry(digest, r.seq, id)) for id, r in unpacked for digest in tags.split(r.tags or "")]
    for start in range(0, len(entries), CHUNK):
        chunk = entries[start : start + CHUNK]
        ids = [id for id, _ in chunk]
        commands: list[tuple[str | bytes, ...]] = [("MULTI",), ("HMGET", keys.records(queue), *ids)]
        commands += [("ZMSCORE", keys.tagged(queue), *(entry for _, entry in chunk)), ("EXEC",)]
        records, scores = link.call_all(commands)[-1]
        missing = [id for id, record, score in zip(ids, records, scores, strict=True) if record and score is None]
        yield from (f"{id} has a tag that isn't in the index" for id in dict.fromkeys(missing))


def _fault_of(found: dict[JobStatus, bytes], record: bytes | None, message_bytes: int) -> str | None:
    """What is wrong with one job: its record, its message and its indexes must agree."""
    if record is None and not message_bytes and not found:
        return None  # it was pruned meanwhile
    if record is None or not message_bytes:
        return f"is in {_names(found)} without a {'record' if record is None else 'message'}"
    fields = unpack_record(record)
    recorded = STATUS_LETTERS.get(fields.status)
    if list(found) != [recorded]:
        return f"is in {_names(found)}, and its record says {recorded}"
    if recorded is JobStatus.QUEUED and float(found[recorded]) != (fields.place or fields.seq):
        return "has another place on the stack than in its record"
    return None


def _names(found: dict[JobStatus, bytes]) -> list[str]:
    return [status.value for status in found]


def main() -> int:
    """Audit all queues of Redis and print what was found."""
    link = link_to(load_or_exit().redis_address, timeout_s=5)
    faults: list[str] = []
    try:
        for found in audit_all(link):
            _say(f"{found.queue}: " + ", ".join(f"{count} {status}" for status, count in found.counts.items()))
            faults += found.faults
    except RedisAwayError as error:
        _say(f"lastin: {error}")
        return 1
    _say("\n".join(faults) or "All is well.")
    return 1 if faults else 0


def _say(text: Any) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
