"""The commands on a queue: one Lua script each, one method each (``build.py`` builds them)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import msgpack

from .accept_arguments import accept_arguments
from .calls import optional, pairs, repeatable
from .recurring_commands import RecurringCommands
from .types import (
    BOUNDLESS,
    KEYLESS,
    NAMELESS,
    Acceptance,
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
    Token,
)
from .window_commands import WindowCommands

REFUSALS = frozenset({b"crowded", b"reused"})
"""How ``accept.lua`` begins its answer when no job is there for it."""


class SettleAnswer:
    """What ``settle.lua`` answered. It is read when somebody asks: first the next call is sent."""

    def __init__(self, answer: list[Any]) -> None:
        self._answer = answer

    def claim(self) -> Claim:
        """What was claimed."""
        return _claim(self._answer[0], self._answer[1], self._answer[3:])

    def stale(self) -> list[int]:
        """Which of the settlements were stale, by their indexes."""
        return [number - 1 for number in self._answer[2]]


class QueueCommands(WindowCommands, RecurringCommands):
    """All commands on one queue."""

    @repeatable
    def accept(
        self,
        jobs: Sequence[Offer],
        *,
        call: Call = NAMELESS,
        key: IdempotencyKey = KEYLESS,
        room: Room = BOUNDLESS,
    ) -> Acceptance:
        """Accept jobs, all or none, if there is ``room`` for them. With a ``call`` it may be sent again; with a ``key``
        it accepts nothing when it was sent before."""
        arguments = accept_arguments(self._default_gate, jobs, call=call, key=key, room=room)
        return _acceptance(self._run_replicated("accept", arguments, changes_nothing=REFUSALS), len(jobs))

    def begin_accepting(self, jobs: Sequence[Offer]) -> Callable[[], Acceptance]:
        """As :meth:`accept`, in two steps: send now; what this returns, called once, waits for the answer. Replicas
        aren't waited for."""
        pending = self._begin("accept", accept_arguments(self._default_gate, jobs))
        return lambda: _acceptance(pending(), len(jobs))

    def claim(self, worker: str, lease_us: int, wanted: int) -> Claim:
        """Claim up to ``wanted`` jobs. Never to be sent again blindly."""
        arguments = [worker.encode(), b"%d" % lease_us, self._default_gate, b"%d" % wanted]
        word, until_due_us, *jobs = self._run("claim", arguments)
        return _claim(word, until_due_us, jobs)

    def settle(
        self, settlements: Sequence[Settlement], worker: str, lease_us: int, wanted: int
    ) -> tuple[Claim, list[int]]:
        """Settle attempts and claim up to ``wanted`` jobs; also returns which of the settlements were stale, by their
        indexes. May be sent again with ``wanted=0``."""
        answer = self.begin_settling(settlements, worker, lease_us, wanted)()
        return answer.claim(), answer.stale()

    def begin_settling(
        self, settlements: Sequence[Settlement], worker: str, lease_us: int, wanted: int
    ) -> Callable[[], SettleAnswer]:
        """As :meth:`settle`, in two steps: send now; what this returns, called once, waits for the answer."""
        arguments = [worker.encode(), b"%d" % lease_us, self._default_gate, b"%d" % wanted]
        for s in settlements:
            arguments += (s.id.encode(), b"%d" % s.number, s.outcome.encode(), _detail(s))
        pending = self._begin("settle", arguments)
        return lambda: SettleAnswer(pending())

    def recover(self, worker: str, held: Iterable[Token]) -> int:
        """Put back what this worker claimed without ever hearing of it; returns how many."""
        return int(self._run("recover", [worker.encode(), self._default_gate, *_tokens(held)]))

    def ring_again(self) -> tuple[int, bool]:
        """Ring the doorbell again; µs until the next job falls due (-1: none does), and whether jobs wait."""
        until_due_us, jobs_wait = self._run("ring_again", [self._default_gate])
        return until_due_us, bool(jobs_wait)

    def heartbeat(self, lease_us: int, silence_us: int, held: Iterable[Token]) -> list[tuple[str, str]]:
        """Renew the leases of what is held: (id, word) of those that need attention; word: lost, cancel."""
        answer = self._run("heartbeat", [b"%d" % lease_us, b"%d" % silence_us, *_tokens(held)])
        return [(answer[i].decode(), answer[i + 1].decode()) for i in range(0, len(answer), 2)]

    @repeatable
    def cancel_all(self, ids: Sequence[str], reason: str) -> list[str]:
        """Call up to 500 jobs off; of each: cancelled, asked, already, finished, missing (``cancel.lua``)."""
        words: list[bytes] = self._run("cancel", [reason.encode(), *(id.encode() for id in ids)])
        return [word.decode() for word in words]

    @repeatable
    def retry_all(self, jobs: Sequence[tuple[str, bytes]], reason: str = "") -> list[str]:
        """Put up to 500 jobs that ended badly on top, the last one uppermost; of each: queued, or why not
        (``retry.lua``)."""
        parts = (part for id, message in jobs for part in (id.encode(), message))
        words: list[bytes] = self._run("retry", [self._default_gate, reason.encode(), *parts])
        return [word.decode() for word in words]

    @repeatable
    def progress(self, token: Token, progress: bytes) -> str:
        """Keep what a task says of itself: kept, stale, cancel (``progress.lua``)."""
        answer: bytes = self._run("progress", [*_tokens([token]), progress])
        return answer.decode()

    @repeatable
    def snapshot(self, full_windows: int) -> dict[str, Any]:
        """What there is to know at one moment, by the names that ``snapshot.lua`` gives. ``full_windows``: how many in
        a row must have used all their credits."""
        return pairs(self._run("snapshot", [b"%d" % full_windows]))

    @repeatable
    def read_counters(self, samples: int, minutes: int) -> list[Any]:
        """What is counted for statistics, with this many of the newest samples and minutes (``read_counters.lua``)."""
        answer: list[Any] = self._run("read_counters", [b"%d" % samples, b"%d" % minutes])
        return answer

    @repeatable
    def read_stack(self, from_top: int, from_bottom: int, ages_us: Sequence[int]) -> list[Any]:
        """How the waiting jobs lie on the stack (``read_stack.lua``)."""
        numbers = (from_top, from_bottom, *ages_us)
        answer: list[Any] = self._run("read_stack", [b"%d" % number for number in numbers])
        return answer

    def promote(self) -> int:
        """Put due jobs on the stack; µs until the next one falls due, -1: none, 0: call again."""
        return int(self._run("promote", [self._default_gate]))

    def reclaim(self, lease_us: int, silence_us: int, crash_limit: int) -> tuple[int, list[tuple[str, str]]]:
        """Put back jobs whose lease ran out: µs until the next lease ends (-1: none), and (id, status letter) each."""
        arguments = [b"%d" % lease_us, b"%d" % silence_us, b"%d" % crash_limit, self._default_gate]
        answer = self._run("reclaim", arguments)
        moved = [(answer[i].decode(), answer[i + 1].decode()) for i in range(1, len(answer), 2)]
        return answer[0], moved

    def prune(self, age_us: int, kept: int, kept_bytes: int, kept_keys: int) -> int:
        """Delete finished jobs older than ``age_us``, beyond the newest ``kept``, or beyond ``kept_bytes``, and some of
        the idempotency keys beyond ``kept_keys``; how many jobs it was; 200: call again."""
        return int(self._run("prune", [b"%d" % age_us, b"%d" % kept, b"%d" % kept_bytes, b"%d" % kept_keys]))

    @repeatable
    def flush(self) -> int:
        """Delete up to 500 waiting jobs; 0: none is left."""
        return int(self._run("flush", []))

    @repeatable
    def page(
        self,
        below_seq: int | None,
        limit: int,
        indexes: Sequence[str],
        *,
        above_seq: int | None = None,
        tasks: Collection[str] = (),
        window: int | None = None,
        tags: str = "",
    ) -> tuple[int | None, list[tuple[str, bytes]]]:
        """Jobs of these indexes with a seq below ``below_seq`` (and above ``above_seq``, of one of these tasks, let
        through by this window, with one of the tags of these digests), newest first: where the next page begins, and
        (id, packed record) each."""
        # This script alone takes no time: it reads what is there.
        packed_tasks = msgpack.packb(list(tasks)) if tasks else b""
        rows = map(optional, (below_seq, above_seq, limit))
        arguments = [*rows, packed_tasks, optional(window), tags.encode(), *(index.encode() for index in indexes)]
        answer = self._run("page", arguments, timed=False)
        found = [(answer[i].decode(), answer[i + 1]) for i in range(1, len(answer), 2)]
        return int(answer[0]) if answer[0] else None, found


def _acceptance(answer: list[Any], count: int) -> Acceptance:
    match answer:
        case [b"again"]:
            return Again()
        case [b"exists", known, known_id]:
            return Exists(known, known_id.decode())
        case [b"crowded", *room]:
            return Crowded(*room)
        case [b"replayed", *made]:
            return Replayed(*made)
        case [b"reused"]:
            return Reused()
        case [b"recorded", first, now, *records]:
            return Accepted(first, (), now, records)
    _, first, now, *dues = answer
    return Accepted(first, [due or None for due in dues] or [None] * count, now)


def _detail(s: Settlement) -> bytes:
    if s.outcome == "processed":
        return s.result
    # Redis's MessagePack is an older one, in which bytes and text are the same.
    packed: bytes = msgpack.packb((s.delay_us, s.reason, s.result, s.failure, s.message), use_bin_type=False)
    return packed


def _claim(words: bytes, until_due_us: int, flat: list[Any]) -> Claim:
    word, _, window = words.decode().partition(" ")
    jobs = [(flat[i].decode(), flat[i + 1], flat[i + 4]) for i in range(0, len(flat), 5)]
    return Claim(word, until_due_us, jobs, tuple(flat[2::5]), tuple(flat[3::5]), int(window) if window else None)


def _tokens(held: Iterable[Token]) -> Iterable[bytes]:
    for id, number in held:
        yield id.encode()
        yield b"%d" % number
