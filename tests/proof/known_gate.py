"""What the checker of histories knows of policies and windows, from the log alone: was a claim allowed, and from the
right end?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

MILLION = 1_000_000


@dataclass(slots=True)
class KnownRule:
    """How to claim: in a window, or outside of windows. ``credits``: None, no bound."""

    order: str = "lifo"
    share_ppm: int = 0
    credits: int | None = None
    closes_at_us: int | None = None
    above_us: int = 0
    below_us: int = 0
    claims: int = 0

    def is_for_the_oldest(self, n: int) -> bool:
        """Whether claim number ``n`` by this rule goes to the job with the lowest place."""
        return n * self.share_ppm // MILLION > (n - 1) * self.share_ppm // MILLION


class KnownGate:
    """The gate of one queue."""

    def __init__(self) -> None:
        self.mode: str | None = None
        self.is_paused = False
        self.open: int | None = None
        self.windows: dict[int, KnownRule] = {}
        self.order_now = "fifo"
        self._outside = KnownRule()
        self._policy_order = ""
        self._checked_us = 0

    def put_policy(self, mode: str, order: str, share_ppm: int, above_us: int, below_us: int) -> None:
        """From now on this holds; windows keep the rule that they were opened with."""
        if order != self._policy_order:
            self.order_now, self._policy_order = "fifo", order
        self.mode = mode
        self._outside.order, self._outside.share_ppm = order, share_ppm
        self._outside.above_us, self._outside.below_us = above_us, below_us

    def check_order(
        self, now_us: int, window: int, waited_us: Callable[[int], int | None]
    ) -> Iterator[tuple[str, str]]:
        """Before the first claim of a call: is the adaptive order what it must be now?"""
        rule = self.windows.get(window) if window else self._outside
        if rule is None or rule.order != "adaptive" or now_us == self._checked_us:
            return
        self._checked_us = now_us
        waited = waited_us(now_us)
        if self.order_now == "fifo" and waited is not None and waited >= rule.above_us:
            yield "wrong order", f"claimed in FIFO order, although the oldest job had waited {waited} µs"
        if self.order_now == "lifo" and (waited or 0) < rule.below_us:
            yield "wrong order", f"claimed in LIFO order, although the oldest job had waited only {waited} µs"

    def open_window(self, number: int, rule: KnownRule) -> None:
        """Window ``number`` is the open one now."""
        self.windows[number] = rule
        self.open = number

    def close_window(self, number: int) -> None:
        """No window is open any more."""
        if self.open == number:
            self.open = None

    def claim(self, now_us: int, is_top: bool, window: int) -> Iterator[tuple[str, str]]:
        """Count one more claim, in this window or (0) outside of windows: what is wrong with it, as kind and text."""
        if self.is_paused:
            yield "claimed in a pause", "claimed while the queue was paused"
        if window and window != self.open:
            yield "closed gate", f"claimed in window {window} while {self.open or 'none'} was open"
        elif not window and self.mode == "windows":
            yield "closed gate", "claimed outside of windows, against the policy"
        rule = self.windows.get(window) if window else self._outside
        if rule is None:
            return
        if rule.closes_at_us is not None and now_us >= rule.closes_at_us:
            yield "closed gate", f"claimed {now_us - rule.closes_at_us} µs after the time of window {window} was up"
        rule.claims += 1
        if rule.credits is not None and rule.claims > rule.credits:
            yield "credits overrun", f"claim {rule.claims} of window {window}, which has {rule.credits}"
        order = self.order_now if rule.order == "adaptive" else rule.order
        should_be_top = order != "fifo" and not rule.is_for_the_oldest(rule.claims)
        if is_top != should_be_top:
            yield "wrong end", f"claim {rule.claims} of window {window} came from the wrong end"
