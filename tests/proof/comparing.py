"""Is what Redis keeps of a queue what the model has? Every index, text, record, window and counter."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgpack
import redis

from middleware.commands import keys
from middleware.commands.layout import RECORD_FIELDS, STATUS_LETTERS, unpack_record, unpack_window
from middleware.commands.queue_commands import QueueCommands
from middleware.jobs import JobStatus
from middleware.statistics.counters import read_counters
from middleware.store.filters import JobFilter
from middleware.tags import digests, entry

from .comparing_groups import compare_groups
from .entries import FINAL, QUEUED, RUNNING, SCHEDULED, ModelJob
from .model import Model

QUEUE = "default"
SUBJECTS = ("sun", "moon")
"""What jobs with subjects are about."""
LETTERS = {status: letter for letter, status in STATUS_LETTERS.items()}
MODELLED = [name for name in RECORD_FIELDS if name not in ("task", "entered", "size", "tags")]
OUTCOMES = ("running", "processed", "retried", "rejected", "cancelled", "put_back")
COUNTERS = (
    "accepted",
    "pruned",
    "retried",
    "revived",
    "reclaimed",
    "stale_settles",
    "order_switches_to_lifo",
    "order_switches_to_fifo",
)


CLAIMS = ("claims", "window_claims")


def compare_all(client: redis.Redis, model: Model) -> int:
    """Compare what is kept at one moment; returns how many calls that settled and claimed aren't added up yet."""
    kept = _read(client)
    _compare_jobs(kept, model)
    _compare_windows(kept["windows"], model)
    compare_groups(client, model)
    pending = [msgpack.unpackb(counts) for counts in kept["pending_counts"]]
    of_calls = [Counter(queue_counts or {}) for _, queue_counts, *_ in pending]
    counters = Counter({name.decode(): int(value) for name, value in kept["counters"].items()})
    for counts in of_calls:
        counters.update(counts)
    expected = {name: model.counters[name] for name in COUNTERS}
    assert {name: counters[name] for name in COUNTERS} == expected
    finished = [job for job in model.jobs.values() if job.status in FINAL]
    assert counters["queued_bytes"] == model.bytes_of(QUEUED)
    assert counters["scheduled_bytes"] == model.bytes_of(SCHEDULED)
    assert counters["finished_bytes"] == sum(job.kept_bytes for job in finished)
    assert kept["doorbell"] <= 1
    assert kept["policy"].get(b"order_now") == (model.order_now.encode() if model.order_now else None)
    if model.stack() and model.gate() == "open" and not model.is_full():
        assert kept["doorbell"] == 1, "jobs wait at an open gate, and nobody is woken"
    return sum("finished_bytes" in counts and not counts.keys().isdisjoint(CLAIMS) for counts in of_calls)


def compare_counters(scripts: QueueCommands, model: Model) -> None:
    """Compare what statistics are made of: the jobs in each state, and how often jobs were claimed and processed."""
    counts = read_counters(scripts).together.counts
    states = Counter(STATUS_LETTERS[job.status].value for job in model.jobs.values())
    assert {state: count for state, count in counts.states.items() if count} == states
    assert counts.totals["accepted"] == len(model.jobs) + model.counters["pruned"]
    assert counts.totals["claimed"] == model.counters["claimed"]
    assert counts.totals["ended_processed"] == model.counters["processed"]
    assert counts.totals["ended_expired"] == model.counters["expired"]


def _read(client: redis.Redis) -> dict[str, Any]:
    """All that is kept, at one moment."""
    sets = [*keys.STATUS_INDEXES.values(), keys.due, keys.deadlines, keys.leases, keys.finished, keys.displaced]
    hashes = [keys.records, keys.messages, keys.results, keys.failures, keys.counters, keys.windows, keys.policy]
    with client.pipeline(transaction=True) as pipe:
        for key in sets:
            pipe.zrange(key(QUEUE), 0, -1, withscores=True)
        for key in hashes:
            pipe.hgetall(key(QUEUE))
        pipe.zrange(keys.tagged(QUEUE), 0, -1)
        pipe.zrange(keys.subjects(QUEUE), 0, -1)
        pipe.zrange(keys.freshness(QUEUE), 0, -1, withscores=True)
        pipe.lrange(keys.pending_counts(QUEUE), 0, -1)
        pipe.llen(keys.doorbell(QUEUE))
        answers = pipe.execute()
    kept: dict[str, Any] = {
        key.name: {id.decode(): int(score) for id, score in rows} for key, rows in zip(sets, answers, strict=False)
    }
    kept |= {key.name: rows for key, rows in zip(hashes, answers[len(sets) :], strict=False)}
    names = ("tagged", "subjects", "freshness", "pending_counts", "doorbell")
    return kept | dict(zip(names, answers[-5:], strict=True))


def _compare_jobs(kept: dict[str, Any], model: Model) -> None:
    jobs = model.jobs
    for status, key in keys.STATUS_INDEXES.items():
        its = [job for job in jobs.values() if job.status == LETTERS[status]]
        expected = {job.id: job.place if job.status == QUEUED else job.seq for job in its}
        assert kept[key.name] == expected, key.name
    of = model.of_status
    next_deadline = {} if model.next_deadline is None else {"": model.next_deadline}
    assert kept["due"] == {job.id: job.due for job in of(SCHEDULED)} | next_deadline
    assert kept["deadlines"] == {job.id: job.expires for job in of(SCHEDULED) + of(QUEUED) if job.expires is not None}
    assert kept["leases"] == {job.id: job.lease_end for job in of(RUNNING)}
    assert kept["finished"] == {job.id: job.finished for job in jobs.values() if job.status in FINAL}
    assert kept["displaced"] == {job.id: job.seq for job in of(QUEUED) if job.place != job.seq}
    assert kept["messages"] == {id.encode(): job.message for id, job in jobs.items()}
    assert kept["results"] == {id.encode(): job.result for id, job in jobs.items() if job.result}
    assert kept["failures"] == {id.encode(): job.failure for id, job in jobs.items() if job.failure}
    assert kept["tagged"] == sorted(entry(digests([tag]), job.seq, job.id) for job in jobs.values() for tag in job.tags)
    rows = [entry(digests([subject]), job.age, job.id) for subject in SUBJECTS for job in model.alive(subject)]
    assert kept["subjects"] == sorted(rows)
    fresh = {digests([subject]).encode(): jobs[id].age for subject, id in model.freshest.items()}
    assert {digest: int(seq) for digest, seq in kept["freshness"]} == fresh
    records = {id.decode(): _record(packed) for id, packed in kept["records"].items()}
    assert records == {id: _as_record(job) for id, job in jobs.items()}


def _compare_windows(packed: dict[bytes, bytes], model: Model) -> None:
    model.open_window_now()
    found = {}
    for number, window in packed.items():
        w = unpack_window(window)._asdict()
        if not w["closed_at"] and w["closes_at"] and w["closes_at"] <= model.now:
            # Whoever looks closes it first.
            w["closed_at"], w["close_reason"] = w["closes_at"], "time"
        if w["claimed"] or not w["closed_at"] or w["opened_by"] != "tick":
            found[int(number)] = _window(w)
    expected = {}
    for number, window in model.windows.items():
        plain = vars(window) | {outcome: window.outcomes[outcome] for outcome in OUTCOMES}
        expected[number] = _window(plain)
    assert found == expected


def compare_pages(
    scripts: QueueCommands, model: Model, limit: int, status: JobStatus | None, tags: tuple[str, ...]
) -> None:
    """Page through all jobs, or those of one status, or with one of these tags: each once, in the order of
    acceptance."""
    indexes = JobFilter(statuses=None if status is None else frozenset({status})).indexes
    seen: list[str] = []
    below = None
    for _ in range(2 * len(model.jobs) + 2):
        below, rows = scripts.page(below, limit, indexes, tags=digests(tags))
        seen += [id for id, _ in rows]
        if below is None:
            break
    wanted = [
        job
        for job in model.jobs.values()
        if (status is None or job.status == LETTERS[status]) and (not tags or set(tags) & set(job.tags))
    ]
    assert below is None
    assert seen == [job.id for job in sorted(wanted, key=lambda job: -job.seq)]


def _record(packed: bytes) -> dict[str, Any]:
    """The fields of a record that the model knows, None for those that aren't set."""
    r = unpack_record(packed)._asdict()
    place = None if r["place"] == 0 else (r["place"] or r["seq"])
    return {name: r[name] for name in MODELLED} | {"place": place, "lost": r["lost"] or 0, "tags": r["tags"] or ""}


def _as_record(job: ModelJob) -> dict[str, Any]:
    subject = None if job.subject is None else digests([job.subject])
    return {name: getattr(job, name) for name in MODELLED} | {
        "tags": digests(job.tags),
        "subject": subject,
        "group": None if job.group is None else digests([job.group]),
    }


def _window(fields: dict[str, Any]) -> dict[str, Any]:
    names = ("opened_by", "opened_at", "closes_at", "closed_at", "close_reason", "order", "share", "credits", "claimed")
    return {name: fields[name] for name in (*names, *OUTCOMES)} | {"close_when_empty": bool(fields["close_when_empty"])}
