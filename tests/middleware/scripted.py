"""A queue driven by its scripts alone, on a clock that the test moves; and an audit of all that Redis keeps of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import dramatiq
import redis

from middleware.broker import LifoBroker
from middleware.commands import keys
from middleware.commands.layout import (
    NO_GROUP,
    STATE_FIELDS,
    STATUS_LETTERS,
    Record,
    TaskCounters,
    unpack_record,
    unpack_task_counters,
)
from middleware.commands.types import (
    KEYLESS,
    NAMELESS,
    NO_SUBJECT,
    Accepted,
    Again,
    Call,
    Claim,
    Crowded,
    Exists,
    IdempotencyKey,
    Offer,
    Replayed,
    Reused,
    Room,
    Settlement,
    Subject,
)
from middleware.jobs import Job
from middleware.queues.policy import Policy
from middleware.queues.snapshot import QueueSnapshot
from middleware.queues.window import Window
from middleware.tags import digests, entry, split

START_US = 1_700_000_000_000_000
LEASE_US = 15_000_000
SILENCE_US = 10_000_000
WORKER = "worker-a"

Token = tuple[str, int]

INDEX_OF_LETTER = {letter: keys.STATUS_INDEXES[status] for letter, status in STATUS_LETTERS.items() if letter != "q"}
FINAL_LETTERS = {letter for letter, status in STATUS_LETTERS.items() if status.is_final}


class Clock:
    """Microseconds since the epoch, as the test sets them."""

    def __init__(self) -> None:
        self.now_us = START_US

    def __call__(self) -> int:
        return self.now_us

    def forward(self, *, s: float = 0, ms: float = 0, us: int = 0) -> None:
        """Let time pass."""
        self.now_us += int(s * 1_000_000 + ms * 1000) + us


class ScriptedQueue:
    """One queue. Nobody listens to its doorbell, so a token that is rung stays there to be seen."""

    def __init__(self, url: str, name: str = "default", *, gated: bool = False, clock: Clock | None = None) -> None:
        self.name = name
        self.clock = clock or Clock()
        self.url = url
        self.broker = LifoBroker(url=url, gated=gated, now=self.clock)
        self.broker.declare_queue(name)
        self.scripts = self.broker.redis.queue(name)
        self.client = redis.Redis.from_url(url, decode_responses=True)
        self.client.sadd(keys.queues(), name)

    def close(self) -> None:
        """Drop the connections."""
        self.broker.close()
        self.client.close()

    def encoded(self, id: str, **options: Any) -> bytes:
        """A message for this id."""
        return dramatiq.Message(self.name, "task", (), {}, options, message_id=id, message_timestamp=0).encode()

    def offer(
        self,
        *ids: str,
        due: bytes = b"",
        deadline: bytes = b"",
        about: Subject = NO_SUBJECT,
        call: Call = NAMELESS,
        key: IdempotencyKey = KEYLESS,
        most_waiting: int = 0,
        drop_oldest: bool = False,
        most_bytes: int = 0,
        generated_us: int | None = None,
    ) -> Accepted | Exists | Crowded | Again | Replayed | Reused:
        """One call of accept, whatever it answers."""
        jobs = [
            Offer(id, "task", self.encoded(id), due, deadline=deadline, subject=about, generated_us=generated_us)
            for id in ids
        ]
        return self.scripts.accept(jobs, call=call, key=key, room=Room(most_waiting, drop_oldest, most_bytes))

    def cancel(self, id: str, reason: str) -> str:
        """One call of cancel; what it answers."""
        return self.scripts.cancel_all([id], reason)[0]

    def retry(self, id: str, message: bytes) -> str:
        """One call of retry; what it answers."""
        return self.scripts.retry_all([(id, message)])[0]

    def send(self, *ids: str, after_us: int = 0, expires_in_us: int = 0) -> Accepted:
        """Accept these ids in one batch, delayed by ``after_us``, to expire ``expires_in_us`` from now (0: never)."""
        due, deadline = (b"+%d" % us if us else b"" for us in (after_us, expires_in_us))
        answer = self.offer(*ids, due=due, deadline=deadline)
        assert isinstance(answer, Accepted)
        return answer

    def send_about(
        self, subject: str, *ids: str, after_us: int = 0, max_defer_us: int = 0, stops_running: bool = False
    ) -> None:
        """Accept these ids in one batch, all with this subject."""
        about = Subject(digests([subject]), max_defer_us, stops_running)
        assert isinstance(self.offer(*ids, due=b"+%d" % after_us if after_us else b"", about=about), Accepted)

    def send_generated(self, ago_us: int, *ids: str, subject: str = "", after_us: int = 0, **about: Any) -> None:
        """Accept these ids in one batch, all generated so long ago (below 0: that lies ahead)."""
        due = b"+%d" % after_us if after_us else b""
        subject_of_it = Subject(digests([subject]), **about) if subject else NO_SUBJECT
        answer = self.offer(*ids, due=due, about=subject_of_it, generated_us=self.clock.now_us - ago_us)
        assert isinstance(answer, Accepted)

    def send_batch_about(self, subject: str, **ago_us: int) -> Accepted:
        """Accept jobs with these ids in one batch, all with this subject, each generated so long ago."""
        about, now_us = Subject(digests([subject])), self.clock.now_us
        offers = [
            Offer(id, "task", self.encoded(id), subject=about, generated_us=now_us - us) for id, us in ago_us.items()
        ]
        answer = self.scripts.accept(offers)
        assert isinstance(answer, Accepted)
        return answer

    def send_of(self, group: str, *ids: str) -> None:
        """Accept these ids one after the other, a microsecond apart, all of this group (empty: of none)."""
        for id in ids:
            self.clock.forward(us=1)
            self.scripts.accept(
                [Offer(id, "task", self.encoded(id, group=group), group=digests(filter(None, [group])))]
            )

    def send_tagged(self, **tags: str) -> None:
        """Accept jobs with these ids one after the other, a microsecond apart, each with its tags between spaces."""
        for id, of_it in tags.items():
            self.clock.forward(us=1)
            self.scripts.accept([Offer(id, "task", self.encoded(id, tags=of_it.split()), b"", digests(of_it.split()))])

    def send_each(self, *ids: str) -> None:
        """Accept these ids one after the other, a microsecond apart."""
        for id in ids:
            self.clock.forward(us=1)
            self.send(id)

    def hand_out(self, wanted: int = 1, worker: str = WORKER) -> Claim:
        """One call of claim, with all that it answers."""
        return self.scripts.claim(worker, LEASE_US, wanted)

    def claim(self, wanted: int = 1, worker: str = WORKER) -> list[Token]:
        """Claim; the tokens of the jobs that came, in the order in which they came."""
        return [(id, number) for id, number, _ in self.hand_out(wanted, worker).jobs]

    def claimed_ids(self, wanted: int = 1) -> list[str]:
        """Claim; only the ids."""
        return [id for id, _ in self.claim(wanted)]

    def settle(self, token: Token, outcome: str = "processed", **more: Any) -> int:
        """Settle one attempt and claim nothing; how many settlements were stale."""
        return self.settle_all([Settlement(*token, outcome, **more)])

    def settle_all(self, settlements: list[Settlement]) -> int:
        """Settle several attempts in one call and claim nothing; how many were stale."""
        return len(self.scripts.settle(settlements, WORKER, LEASE_US, 0)[1])

    def process_and_claim(self, *tokens: Token, **more: Any) -> list[Token]:
        """What a busy worker does: these were processed, and as many are claimed in the same call."""
        settlements = [Settlement(*token, "processed", **more) for token in tokens]
        claim, _ = self.scripts.settle(settlements, WORKER, LEASE_US, len(tokens))
        return [(id, number) for id, number, _ in claim.jobs]

    def heartbeat(self, *held: Token) -> None:
        """A worker's heartbeat for what it holds."""
        self.scripts.heartbeat(LEASE_US, SILENCE_US, held)

    def reclaim(self, crash_limit: int = 3) -> list[tuple[str, str]]:
        """Put back what lost its lease: (id, status letter) each."""
        return self.scripts.reclaim(LEASE_US, SILENCE_US, crash_limit)[1]

    def lose_leases(self, crash_limit: int = 3) -> list[tuple[str, str]]:
        """Let all leases run out while somebody else sends heartbeats, and reclaim."""
        for _ in range(3):
            self.clock.forward(us=LEASE_US // 2)
            self.heartbeat()
        return self.reclaim(crash_limit)

    def rule(self, **policy: Any) -> None:
        """Put a policy in force."""
        self.broker.windows.put_policy(self.name, Policy(**policy))

    def open(self, *, credits: int = 0, lasts_us: int = 0, **more: Any) -> Window:
        """Open a window by an operator's word, unless told otherwise."""
        more = {"opened_by": "operator"} | more
        return self.broker.windows.open(self.name, credits=credits, lasts_us=lasts_us, **more)

    def snapshot(self) -> QueueSnapshot:
        """The queue as it is now."""
        found = self.broker.control.snapshot(self.name)
        assert found is not None
        return found

    def window(self, window: Window) -> Window:
        """The window as it is now."""
        found = self.broker.windows.get(window.id)
        assert found is not None
        return found

    def job(self, id: str) -> Job:
        """The job with this id."""
        job = self.broker.store.get(id)
        assert job is not None, f"there is no job {id}"
        return job

    def token(self, id: str, attempt: int) -> Token:
        """What the delivery of this attempt, the last one, is called."""
        job = self.job(id)
        assert job.attempts == attempt
        return id, job.seq + attempt + (job.started_at_us or 0)

    def status(self, id: str) -> str:
        """Where the job is in its life."""
        return self.job(id).status.value

    def waiting(self) -> list[str]:
        """The ids on the stack, from the top."""
        return list(self.client.zrevrange(keys.stack(self.name), 0, -1))

    def count(self, name: str) -> int:
        """One of the queue's counters."""
        self.scripts.read_counters(0, 0)  # adds up what is pending
        return int(self.client.hget(keys.counters(self.name), name) or 0)

    def ended(self, status: str) -> int:
        """How many times a job of the queue came to this end, as it was counted."""
        return sum(counters.counts.totals[f"ended_{status}"] for counters in self._task_counters().values())

    def is_rung(self) -> bool:
        """True when the doorbell holds a token."""
        return self.client.llen(keys.doorbell(self.name)) > 0

    def silence(self) -> None:
        """Take the token off the doorbell, as a consumer does that hears it."""
        self.client.delete(keys.doorbell(self.name))

    def audit(self) -> None:
        """Check that every job is in exactly one state, that windows add up, and that nobody sleeps in vain."""
        records = self._records()
        letters = {id: record.status for id, record in records.items()}
        self._audit_indexes(records, letters)
        self._audit_windows(records)
        self._audit_task_counters(records)
        assert self.count("accepted") == len(records) + self.count("pruned")
        bytes_are_known = not self.count("orphans")  # how many a record had that was removed by hand isn't
        for letter, counter in (("q", "queued_bytes"), ("s", "scheduled_bytes")) if bytes_are_known else ():
            sizes = [self.client.hstrlen(keys.messages(self.name), id) for id, its in letters.items() if its == letter]
            assert self.count(counter) == sum(sizes), counter
        for texts in (keys.results, keys.failures, keys.progress):
            assert set(self.client.hkeys(texts(self.name))) <= set(records), texts.name
        assert self.client.llen(keys.doorbell(self.name)) <= 1

    def _records(self) -> dict[str, Record]:
        with redis.Redis.from_url(self.broker.redis.address.url) as raw:
            packed = raw.hgetall(keys.records(self.name))
        return {id.decode(): unpack_record(record) for id, record in packed.items()}

    def _audit_indexes(self, records: dict[str, Record], letters: dict[str, str]) -> None:
        for letter, index in INDEX_OF_LETTER.items():
            expected = {id: records[id].seq for id, its in letters.items() if its == letter}
            assert self._scores(index) == expected, index.name
        places = {id: r.place or r.seq for id, r in records.items() if letters[id] == "q"}
        assert self._scores(keys.stack) == places
        displaced = {id: records[id].seq for id, place in places.items() if place != records[id].seq}
        assert self._scores(keys.displaced) == displaced
        dues = {id: r.due for id, r in records.items() if letters[id] == "s"}
        events = self._scores(keys.due)
        next_deadline = events.pop("", None)
        assert events == dues
        deadlines = {id: r.expires for id, r in records.items() if letters[id] in "qs" and r.expires}
        assert self._scores(keys.deadlines) == deadlines
        if deadlines:
            assert next_deadline is not None
            assert next_deadline <= min(deadlines.values()), "nobody will wake for it"
        assert set(self._scores(keys.leases)) == {id for id, letter in letters.items() if letter == "r"}
        finished = {id: r.finished for id, r in records.items() if letters[id] in FINAL_LETTERS}
        assert self._scores(keys.finished) == finished
        assert set(self.client.hkeys(keys.messages(self.name))) == set(records)
        with redis.Redis.from_url(self.broker.redis.address.url) as raw:
            tagged = raw.zrange(keys.tagged(self.name), 0, -1)
            rows = raw.zrange(keys.subjects(self.name), 0, -1)
            freshness = raw.zrange(keys.freshness(self.name), 0, -1, withscores=True)
        fresh = {digest.decode(): int(seq) for digest, seq in freshness}
        alive = [
            entry(r.subject, r.age, id)
            for id, r in records.items()
            if r.subject and (r.status in "sqr" or (r.status == "p" and fresh.get(r.subject) == r.age))
        ]
        assert rows == sorted(alive)
        assert fresh.keys() <= {r.subject for r in records.values() if r.status == "p"}
        self._audit_groups(records)
        expected_tags = [entry(tag, r.seq, id) for id, r in records.items() for tag in split(r.tags or "")]
        assert tagged == sorted(expected_tags)

    def _audit_groups(self, records: dict[str, Record]) -> None:
        with redis.Redis.from_url(self.broker.redis.address.url) as raw:
            waiting, running = (raw.zrange(key(self.name), 0, -1) for key in (keys.grouped, keys.running_grouped))
        runs = [entry(r.group, r.seq, id) for id, r in records.items() if r.group and r.status == "r"]
        assert running == sorted(runs)
        if self.client.hget(keys.policy(self.name), "grouping") == "on":
            waits = {id: r for id, r in records.items() if r.status == "q"}
            assert waiting == sorted(entry(r.group or NO_GROUP, r.place or r.seq, id) for id, r in waits.items())
        else:
            assert not waiting

    def _task_counters(self) -> dict[str, TaskCounters]:
        self.scripts.read_counters(0, 0)
        with redis.Redis.from_url(self.broker.redis.address.url) as raw:
            packed = raw.hgetall(keys.task_counters(self.name))
        return {task.decode(): unpack_task_counters(counters) for task, counters in packed.items()}

    def _audit_task_counters(self, records: dict[str, Record]) -> None:
        if self.count("orphans"):
            return  # records were removed by hand, and what they were counted as is unknown
        tasks = self._task_counters()
        counted = Counter(
            {(task, state): its.counts.states[state] for task, its in tasks.items() for state in STATE_FIELDS}
        )
        assert +counted == Counter((r.task, STATUS_LETTERS[r.status].value) for r in records.values())
        assert not -counted
        assert sum(its.counts.totals["accepted"] for its in tasks.values()) == self.count("accepted")

    def _audit_windows(self, records: dict[str, Record]) -> None:
        running = Counter(r.window for r in records.values() if r.status == "r" and r.window)
        windows = self.broker.windows.page(queue=self.name, limit=1000).windows
        for w in windows:
            assert w.claimed == w.running + w.processed + w.retried + w.rejected + w.cancelled + w.put_back, w
            assert w.credits is None or w.claimed <= w.credits, w
            assert w.running == running[w.number], w
        assert sum(w.is_open for w in windows) <= 1

    def _scores(self, key: Any) -> dict[str, int]:
        return {id: int(score) for id, score in self.client.zrange(key(self.name), 0, -1, withscores=True)}
