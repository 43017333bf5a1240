"""What the dashboard reads, through the same objects as the API. It is kept for some seconds, so that many pages
which poll cost Redis about as much as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from flask import request

from middleware.commands.client import RedisClient
from middleware.processes.registry import LiveProcess
from middleware.processes.server_info import read_info
from middleware.queues.snapshot import QueueSnapshot, read_snapshot
from middleware.queues.stack import StackShape, read_stack, taken_next
from middleware.queues.window import Window
from middleware.statistics.counters import read_counters
from middleware.statistics.history import STEPS, Step, history_of, together
from middleware.statistics.stats import Stats
from tasks import broker

from ..health import server_warnings
from ..wire.caching import Cached

T = TypeVar("T")

SLOW_S, SLOWER_S = 2.5, 10.0
"""How old rates and processes may be, and what changes every 10 s or less."""

AGES_US = tuple(seconds * 1_000_000 for seconds in (1, 2, 10, 60, 600, 3600))
"""Where one band of the stack ends and the next begins."""
WINDOWS_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Server:
    """What Redis says of itself, and what isn't safe about it."""

    info: Mapping[str, str]
    warnings: tuple[str, ...]


def _queues() -> dict[str, QueueSnapshot]:
    return {name: read_snapshot(broker.redis.queue(name)) for name in current(_names)}


def _server() -> Server:
    return Server(read_info(broker.redis.link), tuple(server_warnings()))


_names: Cached[list[str]] = Cached(lambda: sorted(broker.redis.queues()), SLOWER_S)
_all_queues: Cached[dict[str, QueueSnapshot]] = Cached(_queues)
_stats: Cached[Stats] = Cached(broker.stats.now, SLOW_S)
_processes: Cached[list[LiveProcess]] = Cached(broker.registry.processes, SLOW_S)
_cadence_faults: Cached[list[str]] = Cached(broker.registry.cadence_faults, SLOWER_S)
_told_of_server: Cached[Server] = Cached(_server, SLOWER_S)


def current(cached: Cached[T]) -> T:
    """What is polled may be some seconds old. Whoever loads a page sees what is: it may come after a change."""
    return cached.get() if request.headers.get("HX-Request") else cached.renew()


def queues() -> dict[str, QueueSnapshot]:
    """All queues by name, as they were a second ago at most."""
    return current(_all_queues)


def stats() -> Stats:
    """Rates and times of the last minutes."""
    return current(_stats)


def processes() -> list[LiveProcess]:
    """Who is alive, and what it runs."""
    return current(_processes)


def cadence_faults() -> list[str]:
    """Why the cadence in force isn't the file's."""
    return current(_cadence_faults)


def server() -> Server:
    """The server's own state."""
    return current(_told_of_server)


@lru_cache(maxsize=256)
def _stack(queue: str) -> Cached[StackShape]:
    def read(redis: RedisClient) -> StackShape:
        return read_stack(redis.queue(queue), taken_next(_all_queues.get()[queue]), AGES_US)

    return Cached(lambda: broker.redis.read_lists(read))


def stack(queue: str) -> StackShape:
    """How the jobs of a queue lie on its stack."""
    return current(_stack(queue))


@lru_cache(maxsize=256)
def _history(queue: str) -> Cached[Sequence[Step]]:
    def read(redis: RedisClient) -> Sequence[Step]:
        return history_of(read_counters(redis.queue(queue), samples=STEPS + 2))

    return Cached(lambda: broker.redis.read_lists(read), SLOWER_S)


_history_of_all: Cached[Sequence[Step]] = Cached(
    lambda: together([current(_history(name)) for name in current(_names)]), SLOWER_S
)


def history(queue: str | None = None) -> Sequence[Step]:
    """The last hour of a queue, or of all."""
    return current(_history_of_all if queue is None else _history(queue))


@lru_cache(maxsize=256)
def _windows(queue: str) -> Cached[list[Window]]:
    return Cached(lambda: broker.windows.page(queue=queue, limit=WINDOWS_SHOWN).windows, SLOW_S)


def last_windows(queue: str) -> list[Window]:
    """The last windows of a queue, newest first."""
    return current(_windows(queue))
