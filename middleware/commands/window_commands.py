"""The commands on a queue's policy, its windows and its pauses."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from .calls import QueueCalls, optional, repeatable
from .types import KEYLESS, IdempotencyKey

INDEXING_S = 0.2
"""So long one call of :meth:`WindowCommands.index_groups` takes at most: the next window mustn't wait for it."""


class WindowCommands(QueueCalls):
    """What operators and the cadence say to a queue."""

    @repeatable
    def put_policy(
        self,
        fields: Mapping[str, str],
        *,
        next_tick_ms: int | Literal["keep"] | None = "keep",
        later_ticks_ms: Sequence[int] = (),
    ) -> bool:
        """Put a policy in force, and note when the cadence opens the next windows; True if it changed the policy.
        Where it goes by groups, :meth:`index_groups` is begun."""
        next_tick = b"keep" if next_tick_ms == "keep" else optional(next_tick_ms)
        pairs = [text.encode() for pair in fields.items() for text in pair]
        later_ticks = " ".join(map(str, later_ticks_ms)).encode()
        is_changed, is_indexing = self._run("set_policy", [next_tick, later_ticks, *pairs])
        if is_indexing:
            self.index_groups()
        return bool(is_changed)

    @repeatable
    def index_groups(self) -> bool:
        """Put the jobs that wait into the index of groups, some in each call, for a moment; True if it is to be called
        again."""
        until = time.monotonic() + INDEXING_S
        while self._run("index_groups", [self._default_gate]):
            if time.monotonic() > until:
                return True
        return False

    def open_window(
        self,
        opened_by: str,
        tick_ms: int | None,
        credits: int | None,
        lasts_us: int | None,
        *,
        next_tick_ms: int | None = None,
        key: IdempotencyKey = KEYLESS,
        by: str | None = None,
    ) -> list[Any]:
        """Open a window; the answer as ``open_window.lua`` words it."""
        numbers = (tick_ms, credits, lasts_us, next_tick_ms)
        answer: list[Any] = self._run(
            "open_window", [opened_by.encode(), *map(optional, numbers), *key, (by or "").encode()]
        )
        return answer

    @repeatable
    def close_window(self, number: int, by: str | None = None) -> bytes | None:
        """Close a window if it is open; its packed record, None when there is none."""
        answer: bytes | None = self._run("close_window", [b"%d" % number, (by or "").encode()])
        return answer

    @repeatable
    def get_window(self, number: int) -> bytes | None:
        """A window's packed record, None when there is none."""
        answer: bytes | None = self._run("get_window", [b"%d" % number])
        return answer

    @repeatable
    def get_windows(self, below_seq: int | None, limit: int) -> list[tuple[int, int, bytes]]:
        """Windows that opened before the one with this seq, newest first: (number, seq, packed record) each."""
        below = b"+inf" if below_seq is None else b"(%d" % below_seq
        answer = self._run("get_windows", [below, b"%d" % limit])
        return [(int(answer[i]), int(answer[i + 1]), answer[i + 2]) for i in range(0, len(answer), 3)]

    @repeatable
    def preview_window(self, limit: int) -> tuple[int | None, int, list[str]]:
        """If a window opened now: when the next one does, how many jobs it would let through, and their first ids."""
        next_tick, count, *ids = self._run("preview_window", [b"%d" % limit])
        return int(next_tick) if next_tick else None, count, [id.decode() for id in ids]

    @repeatable
    def pause(self, word: str, by: str, reason: str) -> bool:
        """``pause`` the queue, or ``resume`` it; True if that changed anything."""
        return bool(self._run("pause", [word.encode(), by.encode(), reason.encode(), self._default_gate]))
