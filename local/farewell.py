"""What Ctrl-C says: what runs still, what was put back, and where the jobs stay."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress

from middleware.broker import LifoBroker
from middleware.commands import keys
from middleware.errors import RedisAwayError
from middleware.floors import RUN
from middleware.settings import Settings
from middleware.words import counted, duration

from .console import Console, Line

TIMEOUT_S = 0.5


class Farewell:
    """Follows the end of a local run, and says for people what they want to know of it."""

    def __init__(self, console: Console, url: str, settings: Settings, *, data: str) -> None:
        """``url``: where Redis is; ``data``: where the jobs stay, in words."""
        self._console = console
        self._broker = LifoBroker(url=url, settings=settings, middleware=[], timeout_s=TIMEOUT_S, patience_s=0)
        self._shutdown = duration(settings.worker_shutdown_ms * 1000)
        self._data = data
        self._put_back = 0
        self._is_over = False
        console.hears = self.hears

    def begin(self, leaders: Iterable[int]) -> None:
        """Somebody wants the end. ``leaders``: the processes of the run, each of which leads a group."""
        self._is_over = True
        running = self._unless_away(lambda: self._running(set(leaders)))
        if running == 0:
            self._console.say("Stops. No job runs.")
        elif running is None:
            self._console.say(
                f"Stops. Jobs that run have up to {self._shutdown} more; Ctrl-C again puts them back now."
            )
        else:
            run, them = ("runs", "it") if running == 1 else ("run", "them")
            self._console.say(
                f"Stops. {counted(running, 'job')} {run}, up to {self._shutdown} more;"
                f" Ctrl-C again puts {them} back now."
            )

    def hears(self, line: Line) -> bool:
        """A line of a process. What workers put back is added up here."""
        back = line.get("put_back")
        if isinstance(back, int):
            self._put_back += back
        logger = str(line.get("logger")).removeprefix("lastin.")  # as it begins in the wheel
        return not (self._is_over and (isinstance(back, int) or "running" in line or logger in QUIET))

    def end(self) -> None:
        """All processes have ended; Redis hasn't."""
        back = f"Put back {counted(self._put_back, 'job')}. " if self._put_back else ""
        waiting = self._unless_away(self._waiting)
        if waiting:
            go_on = f": {counted(waiting, 'job')} {'waits' if waiting == 1 else 'wait'} for the next `{RUN}`."
        else:
            go_on = "."
        self._console.say(f"Stopped. {back}The jobs stay in {self._data}{go_on}")
        self._broker.close()

    def _running(self, leaders: set[int]) -> int:
        host = socket.gethostname()
        ours = [p for p in self._broker.registry.processes() if p.host == host and _group_of(p.pid) in leaders]
        return sum(len(process.running) for process in ours)

    def _waiting(self) -> int:
        queues = self._broker.redis.queues()
        counts = self._broker.redis.call_all(
            [("ZCARD", key(queue)) for queue in queues for key in (keys.stack, keys.scheduled)]
        )
        return sum(counts)

    @staticmethod
    def _unless_away(count: Callable[[], int]) -> int | None:
        with suppress(RedisAwayError):
            return count()
        return None


QUIET = frozenset({"scheduler.service", "scheduler"})
"""Their last lines are for programs: people know it by then."""


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None
