"""Bounds on what waits, and jobs that supersede older ones: what they supersede needs no room, whoever makes it."""

from __future__ import annotations

from typing import Any

import pytest

from middleware.commands import build
from middleware.commands.types import BOUNDLESS, NO_SUBJECT, Accepted, Crowded, Offer, Room, Subject
from middleware.tags import digests

from ..scripted import ScriptedQueue

S = 1_000_000


def about(queue: ScriptedQueue, room: Room, *jobs: tuple[str, str], size: int = 10, **more: Any) -> object:
    """Accept jobs, each with its id and its subject (empty: none), whose messages have so many bytes."""
    queue.clock.forward(us=1)
    max_defer_us = more.pop("max_defer_us", 0)
    subjects = [Subject(digests([subject]), max_defer_us) if subject else NO_SUBJECT for _, subject in jobs]
    offers = [
        Offer(id, "task", b"x" * size, subject=subject, **more) for (id, _), subject in zip(jobs, subjects, strict=True)
    ]
    return queue.scripts.accept(offers, room=room)


@pytest.mark.parametrize("drops", [False, True], ids=["reject", "drop_oldest"])
@pytest.mark.parametrize("most_bytes", [0, 30], ids=["jobs", "bytes"])
def test_what_is_superseded_makes_room_by_itself(queue: ScriptedQueue, most_bytes: int, drops: bool) -> None:
    room = Room(0 if most_bytes else 3, drops, most_bytes)
    for subject in "abc":
        about(queue, room, (f"{subject}-old", subject))

    assert isinstance(about(queue, room, ("a-new", "a")), Accepted)

    assert queue.waiting() == ["a-new", "c-old", "b-old"]
    assert (queue.status("a-old"), queue.count("overflowed")) == ("superseded", 0)
    queue.audit()


@pytest.mark.parametrize("drops", [False, True], ids=["reject", "drop_oldest"])
def test_a_scheduled_job_that_is_superseded_makes_room_too(queue: ScriptedQueue, drops: bool) -> None:
    about(queue, BOUNDLESS, ("later", "a"), due=b"+%d" % S)

    for room in (Room(1, drops), Room(0, drops, 10)):
        assert isinstance(about(queue, room, (f"new-{room}", "a")), Accepted)
        assert len(queue.waiting()) == 1
    assert isinstance(about(queue, Room(1), ("b", "b")), Crowded)
    queue.audit()


@pytest.mark.parametrize("drops", [False, True], ids=["reject", "drop_oldest"])
def test_of_a_batch_only_what_stays_needs_room(queue: ScriptedQueue, drops: bool) -> None:
    batch = [("1", "a"), ("2", "a"), ("3", "b"), ("4", "a"), ("5", "")]

    assert about(queue, Room(2, drops), *batch) == Crowded(0, wanted=3)
    assert about(queue, Room(0, drops, 29), *batch) == Crowded(0, wanted=3, wanted_bytes=30)
    assert isinstance(about(queue, Room(3, drops, 30), *batch), Accepted)

    assert queue.waiting() == ["5", "4", "3"]
    assert isinstance(about(queue, Room(3, drops, 30), ("6", "b"), ("7", "a")), Accepted)
    assert queue.waiting() == ["7", "6", "5"]
    queue.audit()


def test_one_that_keeps_its_turn_needs_its_room(queue: ScriptedQueue) -> None:
    about(queue, BOUNDLESS, ("old", "a"))
    queue.clock.forward(s=1)

    assert about(queue, Room(1), ("new", "a"), max_defer_us=S) == Crowded(1)
    assert isinstance(about(queue, Room(2), ("new", "a"), max_defer_us=S), Accepted)
    assert queue.waiting() == ["new", "old"]
    assert isinstance(about(queue, Room(2), ("newer", "a"), max_defer_us=S), Accepted)
    assert queue.waiting() == ["newer", "old"]


def test_a_larger_job_that_supersedes_a_smaller_one_needs_room_for_the_rest(queue: ScriptedQueue) -> None:
    about(queue, BOUNDLESS, ("a-old", "a"), ("b-old", "b"))

    assert about(queue, Room(0, False, 25), ("new", "a"), size=16) == Crowded(1, bytes=10, wanted_bytes=16)
    assert isinstance(about(queue, Room(0, False, 25), ("new", "a"), size=15), Accepted)
    assert queue.snapshot().waiting_bytes == 25


def test_beyond_a_bound_a_call_that_adds_nothing_is_accepted(queue: ScriptedQueue) -> None:
    about(queue, BOUNDLESS, ("a-old", "a"), ("b-old", "b"), ("c-old", "c"))

    assert isinstance(about(queue, Room(1, False, 10), ("new", "a")), Accepted)
    assert queue.waiting() == ["new", "c-old", "b-old"]
    assert about(queue, Room(1), ("newer", "a"), ("other", "")) == Crowded(2, wanted=2)


def test_by_generation_a_late_job_needs_no_room_and_a_fresh_one_that_of_the_older(queue: ScriptedQueue) -> None:
    queue.rule(mode="continuous", order_by="generated")
    queue.send_generated(2 * S, "known", subject="a")
    generated_us = queue.clock.now_us - S

    assert isinstance(about(queue, Room(1), ("fresh", "a"), generated_us=generated_us), Accepted)
    assert queue.waiting() == ["fresh"]
    assert isinstance(about(queue, Room(1), ("late", "a"), generated_us=generated_us - 1), Accepted)
    assert (queue.waiting(), queue.job("late").superseded_by) == (["fresh"], "fresh")
    assert about(queue, Room(1), ("other", "b"), generated_us=generated_us) == Crowded(1)


def test_what_is_superseded_makes_no_room_twice(queue: ScriptedQueue) -> None:
    """The oldest make room for bytes, but not those whose room was counted."""
    at_once = build.PARAMETERS["EXPIRED_AT_ONCE"] + 1
    about(queue, BOUNDLESS, ("a-old", "a"), size=1000)
    about(queue, BOUNDLESS, *((f"{n}", "") for n in range(2 * at_once)), size=1)
    bound = 1000 + 2 * at_once

    assert isinstance(about(queue, Room(0, True, bound), ("too large", "a"), size=1000 + at_once + 1), Crowded)
    assert isinstance(about(queue, Room(0, True, bound), ("fits", "a"), size=1000 + at_once), Accepted)
    assert queue.snapshot().waiting_bytes <= bound
    queue.audit()


def test_only_what_would_be_refused_pays_for_a_look_at_its_subject(queue: ScriptedQueue) -> None:
    def commands(room: Room, subject: str) -> dict[str, int]:
        id = f"{queue.clock.now_us}"
        queue.client.config_resetstat()
        about(queue, room, (id, subject))
        return {name: found["calls"] for name, found in queue.client.info("commandstats").items()}

    about(queue, BOUNDLESS, ("first", ""), ("second", "a"))
    bare, with_subject = commands(BOUNDLESS, ""), commands(BOUNDLESS, "a")
    bounded, bounded_with_subject = commands(Room(9), ""), commands(Room(9), "a")
    refused = commands(Room(2), "")

    assert sum(bounded.values()) - sum(bare.values()) == 3
    assert sum(bounded_with_subject.values()) - sum(with_subject.values()) == 3
    assert "cmdstat_zrangebylex" in with_subject
    assert "cmdstat_zrangebylex" not in refused
