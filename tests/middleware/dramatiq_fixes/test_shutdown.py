"""The threads of a worker end within one time, however many they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dramatiq.worker
import pytest
from dramatiq.common import join_all

from middleware.broker import LifoBroker
from middleware.dramatiq_fixes.shutdown import ThreadGroup

from ..workers import working


class Clock:
    """The time, in seconds."""

    def __init__(self) -> None:
        self.now = 0.0


class Thread:
    """Ends at its time, once it was told to."""

    def __init__(self, clock: Clock, ends_at: float) -> None:
        self._clock = clock
        self._ends_at = ends_at
        self._is_told = False

    def stop(self) -> None:
        self._is_told = True

    def join(self, timeout: float | None = None) -> None:
        assert timeout is not None
        self._clock.now += min(timeout, max(0.0, self._ends_at - self._clock.now))

    def is_alive(self) -> bool:
        return not self.has_ended

    @property
    def has_ended(self) -> bool:
        return self._is_told and self._clock.now >= self._ends_at


@pytest.mark.parametrize(
    ("ends", "ended_at"),
    [([1, 1, 1, 1, 1, 3], 3.0), ([1, 1.5, 2, 2.5, 3, 3.5], 3.5), ([60, 1, 3], 4.0), ([3, 60], 4.0)],
)
def test_who_is_busy_has_the_whole_time_whatever_the_idle_ones_need(ends: list[float], ended_at: float) -> None:
    clock = Clock()
    threads = [Thread(clock, at) for at in ends]
    together = ThreadGroup(threads, now=lambda: clock.now)

    together.stop()
    join_all([together], 4000)

    assert clock.now == ended_at
    assert [thread.has_ended for thread in threads] == [at <= 4 for at in ends]


def test_dramatiq_joins_the_threads_of_a_worker_as_one(broker: LifoBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    joined: list[int] = []

    def counting(those: Sequence[Any], timeout: int) -> None:
        joined.append(len(those))
        join_all(those, timeout)

    monkeypatch.setattr(dramatiq.worker, "join_all", counting)

    with working(broker, threads=8) as worker:
        threads = worker.workers

    assert joined[0] == 1
    assert not any(thread.is_alive() for thread in threads)


def test_when_it_is_hurried_nobody_is_waited_for_any_more() -> None:
    clock = Clock()
    threads = [Thread(clock, at) for at in (1, 60)]
    heard: list[float] = []
    together = ThreadGroup(threads, on_join=heard.append, now=lambda: clock.now)
    together.stop()

    together.hurry()
    join_all([together], 4000)

    assert (clock.now, heard) == (0.0, [4.0])
    assert together.is_alive()


def test_idle_threads_are_woken_when_they_are_to_end() -> None:
    woken: list[bool] = []
    together = ThreadGroup([], on_stop=lambda: woken.append(True))

    together.stop()

    assert woken
    assert not together.is_alive()
