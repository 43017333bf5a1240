"""What the checker of histories knows of groups, from the log alone: who waits, who runs, and whose turn it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from middleware.commands.layout import MOST_TURNS
from middleware.jobs import JobStatus

from .known import KnownJob, Waiting


class KnownGroups(Waiting):
    """The waiting jobs of a queue, together and by their groups; and how many run. The group of those that have none
    is empty: it isn't bounded."""

    def __init__(self) -> None:
        super().__init__()
        self._of: dict[str, Waiting] = {}
        self._group_of: dict[str, str] = {}
        self._running: Counter[str] = Counter()
        self._had_turn: set[str] = set()
        self._max_running = self._of_group = 0
        self._shares = self._is_on = False

    def put_policy(self, max_running: int = 0, of_group: int = 0, shares: bool = False) -> None:
        """From now on this holds."""
        self._max_running, self._of_group, self._shares = max_running, of_group, shares

    def switch(self, word: str) -> None:
        """Claims go by groups from now on, or no more; everybody has a turn."""
        self._is_on = word == "on"
        self._had_turn.clear()

    def add(self, id: str, place: int, group: str = "") -> None:
        """One more waits."""
        super().add(id, place)
        self._group_of[id] = group
        self._of.setdefault(group, Waiting()).add(id, place)

    def discard(self, id: str) -> None:
        """It waits no more, if it did."""
        super().discard(id)
        if (group := self._group_of.pop(id, None)) is not None:
            self._of[group].discard(id)
            if not self._of[group]:
                del self._of[group]

    def note(self, job: KnownJob, before: JobStatus) -> None:
        """A job that had this status has another one."""
        self._running[job.group] += (job.status is JobStatus.RUNNING) - (before is JobStatus.RUNNING)

    def right(self, is_top: bool) -> int | None:
        """The place that a claim has to take from this end."""
        if not self._is_on:
            return self.highest() if is_top else self.lowest()
        ends = [waiting.highest() if is_top else waiting.lowest() for waiting in map(self._of.get, self._at_turn())]
        return (max if is_top else min)((end for end in ends if end is not None), default=None)

    def begin_round(self) -> Iterator[tuple[str, str]]:
        """Everybody has a turn again: what is wrong with that, as kind and text."""
        if (left := self._at_turn()) and len(self._had_turn) < MOST_TURNS:
            yield "out of turn", f"a round ended while {len(left)} groups hadn't had their turn"
        self._had_turn.clear()

    def claim(self, group: str) -> Iterator[tuple[str, str]]:
        """A job of this group is about to run: what is wrong with that, as kind and text."""
        if self._max_running and (running := self._running.total()) >= self._max_running:
            yield "bound overrun", f"{running} run already, and {self._max_running} may"
        if not self._is_on:
            return
        if self._is_full(group):
            yield "bound overrun", f"{self._running[group]} of its group run already, and {self._of_group} may"
        if self._shares:
            if group in self._had_turn:
                yield "out of turn", "its group has had its turn in this round"
            self._had_turn.add(group)

    def _at_turn(self) -> list[str]:
        return [group for group in self._of if group not in self._had_turn and not self._is_full(group)]

    def _is_full(self, group: str) -> bool:
        return bool(group) and 0 < self._of_group <= self._running[group]
