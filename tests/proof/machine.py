"""A state machine that gives the same orders to the real scripts and to the model, and compares all there is."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgpack
import redis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from middleware import keys
from middleware.audit import INDEX_KEYS, census
from middleware.connection import Link
from middleware.records import STATUS_LETTERS
from middleware.scripts import RECORD_FIELDS, WINDOW_FIELDS, Accepted, QueueScripts, Settlement
from middleware.store import INDEXES

from ..middleware.scripted import LEASE_US, SILENCE_US, START_US
from .model import CANCELLED, FINAL, QUEUED, REJECTED, RUNNING, SCHEDULED, Model, ModelJob, ModelPolicy, Token

QUEUE = "default"
WORKERS = ("worker-a", "worker-b")
LETTERS = {status: letter for letter, status in STATUS_LETTERS.items()}
OUTCOMES = ("running", "processed", "retried", "rejected", "cancelled", "put_back")
COUNTERS = (
    "accepted",
    "pruned",
    "processed",
    "rejected",
    "cancelled",
    "retried",
    "revived",
    "reclaimed",
    "stale_settles",
)

moments_us = st.sampled_from([0, 1, 2, 3, 1_000, 700_000, 1_000_000, LEASE_US // 2, LEASE_US])
delays_us = st.sampled_from([0, 0, 1, 2, 1_000, 1_000_000, 5_000_000])
picks = st.integers(0, 15)
settlements = st.lists(
    st.tuples(
        picks,
        st.sampled_from(["processed", "rejected", "cancelled", "retry", "retry", "put_back"]),
        delays_us,
        st.sampled_from([b"", b"words"]),
    ),
    min_size=1,
    max_size=4,
)


@lru_cache(maxsize=4)
def connections(url: str) -> tuple[Link, redis.Redis]:
    """One link for the scripts and one client for the comparing, for all examples."""
    return Link(url, timeout_s=5), redis.Redis.from_url(url)


class QueueMachine(RuleBasedStateMachine):
    """One queue. What the scripts answer and leave behind must be the model's, after every step."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.link, self.client = connections(url)
        self.client.flushdb()
        self.issued: list[Token] = []
        self.last_settled: list[Settlement] = []
        self.made = 0

    @initialize(gated=st.booleans())
    def begin(self, gated: bool) -> None:
        self.model = Model(START_US, gated=gated)
        unruled = "closed" if gated else "open"
        self.scripts = QueueScripts(QUEUE, self.link, unruled=unruled, now=lambda: self.model.now)

    # What clients do.

    @rule(count=st.integers(1, 5), kind=st.sampled_from(["now", "now", "now", "after", "at"]), time_us=delays_us)
    def accept(self, count: int, kind: str, time_us: int) -> None:
        jobs = [self._new() for _ in range(count)]
        self._accept(jobs, kind, self.model.now + time_us - 1_000 if kind == "at" else time_us)

    @precondition(lambda self: self.model.jobs)
    @rule(pick=picks)
    def accept_one_that_is_known(self, pick: int) -> None:
        known = self._any(list(self.model.jobs.values()), pick)
        self._accept([self._new(), (known.id, b"again")], "now", 0)

    @precondition(lambda self: self.model.jobs)
    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        id = self._any(list(self.model.jobs.values()), pick).id
        assert self.scripts.cancel(id, "called off") == self.model.cancel(id, "called off")

    @precondition(lambda self: self.model.jobs)
    @rule(pick=picks, only_ended=st.booleans())
    def revive(self, pick: int, only_ended: bool) -> None:
        ended = self.model.of_status(REJECTED) + self.model.of_status(CANCELLED)
        id = self._any(ended if only_ended and ended else list(self.model.jobs.values()), pick).id
        assert self.scripts.revive(id, b"revived") == self.model.revive(id, b"revived")

    @rule()
    def touch_what_was_never_there(self) -> None:
        assert self.scripts.cancel("nobody", "") == self.model.cancel("nobody", "") == "missing"
        assert self.scripts.revive("nobody", b"") == self.model.revive("nobody", b"") == "missing"

    # What workers do.

    @rule(wanted=st.integers(1, 6), worker=st.sampled_from(WORKERS))
    def claim(self, wanted: int, worker: str) -> None:
        self._compare_claim(self.scripts.claim(worker, LEASE_US, wanted), wanted, worker)

    @precondition(lambda self: self.model.of_status(RUNNING))
    @rule(moves=settlements, wanted=st.sampled_from([0, 0, 1, 2, 5]), worker=st.sampled_from(WORKERS))
    def settle(self, moves: list[Any], wanted: int, worker: str) -> None:
        running = [(job.id, job.attempts) for job in self.model.of_status(RUNNING)]
        self._settle(running, moves, wanted, worker)

    @precondition(lambda self: self.issued)
    @rule(moves=settlements, wanted=st.sampled_from([0, 0, 1]), worker=st.sampled_from(WORKERS))
    def settle_any_token_that_ever_was(self, moves: list[Any], wanted: int, worker: str) -> None:
        self._settle(self.issued, moves, wanted, worker)

    @precondition(lambda self: self.last_settled)
    @rule()
    def send_the_last_settlements_again(self) -> None:
        _, stale = self.scripts.settle(self.last_settled, WORKERS[0], LEASE_US, 0)
        assert stale == self.model.settle(self.last_settled)

    @rule(chosen=st.lists(picks, max_size=4))
    def beat(self, chosen: list[int]) -> None:
        held = [self._any(self.issued, pick) for pick in chosen] if self.issued else []
        self._beat(held)

    @rule(worker=st.sampled_from(WORKERS), forgotten=st.sets(st.integers(0, 5), min_size=1, max_size=3))
    def recover_claims_whose_answer_was_lost(self, worker: str, forgotten: set[int]) -> None:
        its = [(job.id, job.attempts) for job in self.model.of_status(RUNNING) if job.worker == worker]
        held = [token for i, token in enumerate(reversed(its)) if i not in forgotten]
        assert self.scripts.recover(worker, held) == self.model.recover(worker, held)

    @rule()
    def hear_the_doorbell_with_no_idle_thread(self) -> None:
        self.client.delete(keys.doorbell(QUEUE))
        assert self.scripts.look() == self.model.until_due()

    # What upkeep does.

    @rule(by_us=moments_us)
    def let_time_pass(self, by_us: int) -> None:
        self.model.now += by_us

    @rule(by_us=st.sampled_from([1, 1_000_000, 2 * LEASE_US]))
    def set_the_clock_back(self, by_us: int) -> None:
        self.scripts.get_windows(None, None, 1)
        self.model.set_clock_back(self.model.now - by_us)

    @rule(crash_limit=st.sampled_from([1, 2, 3]))
    def reclaim(self, crash_limit: int) -> None:
        expected = self.model.reclaim(LEASE_US, SILENCE_US, crash_limit)
        assert self.scripts.reclaim(LEASE_US, SILENCE_US, crash_limit) == expected

    @rule(crash_limit=st.sampled_from([2, 3]))
    def lose_leases_while_others_beat(self, crash_limit: int) -> None:
        for _ in range(3):
            self.model.now += LEASE_US // 2
            self._beat([])
        self.reclaim(crash_limit)

    @rule()
    def promote(self) -> None:
        assert self.scripts.promote() == self.model.promote()

    @precondition(lambda self: any(job.status in FINAL for job in self.model.jobs.values()))
    @rule(
        age_us=st.sampled_from([0, 1_000_000, 10**12]),
        kept=st.sampled_from([0, 2, 5, 10**6]),
        kept_bytes=st.sampled_from([0, 1_500, 10**9]),
    )
    def prune(self, age_us: int, kept: int, kept_bytes: int) -> None:
        assert self.scripts.prune(age_us, kept, kept_bytes) == self.model.prune(age_us, kept, kept_bytes)

    @rule()
    def flush_the_scripts(self) -> None:
        self.client.script_flush()

    # What operators and the cadence do.

    @rule(
        mode=st.sampled_from(["windows", "windows", "continuous"]),
        order=st.sampled_from(["lifo", "lifo", "fifo"]),
        share=st.sampled_from([0, 0, 1, 250_000, 333_333, 500_000, 999_999, 1_000_000]),
        batch=st.sampled_from([0, 10]),
        close_when_empty=st.booleans(),
    )
    def set_policy(self, mode: str, order: str, share: int, batch: int, close_when_empty: bool) -> None:
        changed = self.scripts.set_policy(mode, order, share, batch, close_when_empty)
        assert changed == self.model.set_policy(ModelPolicy(mode, order, share, batch, close_when_empty))

    @rule(
        ahead_ms=st.sampled_from([None, None, -3_000, 0, 0, 1_000, 1_001]),
        credits=st.sampled_from([0, 1, 3, 10]),
        lasts_us=st.sampled_from([0, 1, 1_000_000, 2 * LEASE_US]),
    )
    def open_window(self, ahead_ms: int | None, credits: int, lasts_us: int) -> None:
        opened_by = "operator" if ahead_ms is None else "tick"
        tick_ms = None if ahead_ms is None else self.model.now // 1_000 + ahead_ms
        word, *rest = self.scripts.open_window(opened_by, tick_ms, credits, lasts_us)
        expected = self.model.open_window(opened_by, tick_ms, credits, lasts_us)
        assert (word.decode(), rest[0] if rest else None) == expected

    @precondition(lambda self: self.model.windows)
    @rule(pick=picks, newest=st.booleans())
    def close_window(self, pick: int, newest: bool) -> None:
        numbers = sorted(self.model.windows)
        number = numbers[-1] if newest else self._any(numbers, pick)
        assert (self.scripts.close_window(number) is not None) == self.model.close_window(number)

    @rule(sure=st.sampled_from([False, False, True]))
    def purge(self, sure: bool) -> None:
        if sure:
            assert self.scripts.purge() == self.model.purge()

    @rule(limit=st.integers(1, 4), status=st.sampled_from([None, *INDEXES]))
    def page_through(self, limit: int, status: Any) -> None:
        self._compare_pages(limit, status)

    # What must be true after every step.

    @invariant()
    def everything_kept_is_the_models(self) -> None:
        kept = self._read()
        self._compare_jobs(kept)
        self._compare_windows(kept["windows"])
        counters = {name.decode(): int(value) for name, value in kept["counters"].items()}
        expected = {name: self.model.counters[name] for name in COUNTERS}
        assert {name: counters.get(name, 0) for name in COUNTERS} == expected
        finished = [job for job in self.model.jobs.values() if job.status in FINAL]
        assert counters.get("finished_bytes", 0) == sum(job.kept_bytes for job in finished)
        rung = kept["doorbell"]
        assert rung <= 1
        if self.model.stack() and self.model.gate() == "open":
            assert rung == 1, "jobs wait at an open gate, and nobody is told"

    @invariant()
    def the_census_adds_up(self) -> None:
        counted = census(self.scripts)
        assert counted.faults == []
        assert counted.order_inversions == counted.conservation_error == 0

    @invariant()
    def a_list_shows_each_job_once_in_the_order_of_acceptance(self) -> None:
        self._compare_pages(7, None)

    def _new(self) -> tuple[str, bytes]:
        self.made += 1
        return f"job-{self.made:05d}", b"message %d" % self.made

    @staticmethod
    def _any(things: list[Any], pick: int) -> Any:
        """One of these; small numbers mean the latest, which shrinks well."""
        return things[-1 - pick % len(things)]

    def _accept(self, jobs: list[tuple[str, bytes]], kind: str, time_us: int) -> None:
        answer = self.scripts.accept([(id, "task", message) for id, message in jobs], kind=kind, time_us=time_us)
        expected = self.model.accept(jobs, kind, time_us)
        if isinstance(answer, Accepted):
            assert (answer.first_seq, answer.due_us) == expected
        else:
            assert expected is None

    def _beat(self, held: list[Token]) -> None:
        assert self.scripts.beat(LEASE_US, SILENCE_US, held) == self.model.beat(LEASE_US, SILENCE_US, held)

    def _settle(self, tokens: list[Token], moves: list[Any], wanted: int, worker: str) -> None:
        chosen = [
            Settlement(
                *self._any(tokens, pick),
                outcome,
                delay_us=delay_us if outcome == "retry" else 0,
                reason="said so" if outcome == "rejected" else "",
                result=words if outcome == "processed" else b"",
                failure=words if outcome in ("retry", "rejected") else b"",
                message=words if outcome == "retry" else b"",
            )
            for pick, outcome, delay_us, words in moves
        ]
        claim, stale = self.scripts.settle(chosen, worker, LEASE_US, wanted)
        assert stale == self.model.settle(chosen)
        self.last_settled = chosen
        if wanted:
            self._compare_claim(claim, wanted, worker)
        else:
            assert (claim.until_due_us, claim.jobs) == (self.model.until_due(), [])

    def _compare_claim(self, answer: Any, wanted: int, worker: str) -> None:
        self.issued += [(id, attempt) for id, attempt, _ in answer.jobs]
        assert tuple(answer) == self.model.claim(wanted, worker, LEASE_US)

    def _read(self) -> dict[str, Any]:
        """All that is kept, at one moment."""
        sets = [*(key for key in INDEX_KEYS.values()), keys.due, keys.leases, keys.finished, keys.displaced]
        hashes = [keys.records, keys.messages, keys.results, keys.failures, keys.counters, keys.windows]
        with self.client.pipeline(transaction=True) as pipe:
            for key in sets:
                pipe.zrange(key(QUEUE), 0, -1, withscores=True)
            for key in hashes:
                pipe.hgetall(key(QUEUE))
            pipe.llen(keys.doorbell(QUEUE))
            answers = pipe.execute()
        kept: dict[str, Any] = {
            key.__name__: {id.decode(): int(score) for id, score in rows}
            for key, rows in zip(sets, answers, strict=False)
        }
        kept |= {key.__name__: rows for key, rows in zip(hashes, answers[len(sets) :], strict=False)}
        return kept | {"doorbell": answers[-1]}

    def _compare_jobs(self, kept: dict[str, Any]) -> None:
        jobs = self.model.jobs
        for status, key in INDEX_KEYS.items():
            its = [job for job in jobs.values() if job.status == LETTERS[status]]
            expected = {job.id: job.place if job.status == QUEUED else job.seq for job in its}
            assert kept[key.__name__] == expected, key.__name__
        of = self.model.of_status
        assert kept["due"] == {job.id: job.due for job in of(SCHEDULED)}
        assert kept["leases"] == {job.id: job.lease_end for job in of(RUNNING)}
        assert kept["finished"] == {job.id: job.finished for job in jobs.values() if job.status in FINAL}
        assert kept["displaced"] == {job.id: job.seq for job in of(QUEUED) if job.place != job.seq}
        assert kept["messages"] == {id.encode(): job.message for id, job in jobs.items()}
        assert kept["results"] == {id.encode(): job.result for id, job in jobs.items() if job.result}
        assert kept["failures"] == {id.encode(): job.failure for id, job in jobs.items() if job.failure}
        records = {id.decode(): _record(packed) for id, packed in kept["records"].items()}
        assert records == {id: _as_record(job) for id, job in jobs.items()}

    def _compare_windows(self, packed: dict[bytes, bytes]) -> None:
        self.model.open_window_now()
        found = {}
        for number, window in packed.items():
            w = dict(zip(WINDOW_FIELDS, msgpack.unpackb(window), strict=True))
            assert w["claimed"] == sum(w[outcome] for outcome in OUTCOMES)
            assert w["credits"] is False or w["claimed"] <= w["credits"]
            if not w["closed_at"] and w["closes_at"] and w["closes_at"] <= self.model.now:
                # Whoever looks closes it first.
                w["closed_at"], w["close_reason"] = w["closes_at"], "time"
            if w["claimed"] or not w["closed_at"]:
                found[int(number)] = _window(w)
        expected = {}
        for number, window in self.model.windows.items():
            plain = vars(window) | {outcome: window.outcomes[outcome] for outcome in OUTCOMES}
            expected[number] = _window(plain)
        assert found == expected

    def _compare_pages(self, limit: int, status: Any) -> None:
        indexes = [INDEXES[status]] if status else list(INDEXES.values())
        if status is None or INDEXES[status] == "stack":
            indexes.append("displaced")
        seen: list[str] = []
        below = None
        for _ in range(2 * len(self.model.jobs) + 2):
            below, rows = self.scripts.page(below, limit, indexes)
            seen += [id for id, _ in rows]
            if below is None:
                break
        wanted = [job for job in self.model.jobs.values() if status is None or job.status == LETTERS[status]]
        assert below is None
        assert seen == [job.id for job in sorted(wanted, key=lambda job: -job.seq)]


def _record(packed: bytes) -> dict[str, Any]:
    """The fields of a record that the model knows, None for those that aren't set."""
    r = dict(zip(RECORD_FIELDS, msgpack.unpackb(packed), strict=True))
    place = None if r["place"] == 0 and r["place"] is not False else (r["place"] or r["seq"])
    plain = {name: None if r[name] is False else r[name] for name in RECORD_FIELDS if name not in ("task", "entered")}
    return plain | {"place": place, "lost": r["lost"] or 0}


def _as_record(job: ModelJob) -> dict[str, Any]:
    return {name: getattr(job, name) for name in RECORD_FIELDS if name not in ("task", "entered")}


def _window(fields: dict[str, Any]) -> dict[str, Any]:
    names = ("opened_by", "opened_at", "closes_at", "closed_at", "close_reason", "order", "share", "credits", "claimed")
    plain = {name: None if fields[name] is False else fields[name] for name in (*names, *OUTCOMES)}
    return plain | {"close_when_empty": bool(fields["close_when_empty"])}
