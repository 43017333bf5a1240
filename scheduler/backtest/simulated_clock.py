"""The clock of a simulation, which goes from event to event."""

from __future__ import annotations


class SimulatedClock:
    """Microseconds since the epoch, as the simulation sets them."""

    def __init__(self, now_us: int) -> None:
        self.now_us = now_us

    def __call__(self) -> int:
        return self.now_us
