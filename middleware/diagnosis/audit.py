"""Does everything add up? Counts from independent structures at any time, and an audit of every id on demand.

``python -m middleware.diagnosis.audit`` walks all jobs of all queues. Exit status 0: all is well; 1: it isn't, or Redis
is away.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ..commands import keys
from ..commands.layout import STATUS_LETTERS, unpack_record
from ..commands.queue_commands import QueueScripts
from ..errors import RedisAwayError
from ..jobs import JobStatus
from ..redis_link.link import Link
from ..settings import load_or_exit
from ..statistics.counters import added, counters_from
from ..statistics.vitals import STATUS_ORDER

CHUNK = 500

INDEX_KEYS = keys.INDEX_OF_STATUS


@dataclass(frozen=True, slots=True)
class Census:
    """A queue's counts at one moment, each from a structure of its own. Times in µs since the epoch."""

    now_us: int
    oldest_place: int | None
    jobs: dict[JobStatus, int]
    due: int
    leases: int
    finished: int
    records: int
    messages: int
    tallied: dict[JobStatus, int]
    counters: dict[str, int]

    @property
    def conservation_error(self) -> int:
        """Jobs there are and pruned ones, less accepted ones. More than 0: one is in two states; less: in none."""
        return sum(self.jobs.values()) + self.counters.get("pruned", 0) - self.counters.get("accepted", 0)

    @property
    def order_inversions(self) -> int:
        """Claims from the top that left a higher place behind, since the queue was made."""
        return self.counters.get("order_inversions", 0)

    @property
    def faults(self) -> list[str]:
        """What doesn't add up, in words; empty when all is well."""
        jobs = self.jobs
        final = sum(count for status, count in jobs.items() if status.is_final)
        pairs = [
            ("jobs there are and pruned ones, and accepted ones", self.conservation_error, 0),
            ("claims out of order", self.order_inversions, 0),
            ("scheduled jobs and due times", jobs[JobStatus.SCHEDULED], self.due),
            ("running jobs and leases", jobs[JobStatus.RUNNING], self.leases),
            ("finished jobs and the order of pruning", final, self.finished),
            ("jobs and records", sum(jobs.values()), self.records),
            ("jobs and messages", sum(jobs.values()), self.messages),
        ]
        # What a job whose record was removed by hand was tallied as, nobody knows.
        if not self.counters.get("orphans"):
            pairs += [(f"{status} jobs and tallied ones", jobs[status], self.tallied[status]) for status in jobs]
        return [f"{what}: {one} against {other}" for what, one, other in pairs if one != other]


def census(scripts: QueueScripts) -> Census:
    """Count a queue's jobs.

    Raises:
      RedisAwayError: Redis doesn't answer.
    """
    now_us, oldest, *rest = scripts.census()
    of_status = dict(zip(STATUS_ORDER, rest, strict=False))
    due, leases, finished, records, messages, tallies, *words = rest[len(STATUS_ORDER) :]
    states = added(counters_from(tallies).values()).counts.states
    return Census(
        now_us=now_us,
        oldest_place=None if oldest < 0 else oldest,
        jobs=of_status,
        due=due,
        leases=leases,
        finished=finished,
        records=records,
        messages=messages,
        tallied={status: states[status.value] for status in of_status},
        counters={words[i].decode(): int(words[i + 1]) for i in range(0, len(words), 2)},
    )


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
        *(("ZSCAN", key) for key in INDEX_KEYS.values()),
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
    commands += [("ZMSCORE", key(queue), *ids) for key in INDEX_KEYS.values()]
    commands += [("HMGET", keys.records(queue), *ids), *(("HSTRLEN", keys.messages(queue), id) for id in ids)]
    commands.append(("EXEC",))
    answers = link.call_all(commands)[-1]
    scores, records, lengths = answers[: len(INDEX_KEYS)], answers[len(INDEX_KEYS)], answers[len(INDEX_KEYS) + 1 :]
    for i, (id, record, length) in enumerate(zip(ids, records, lengths, strict=True)):
        found = {status: of[i] for status, of in zip(INDEX_KEYS, scores, strict=True) if of[i] is not None}
        if fault := _fault_of(found, record, length):
            yield f"{id} {fault}"


def _fault_of(found: dict[JobStatus, bytes], record: bytes | None, message_bytes: int) -> str | None:
    """What is wrong with one job: its record, its message and its indexes must agree."""
    if record is None and not message_bytes and not found:
        return None  # it was pruned meanwhile
    if record is None or not message_bytes:
        return f"is in {_names(found)} without a {'record' if record is None else 'message'}"
    fields = unpack_record(record)
    told = STATUS_LETTERS.get(fields.status)
    if list(found) != [told]:
        return f"is in {_names(found)}, and its record says {told}"
    if told is JobStatus.QUEUED and float(found[told]) != (fields.place or fields.seq):
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
    counted = census(QueueScripts(queue, link, default_gate="closed"))
    _say(f"{queue}: " + ", ".join(f"{count} {status}" for status, count in counted.jobs.items()))
    return [f"{queue}: {fault}" for fault in counted.faults] + audit(queue, link)


def _say(text: Any) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
