"""Windows over a stack, simulated with workers that are always fast enough: who is claimed, and when."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from middleware.queues.policy import PPM


@dataclass(frozen=True, slots=True)
class Rule:
    """A cadence. Times are milliseconds; the share is in parts per million."""

    every_ms: int
    batch: int
    order: Literal["lifo", "fifo", "adaptive"] = "lifo"
    share_ppm: int = 0
    above_ms: int = 30_000
    below_ms: int = 15_000
    close_when_empty: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that was claimed: when it had arrived, and when that was."""

    arrived_ms: int
    at_ms: int

    @property
    def waited_ms(self) -> int:
        return self.at_ms - self.arrived_ms


def evenly(a_second: int, *, from_s: int, until_s: int) -> list[int]:
    """Arrivals in even steps, in milliseconds."""
    return [from_s * 1000 + n * 1000 // a_second for n in range(a_second * (until_s - from_s))]


class Stack:
    """What waits, the oldest on the left, and the order in which it goes."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._waiting: deque[int] = deque()
        self._order_now = "fifo"

    def __len__(self) -> int:
        return len(self._waiting)

    def push(self, arrived_ms: int) -> None:
        self._waiting.append(arrived_ms)

    def take(self, n: int, now_ms: int) -> int:
        """When the job had arrived that claim number ``n`` of a window gets."""
        is_for_the_oldest = n * self._rule.share_ppm // PPM > (n - 1) * self._rule.share_ppm // PPM
        is_fifo = self._order(now_ms) == "fifo"
        return self._waiting.popleft() if is_fifo or is_for_the_oldest else self._waiting.pop()

    def _order(self, now_ms: int) -> str:
        if self._rule.order != "adaptive":
            return self._rule.order
        waited_ms = now_ms - self._waiting[0]
        if self._order_now == "fifo" and waited_ms >= self._rule.above_ms:
            self._order_now = "lifo"
        elif self._order_now == "lifo" and waited_ms < self._rule.below_ms:
            self._order_now = "fifo"
        return self._order_now


def claims(arrivals: Iterable[int], rule: Rule, until_ms: int) -> Iterator[Claim]:
    """All claims until then, in their order. A window takes what waits, and then what comes while credits are left."""
    stack, left, coming = Stack(rule), 0, deque(sorted(arrivals))
    for tick_ms in range(0, until_ms, rule.every_ms):
        while coming and coming[0] <= tick_ms:
            stack.push(coming.popleft())
        left = rule.batch
        while left and len(stack):
            left -= 1
            yield Claim(stack.take(rule.batch - left, tick_ms), tick_ms)
        if rule.close_when_empty and not len(stack):
            left = 0
        while coming and coming[0] < min(tick_ms + rule.every_ms, until_ms):
            at_ms = coming.popleft()
            stack.push(at_ms)
            if left:
                left -= 1
                yield Claim(stack.take(rule.batch - left, at_ms), at_ms)
