"""Does everything add up? An audit of every id; :meth:`QueueSnapshot.faults` compares counts alone, at any time.

``python -m middleware.diagnosis.audit`` walks all jobs of all queues. Exit status 0: all is well; 1: it isn't, or Redis
is away.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ..commands import keys
from ..commands.layout import STATUS_LETTERS, unpack_record
from ..commands.queue_commands import QueueCommands
from ..errors import RedisAwayError
from ..jobs import JobStatus
from ..queues.snapshot import read_snapshot
from ..redis_link.link import Link
from ..settings import load_or_exit

CHUNK = 500


def audit(queue: str, link: Link) -> list[str]:
    """Walk every id that any structure of a queue names, and say what is wrong; empty when all is well.

    Each job is judged from one moment, in chunks of 500, so that jobs may move meanwhile and Redis isn't held up.

    Raises:
      RedisAwayError: Redis doesn't answer.
    """
    ids = _all_ids(queue, link)
    faults = (fault for chunk in _chunks(ids) for fault in _faults_in(queue, chunk, link))
    return [f"{queue}: job {fault}" for fault in faults]


def _all_ids(queue: str, link: Link) -> Iterator[str]:
    seen: set[str] = set()
    for command, key in [
        *(("ZSCAN", key) for key in keys.STATUS_INDEXES.values()),
        ("HSCAN", keys.records),
        ("HSCAN", keys.messages),
    ]:
        cursor = b"0"
        while True:
            cursor, flat = link.call(command, key(queue), cursor, "COUNT", CHUNK)
            new = {id.decode() for id in flat[::2]} - seen
            seen |= new
            yield from new
            if cursor == b"0":
                break


def _chunks(ids: Iterator[str]) -> Iterator[list[str]]:
    while chunk := list(islice(ids, CHUNK)):
        yield chunk


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
    """Audit all queues of REDIS_URL and print what was found."""
    link = Link(load_or_exit().redis_url, timeout_s=5)
    try:
        names = sorted(name.decode() for name in link.call("SMEMBERS", keys.queues()))
        faults = [fault for name in names for fault in _faults_of(name, link)]
    except RedisAwayError as error:
        _say(f"lastin: {error}")
        return 1
    _say("\n".join(faults) or "All is well.")
    return 1 if faults else 0


def _faults_of(queue: str, link: Link) -> list[str]:
    snapshot = read_snapshot(QueueCommands(queue, link, default_gate="closed"))
    _say(f"{queue}: " + ", ".join(f"{count} {status}" for status, count in snapshot.counts.items()))
    return [f"{queue}: {fault}" for fault in snapshot.faults()] + audit(queue, link)


def _say(text: Any) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
