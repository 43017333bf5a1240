"""Where every job and window should be, as its history tells, against where Redis has it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import redis

from middleware.commands import keys
from middleware.commands.layout import STATUS_LETTERS, unpack_record, unpack_window
from middleware.jobs import JobStatus

from .findings import Findings
from .history import HistoryChecker
from .known import KnownJob
from .known_gate import KnownRule

OUTCOMES = ("running", "processed", "retried", "rejected", "cancelled", "put_back")


def compare(checker: HistoryChecker, client: redis.Redis) -> None:
    """Add to the checker's findings what differs: ``lost``, ``in two states``, ``in another state``,
    ``never accepted``, ``record differs``, ``window differs``. Nothing may happen meanwhile; ``client`` must not decode
    answers."""
    found = checker.found
    held: defaultdict[str, list[JobStatus]] = defaultdict(list)
    for status, key in keys.STATUS_INDEXES.items():
        for id in client.zrange(key(checker.queue), 0, -1):
            held[id.decode()].append(status)
    packed_records = client.hscan_iter(keys.records(checker.queue), count=500)
    records = {id.decode(): unpack_record(packed)._asdict() for id, packed in packed_records}
    for id, job in checker.jobs.items():
        _compare_indexes(id, job, held.get(id, []), found)
        _compare_record(id, job, records.get(id), found)
    for id in (held.keys() | records.keys()) - checker.jobs.keys():
        found.add("never accepted", f"{id} is in Redis, and was never accepted or is forgotten")
    for number, packed in client.hscan_iter(keys.windows(checker.queue), count=500):
        window = unpack_window(packed)._asdict()
        if (rule := checker.gate.windows.get(int(number))) is not None:
            _compare_window(int(number), rule, window, found)


def _compare_indexes(id: str, job: KnownJob, statuses: list[JobStatus], found: Findings) -> None:
    if not statuses:
        found.add("lost", f"{id} should be {job.status}, and is in no index")
    elif len(statuses) > 1:
        found.add("in two states", f"{id} should be {job.status}, and is {' and '.join(statuses)}")
    elif statuses[0] != job.status:
        found.add("in another state", f"{id} should be {job.status}, and is {statuses[0]}")


def _compare_record(id: str, job: KnownJob, record: dict[str, Any] | None, found: Findings) -> None:
    if record is None:
        found.add("record differs", f"{id} has none")
        return
    told = (STATUS_LETTERS[record["status"]], record["seq"], record["attempts"])
    if told != (job.status, job.seq, job.attempts):
        found.add("record differs", f"{id} is {job}, and its record says {told}")


def _compare_window(number: int, rule: KnownRule, window: dict[str, Any], found: Findings) -> None:
    outcomes = sum(window[outcome] for outcome in OUTCOMES)
    if not rule.claims == window["claimed"] == outcomes:
        found.add(
            "window differs", f"{number} had {rule.claims} claims, tells {window['claimed']}, and {outcomes} outcomes"
        )
