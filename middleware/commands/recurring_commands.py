"""The commands on a queue's recurring jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .accept_arguments import accept_arguments
from .calls import QueueCalls, pairs, repeatable
from .types import Offer, Skipped, Submitted, Tick, TickAnswer, TickRefused

UNDECIDED = frozenset({b"unknown", b"early"})
"""How ``accept.lua`` begins its answer when a tick isn't decided."""


class RecurringCommands(QueueCalls):
    """What the cadence and operators say to recurring jobs."""

    def accept_tick(self, job: Offer, tick: Tick) -> TickAnswer:
        """Accept a tick's job, unless that tick was decided before. May be sent again: it is decided once."""
        arguments = accept_arguments(self._default_gate, [job], tick=tick)
        word, *answer = self._run_replicated("accept", arguments, changes_nothing=UNDECIDED)
        match word:
            case b"submitted":
                return Submitted(*answer)
            case b"skipped":
                return Skipped(answer[0].decode(), answer[1])
        return TickRefused(word.decode())

    @repeatable
    def put_recurring(self, jobs: Sequence[tuple[str, str, bytes]]) -> int:
        """Put these recurring jobs in force and no others: name, timetable and definition each; how many changed."""
        arguments: list[bytes] = []
        for name, timetable, definition in jobs:
            arguments += (name.encode(), timetable.encode(), definition)
        return int(self._run("put_recurring", arguments))

    @repeatable
    def pause_recurring(self, word: str, name: str, by: str, reason: str) -> str:
        """``pause`` a recurring job, or ``resume`` it: changed, same, unknown (``pause_recurring.lua``)."""
        answer: bytes = self._run("pause_recurring", [word.encode(), name.encode(), by.encode(), reason.encode()])
        return answer.decode()

    @repeatable
    def read_recurring(self) -> tuple[int, dict[str, Any], list[tuple[str, bytes, bytes | None]]]:
        """The time in µs, the counters, and of each recurring job its name, packed record and last job's record."""
        now_us, counters, *rows = self._run("read_recurring", [])
        found = [(rows[i].decode(), rows[i + 1], rows[i + 2]) for i in range(0, len(rows), 3)]
        return now_us, pairs(counters), found
