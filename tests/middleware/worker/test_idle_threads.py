"""Idle threads, shared between the queues of a worker."""

from __future__ import annotations

import threading

from middleware.worker.idle_threads import HANDOVER_AFTER_S, IdleThreads

from ...service import wait_until


class Taker(threading.Thread):
    """Waits for threads on behalf of a queue."""

    def __init__(self, idle_threads: IdleThreads, queue: str, timeout_s: float = 30) -> None:
        super().__init__(daemon=True)
        self.taken: int | None = None
        self._idle_threads = idle_threads
        self._queue = queue
        self._timeout_s = timeout_s
        self.start()
        wait_until(lambda: queue in idle_threads._waiting or self.taken is not None, f"{queue} to wait")

    def run(self) -> None:
        self.taken = self._idle_threads.take(self._queue, self._timeout_s)

    def done(self) -> int:
        """How many it took."""
        self.join(30)
        assert self.taken is not None
        return self.taken


def test_a_queue_alone_takes_all_that_are_idle() -> None:
    idle_threads = IdleThreads(8)

    assert idle_threads.take("one", 1) == 8
    assert idle_threads.idle == 0


def test_nothing_comes_when_nobody_is_idle() -> None:
    idle_threads = IdleThreads(1)
    idle_threads.take("one", 1)

    assert idle_threads.take("two", 0.01) == 0
    idle_threads.give(1)
    assert idle_threads.take("two", 0.01) == 1


def test_who_waits_gets_what_is_given_back() -> None:
    idle_threads = IdleThreads(2)
    idle_threads.take("one", 1)
    waiting = Taker(idle_threads, "two")

    idle_threads.give(1)

    assert waiting.done() == 1


def test_the_queue_that_was_served_longest_ago_goes_first() -> None:
    idle_threads = IdleThreads(1)
    for queue in ("one", "two"):
        idle_threads.take(queue, 1)
        idle_threads.give(1)
    idle_threads.take("three", 1)
    two = Taker(idle_threads, "two")
    one = Taker(idle_threads, "one")

    idle_threads.give(1)

    assert one.done() == 1
    assert two.taken is None
    idle_threads.give(1)
    assert two.done() == 1


def test_idle_threads_are_split_between_those_that_wait() -> None:
    idle_threads = IdleThreads(8)
    idle_threads.take("other", 1)
    takers = [Taker(idle_threads, "one"), Taker(idle_threads, "two")]

    idle_threads.give(8)

    assert sorted(taker.done() for taker in takers) == [4, 4]
    assert idle_threads.idle == 0


def test_a_thread_is_handed_over_to_a_queue_that_has_waited() -> None:
    idle_threads = IdleThreads(1)
    idle_threads.take("hot", 1)
    assert idle_threads.handovers("hot", 1) == 0
    cold = Taker(idle_threads, "cold")

    wait_until(lambda: idle_threads.handovers("hot", 1) == 1, f"{HANDOVER_AFTER_S} s to pass")

    assert idle_threads.handovers("cold", 1) == 0
    idle_threads.give(1)
    assert cold.done() == 1


def test_no_more_are_handed_over_than_queues_wait() -> None:
    idle_threads = IdleThreads(8)
    idle_threads.take("hot", 1)
    takers = [Taker(idle_threads, "one"), Taker(idle_threads, "two")]

    wait_until(lambda: idle_threads.handovers("hot", 8) == 2, "both to be late")

    idle_threads.give(8)
    assert sum(taker.done() for taker in takers) == 8


def test_two_consumers_of_one_queue_may_wait_at_once() -> None:
    idle_threads = IdleThreads(1)
    idle_threads.take("other", 1)
    first, second = Taker(idle_threads, "one"), Taker(idle_threads, "one")

    idle_threads.give(1)
    wait_until(lambda: first.taken is not None or second.taken is not None, "one of them")
    idle_threads.give(1)

    assert (first.done(), second.done()) == (1, 1)
