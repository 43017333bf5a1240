"""Whose turn it is in a queue in memory: groups that share it, and bounds of what runs (docs/groups.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..commands.layout import NO_GROUP
from ..queues.policy import Policy
from .stub_entry import Entry


class StubGroups:
    """The groups that have had their turn in this round; also those of which nothing waits any more."""

    def __init__(self, had_turn: frozenset[str] = frozenset()) -> None:
        self._had_turn = set(had_turn)

    def copy(self) -> StubGroups:
        """The same round, to look ahead."""
        return StubGroups(frozenset(self._had_turn))

    def take(self, policy: Policy, waiting: Sequence[Entry], *, from_bottom: bool) -> Entry:
        """Of jobs that wait and that no bound keeps back, the one whose turn it is; when all their groups have had
        theirs, the next round begins."""
        if self._had_turn.issuperset(map(_group, waiting)):
            self._had_turn.clear()
        at_turn = [entry for entry in waiting if _group(entry) not in self._had_turn]
        taken = (min if from_bottom else max)(at_turn, key=lambda entry: (entry.place, _group(entry), entry.id))
        if policy.share_by_group:
            self._had_turn.add(_group(taken))
        return taken


def unbound(policy: Policy, waiting: Sequence[Entry], running: Sequence[Entry]) -> Sequence[Entry] | None:
    """Of the jobs that wait, those that no bound keeps back; None: nothing more may run."""
    if policy.max_running and len(running) >= policy.max_running:
        return None
    if not policy.max_running_per_group:
        return waiting
    runs = Counter(entry.record.group for entry in running if entry.record.group)
    full = {group for group, count in runs.items() if count >= policy.max_running_per_group}
    free = [entry for entry in waiting if entry.record.group not in full]
    return free if free or not waiting else None


def _group(entry: Entry) -> str:
    return entry.record.group or NO_GROUP
