"""From which end of a queue's stack claims are taken, as the scripts do it (docs/promise.md)."""

from __future__ import annotations

from ..queues.policy import PPM, Policy
from .clock import StubClock
from .stub_entry import Entry


class StubOrder:
    """The order of one queue: its policy's, or what the window that is open took over of that."""

    def __init__(self, clock: StubClock) -> None:
        self.policy = Policy()
        self._clock = clock
        self._of_window: Policy | None = None
        self._claims = 0
        self._claims_of_window = 0
        self._is_lifo = False

    def begin_window(self) -> None:
        """A window opens: it keeps the policy as it is now, and counts its claims anew."""
        self._of_window, self._claims_of_window = self.policy, 0

    def end_window(self) -> None:
        """It is closed."""
        self._of_window = None

    def take(self, waiting: list[Entry]) -> Entry:
        """The job to claim next, of those that wait, which are sorted with the highest place first."""
        rule = self._rule
        self._is_lifo = self._turns_lifo(rule, waiting)
        taken = waiting[-1] if self._takes_bottom(rule, self._count + 1) else waiting[0]
        if self._of_window:
            self._claims_of_window += 1
        else:
            self._claims += 1
        return taken

    def sorted(self, waiting: list[Entry]) -> list[Entry]:
        """The same jobs in the order in which they would be claimed now, one after the other."""
        rule, left = self._rule, list(waiting)
        was, self._is_lifo = self._is_lifo, self._turns_lifo(rule, waiting)
        claims = range(self._count + 1, self._count + 1 + len(waiting))
        found = [left.pop(-1 if self._takes_bottom(rule, claim) else 0) for claim in claims]
        self._is_lifo = was
        return found

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
