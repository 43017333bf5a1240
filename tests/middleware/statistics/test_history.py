"""The last hour of a queue in steps of 10 s."""

from __future__ import annotations

from middleware.commands.layout import INTERVAL_US
from middleware.statistics.counters import read_counters
from middleware.statistics.history import STEPS, Step, history_of, together

from ..scripted import ScriptedQueue


def history(queue: ScriptedQueue) -> list[Step]:
    return history_of(read_counters(queue.scripts, samples=STEPS + 2))


def happened(steps: list[Step]) -> list[tuple[int, int, int, int]]:
    """Accepted, processed, rejected and waiting, of the steps in which anything was."""
    rows = [(step.accepted, step.processed, step.rejected, step.waiting) for step in steps]
    return [row for row in rows if any(row)]


def to_the_next_step(queue: ScriptedQueue, steps: int = 1) -> None:
    begun = queue.clock() // INTERVAL_US
    queue.clock.forward(us=(begun + steps) * INTERVAL_US - queue.clock() + 1)


def test_a_queue_in_which_nothing_happened_has_an_hour_of_nothing(queue: ScriptedQueue) -> None:
    steps = history(queue)

    assert (len(steps), happened(steps)) == (STEPS, [])
    assert steps[-1].at_us + INTERVAL_US <= queue.clock() < steps[-1].at_us + 2 * INTERVAL_US


def test_each_step_tells_what_happened_in_it_and_what_was_left(queue: ScriptedQueue) -> None:
    to_the_next_step(queue)
    queue.send("a", "b", "c")
    to_the_next_step(queue)
    tokens = queue.claim(2)
    queue.settle(tokens[0], "processed")
    queue.settle(tokens[1], "rejected")
    to_the_next_step(queue)

    assert happened(history(queue)) == [(3, 0, 0, 3), (0, 1, 1, 1)]


def test_a_step_in_which_nothing_happened_is_told_by_the_next_sample(queue: ScriptedQueue) -> None:
    to_the_next_step(queue)
    queue.send("a")
    to_the_next_step(queue, 3)
    queue.send("b")
    to_the_next_step(queue)

    steps = history(queue)
    assert happened(steps) == [(1, 0, 0, 1), (0, 0, 0, 1), (0, 0, 0, 1), (1, 0, 0, 2)]
    ages_s = [round((step.oldest_age_us or 0) / 1e6) for step in steps[-4:]]
    assert ages_s == [10, 20, 30, 40]


def test_what_is_under_way_is_no_step_yet(queue: ScriptedQueue) -> None:
    to_the_next_step(queue)
    queue.send("a")

    assert happened(history(queue)) == []


def test_several_queues_are_added_up(queue: ScriptedQueue) -> None:
    one = Step(0, 1, 2, 3, 4, 50)
    other = Step(0, 10, 20, 30, 40, None)

    assert together([[one], [other]]) == [Step(0, 11, 22, 33, 44, 50)]
    assert together([[one], [Step(10, 1, 1, 1, 1, None)]]) == []
    assert together([[one]]) == [one]
    assert together([]) == []
