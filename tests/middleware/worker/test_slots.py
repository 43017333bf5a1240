"""Idle threads, shared between the queues of a worker."""

from __future__ import annotations

import threading

from middleware.worker.slots import HANDOVER_AFTER_S, Slots

from ...service import wait_until


class Taker(threading.Thread):
    """Waits for threads on behalf of a queue."""

    def __init__(self, slots: Slots, queue: str, timeout_s: float = 5) -> None:
        super().__init__(daemon=True)
        self.taken: int | None = None
        self._slots = slots
        self._queue = queue
        self._timeout_s = timeout_s
        self.start()
        wait_until(lambda: queue in slots._waiting or self.taken is not None, f"{queue} to wait")

    def run(self) -> None:
        self.taken = self._slots.take(self._queue, self._timeout_s)

    def done(self) -> int:
        """How many it took."""
        self.join(5)
        assert self.taken is not None
        return self.taken


def test_a_queue_alone_takes_all_that_are_idle() -> None:
    slots = Slots(8)

    assert slots.take("one", 1) == 8
    assert slots.idle == 0


def test_nothing_comes_when_nobody_is_idle() -> None:
    slots = Slots(1)
    slots.take("one", 1)

    assert slots.take("two", 0.01) == 0
    slots.give(1)
    assert slots.take("two", 0.01) == 1


def test_who_waits_gets_what_is_given_back() -> None:
    slots = Slots(2)
    slots.take("one", 1)
    waiting = Taker(slots, "two")

    slots.give(1)

    assert waiting.done() == 1


def test_the_queue_that_was_served_longest_ago_goes_first() -> None:
    slots = Slots(1)
    for queue in ("one", "two"):
        slots.take(queue, 1)
        slots.give(1)
    slots.take("three", 1)
    two = Taker(slots, "two")
    one = Taker(slots, "one")

    slots.give(1)

    assert one.done() == 1
    assert two.taken is None
    slots.give(1)
    assert two.done() == 1


def test_idle_threads_are_split_between_those_that_wait() -> None:
    slots = Slots(8)
    slots.take("other", 1)
    takers = [Taker(slots, "one"), Taker(slots, "two")]

    slots.give(8)

    assert sorted(taker.done() for taker in takers) == [4, 4]
    assert slots.idle == 0


def test_a_thread_is_handed_over_to_a_queue_that_has_waited() -> None:
    slots = Slots(1)
    slots.take("hot", 1)
    assert slots.handovers("hot", 1) == 0
    cold = Taker(slots, "cold")

    wait_until(lambda: slots.handovers("hot", 1) == 1, f"{HANDOVER_AFTER_S} s to pass")

    assert slots.handovers("cold", 1) == 0
    slots.give(1)
    assert cold.done() == 1


def test_no_more_are_handed_over_than_queues_wait() -> None:
    slots = Slots(8)
    slots.take("hot", 1)
    takers = [Taker(slots, "one"), Taker(slots, "two")]

    wait_until(lambda: slots.handovers("hot", 8) == 2, "both to be late")

    slots.give(8)
    assert sum(taker.done() for taker in takers) == 8


def test_two_consumers_of_one_queue_may_wait_at_once() -> None:
    slots = Slots(1)
    slots.take("other", 1)
    first, second = Taker(slots, "one"), Taker(slots, "one")

    slots.give(1)
    wait_until(lambda: first.taken is not None or second.taken is not None, "one of them")
    slots.give(1)

    assert (first.done(), second.done()) == (1, 1)
