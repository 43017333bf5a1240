"""How the jobs lie on the stack, and how far down a window reaches."""

from __future__ import annotations

from middleware.queues.stack import StackShape, Taken, read_stack, taken_next

from ..scripted import ScriptedQueue

AGES_US = (1_000_000, 2_000_000, 60_000_000)


def shape(queue: ScriptedQueue, taken: Taken | None = None) -> StackShape:
    return read_stack(queue.scripts, taken_next(queue.snapshot()) if taken is None else taken, AGES_US)


def test_jobs_are_counted_by_their_age_on_the_stack(queue: ScriptedQueue) -> None:
    queue.send("oldest")
    queue.clock.forward(s=59)
    queue.send("b", "c")
    queue.clock.forward(s=1)
    queue.send("d", "e", "f")
    queue.clock.forward(s=1.5)
    queue.send("g")

    found = shape(queue)
    assert found.counts == (1, 3, 2, 1)
    assert (found.waiting, found.now_us) == (7, queue.clock())


def test_an_empty_stack_has_no_cut(queue: ScriptedQueue) -> None:
    queue.rule(batch=10)

    assert shape(queue) == StackShape(queue.clock(), AGES_US, (0, 0, 0, 0), Taken(0, 0), None, None)


def test_the_cut_is_the_age_of_the_last_job_that_the_next_window_takes(queue: ScriptedQueue) -> None:
    queue.rule(batch=3)
    for id in "abcde":
        queue.send(id)
        queue.clock.forward(s=1)

    found = shape(queue)
    assert (found.taken, found.top_age_us, found.bottom_age_us) == (Taken(3, 0), 3_000_000, None)


def test_a_share_of_the_oldest_is_cut_off_at_the_bottom(queue: ScriptedQueue) -> None:
    queue.rule(batch=4, oldest_share_ppm=500_000)
    for id in "abcdef":
        queue.send(id)
        queue.clock.forward(s=1)

    found = shape(queue)
    assert (found.taken, found.top_age_us, found.bottom_age_us) == (Taken(2, 2), 2_000_000, 5_000_000)


def test_what_a_window_takes_is_what_it_then_claims(queue: ScriptedQueue) -> None:
    queue.rule(batch=7, oldest_share_ppm=300_000, close_when_empty=False)
    queue.send_each(*"abcdefghijkl")
    queue.open()

    for claimed in range(7):
        before = taken_next(queue.snapshot())
        [(id, _)] = queue.claim(1)
        after = taken_next(queue.snapshot())
        assert before.total - after.total == 1, claimed
        assert (before.from_top - after.from_top == 1) == (id > "f"), claimed
    assert taken_next(queue.snapshot()) == Taken(4, 1)  # of the next window: this one has no credits left


def test_the_oldest_go_first_in_fifo_order(queue: ScriptedQueue) -> None:
    queue.rule(batch=2, order="fifo")
    for id in "abc":
        queue.send(id)
        queue.clock.forward(s=1)

    found = shape(queue)
    assert (found.taken, found.top_age_us, found.bottom_age_us) == (Taken(0, 2), None, 2_000_000)


def test_a_continuous_queue_has_no_window_to_reach_anywhere(queue: ScriptedQueue) -> None:
    queue.send_each("a", "b")

    assert taken_next(queue.snapshot()) == Taken(0, 0)
