"""Beyond the bound on waiting jobs: refused with the time of the next window, or the oldest make room."""

from __future__ import annotations

from middleware.commands import build
from middleware.commands.types import Accepted, Crowded

from ..scripted import ScriptedQueue

S = 1_000_000


def drop(queue: ScriptedQueue, most: int, *ids: str, due: bytes = b"") -> object:
    """Accept these; the oldest make room for them."""
    queue.clock.forward(us=1)
    return queue.offer(*ids, due=due, most_waiting=most, drop_oldest=True)


def test_the_oldest_make_room_for_new_ones(queue: ScriptedQueue) -> None:
    queue.send_each(*"abcd")

    assert isinstance(drop(queue, 4, "e", "f"), Accepted)

    assert queue.waiting() == ["f", "e", "d", "c"]
    job = queue.job("a")
    assert (job.status, job.reason, job.finished_at_us) == ("expired", "overflow", queue.clock.now_us)
    assert (queue.count("overflowed"), queue.ended("expired")) == (2, 2)
    queue.audit()


def test_what_is_on_the_stack_makes_room_for_what_comes_later_but_not_the_other_way_round(queue: ScriptedQueue) -> None:
    queue.send("now")
    queue.send("later", after_us=S)

    assert isinstance(drop(queue, 2, "much later", due=b"+%d" % (2 * S)), Accepted)
    assert drop(queue, 2, "even later", due=b"+%d" % (3 * S)) == Crowded(2)

    assert (queue.status("now"), queue.status("later"), queue.waiting()) == ("expired", "scheduled", [])
    queue.audit()


def test_a_bound_that_was_lowered_is_reached_in_steps(queue: ScriptedQueue) -> None:
    step = build.PARAMETERS["EXPIRED_AT_ONCE"] + 1
    for start in range(0, 2 * step, step):
        queue.send(*(f"{start + n}" for n in range(step)))

    drop(queue, 10, "new")
    assert len(queue.waiting()) == step + 1
    drop(queue, 10, "newer")
    drop(queue, 10, "newest")

    assert queue.waiting()[:3] == ["newest", "newer", "new"]
    assert len(queue.waiting()) == 10
    queue.audit()


def test_a_superseded_job_makes_room_by_itself(queue: ScriptedQueue) -> None:
    queue.send("old")
    queue.clock.forward(us=1)
    queue.send_about("a", "waits")
    queue.clock.forward(us=1)

    queue.send_about("a", "new")
    drop(queue, 3, "fits")

    assert queue.waiting() == ["fits", "new", "old"]
    assert queue.count("overflowed") == 0
    queue.audit()


def test_what_is_refused_names_the_next_window(queue: ScriptedQueue) -> None:
    queue.rule(mode="windows")
    next_ms = queue.clock.now_us // 1000 + 7_500
    queue.broker.windows.put_policy("default", queue.snapshot().policy, next_tick_ms=next_ms)  # type: ignore[arg-type]
    queue.send("a")

    assert queue.offer("b", most_waiting=1) == Crowded(1, 7_500_000)
    queue.open()
    assert queue.offer("b", most_waiting=1) == Crowded(1, 0)
    queue.audit()
