"""An ideal LIFO: workers that lose no time between two jobs, and always take the newest."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapreplace


def newest_first(arrivals: Iterable[int], workers: int, service: int) -> list[tuple[int, int]]:
    """When each job starts: (arrival, start), in the order of the starts. All times in the same unit, and not negative;
    each job takes ``service``."""
    starts: list[tuple[int, int]] = []
    waiting: list[int] = []
    free = [0] * workers  # when each worker is free again: a heap

    def start(arrival: int, at: int) -> None:
        starts.append((arrival, at))
        heapreplace(free, at + service)

    for arrival in sorted(arrivals):
        while waiting and free[0] < arrival:
            start(waiting.pop(), free[0])
        if free[0] <= arrival:
            start(arrival, arrival)
        else:
            waiting.append(arrival)
    while waiting:
        start(waiting.pop(), free[0])
    return starts
