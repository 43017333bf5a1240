"""What operators see and steer of a broker. Its modules are imported when they are asked for: programs that only send
or only work start a tenth sooner without them."""

# ruff: noqa: PLC0415

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ..commands.client import RedisClient
from ..processes.registry import ProcessRegistry

if TYPE_CHECKING:
    from ..statistics.stats import Statistics
    from .control import QueueControl
    from .recurring import RecurringJobs
    from .windows import Windows


class Operated:
    """A broker's side towards operators."""

    redis: RedisClient
    registry: ProcessRegistry

    @cached_property
    def control(self) -> QueueControl:
        """How queues are doing, and their pauses."""
        from .control import QueueControl

        return QueueControl(self.redis, processes=self.registry.processes)

    @cached_property
    def windows(self) -> Windows:
        """Policies, and the windows that are opened by them."""
        from .windows import Windows

        return Windows(self.redis)

    @cached_property
    def recurring(self) -> RecurringJobs:
        """The jobs that the cadence submits at its ticks."""
        from .recurring import RecurringJobs

        return RecurringJobs(self.redis)

    @cached_property
    def stats(self) -> Statistics:
        """What the scripts have counted."""
        from ..statistics.stats import Statistics

        return Statistics(self.redis)
