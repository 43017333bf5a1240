"""Which job of a queue's stack a claim takes, as the scripts do it (docs/promise.md, docs/groups.md)."""

from __future__ import annotations

from collections.abc import Sequence

from ..queues.policy import PPM, Policy
from .clock import StubClock
from .stub_entry import Entry
from .stub_groups import StubGroups, unbound


class StubOrder:
    """The order of one queue: its policy's, or what the window that is open took over of that."""

    def __init__(self, clock: StubClock) -> None:
        self.policy = Policy()
        self._groups = StubGroups()
        self._clock = clock
        self._of_window: Policy | None = None
        self._claims = 0
        self._claims_of_window = 0
        self._is_lifo = False

    def put(self, policy: Policy) -> None:
        """Another policy is in force. Where claims go by groups in another way now, a round begins."""
        was, self.policy = self.policy, policy
        if (was.goes_by_groups, was.share_by_group) != (policy.goes_by_groups, policy.share_by_group):
            self._groups = StubGroups()

    def begin_window(self) -> None:
        """A window opens: it keeps the policy as it is now, and counts its claims anew."""
        self._of_window, self._claims_of_window = self.policy, 0

    def end_window(self) -> None:
        """It is closed."""
        self._of_window = None

    def take(self, waiting: list[Entry], running: Sequence[Entry]) -> Entry | None:
        """The job to claim next, of those that wait, which are sorted with the highest place first; None: there is none
        that a bound doesn't keep back."""
        rule = self._rule
        free = unbound(self.policy, waiting, running)
        if free is None:
            return None
        self._is_lifo = self._turns_lifo(rule, waiting)
        if not free:
            return None
        taken = self._next(free, self._groups, from_bottom=self._takes_bottom(rule, self._count + 1))
        if self._of_window:
            self._claims_of_window += 1
        else:
            self._claims += 1
        return taken

    def sorted(self, waiting: list[Entry]) -> list[Entry]:
        """The same jobs in the order in which they would be claimed now, one after the other, if no bound kept any
        back."""
        rule, left, groups, found = self._rule, list(waiting), self._groups.copy(), list[Entry]()
        was, self._is_lifo = self._is_lifo, self._turns_lifo(rule, waiting)
        for claim in range(self._count + 1, self._count + 1 + len(waiting)):
            found.append(self._next(left, groups, from_bottom=self._takes_bottom(rule, claim)))
            left.remove(found[-1])
        self._is_lifo = was
        return found

    def _next(self, free: Sequence[Entry], groups: StubGroups, *, from_bottom: bool) -> Entry:
        if self.policy.goes_by_groups:
            return groups.take(self.policy, free, from_bottom=from_bottom)
        return free[-1 if from_bottom else 0]

    @property
    def _rule(self) -> Policy:
        return self._of_window or self.policy

    @property
    def _count(self) -> int:
        return self._claims_of_window if self._of_window else self._claims

    def _takes_bottom(self, rule: Policy, claim: int) -> bool:
        if rule.order == "fifo" or (rule.order == "adaptive" and not self._is_lifo):
            return True
        return claim * rule.oldest_share_ppm // PPM > (claim - 1) * rule.oldest_share_ppm // PPM

    def _turns_lifo(self, rule: Policy, waiting: list[Entry]) -> bool:
        """Whether the adaptive order is newest first from now on: it changes only beyond the other bound."""
        waited_us = max(0, self._clock.now_us() - waiting[-1].place) if waiting else 0
        if self._is_lifo:
            return waited_us >= rule.lifo_below_us
        return bool(waiting) and waited_us >= rule.lifo_above_us
