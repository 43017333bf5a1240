"""What the checker of histories says of histories that are made up, and of windows."""

from __future__ import annotations

import msgpack
import pytest
import redis

from middleware.commands import keys
from middleware.commands.layout import WINDOW_FIELDS

from .conftest import LoggedQueue
from .event_log import Event, EventLog, read_all
from .history import HistoryChecker

TWO_JOBS = [["accept", n, f"{n}", n, 0] for n in (1, 2)]


def errors_of(*events: Event) -> set[str]:
    """The kinds of errors in a history."""
    checker = HistoryChecker()
    checker.replay(events)
    return set(checker.found.errors)


def test_a_claim_that_passes_over_a_due_job_is_found() -> None:
    history = [["accept", 1, "later", 1, 5], ["accept", 2, "now", 2, 0], ["claim", 6, "now", 1, 2, True, 0, "w"]]

    assert errors_of(*history) == {"passed over"}


def test_a_job_that_comes_back_at_another_place_is_found() -> None:
    history = [
        ["accept", 1, "a", 1, 0],
        ["claim", 2, "a", 1, 1, True, 0, "w"],
        ["reclaim", 3, "a", 1, "q"],
        ["claim", 4, "a", 2, 9, True, 0, "w"],
    ]

    assert "wrong place" in errors_of(*history)


def test_a_claim_in_a_pause_is_found() -> None:
    history = [
        *TWO_JOBS,
        ["pause", 3, "somebody"],
        ["claim", 4, "2", 1, 2, True, 0, "w"],
        ["resume", 5, "somebody"],
        ["claim", 6, "1", 1, 1, True, 0, "w"],
    ]

    assert errors_of(*history) == {"claimed in a pause"}


def test_an_adaptive_order_that_changes_at_another_time_than_it_should_is_found() -> None:
    begin = [
        *([["accept", n, f"{n}", n, 0] for n in (1, 2, 3)]),
        ["policy", 4, "windows", "adaptive", 0, 10, 5],
        ["open", 5, 1, False, "adaptive", 0, False, 10, 5],
    ]
    for events, expected in (
        ([["order", 11, "lifo", 10], ["claim", 11, "3", 1, 3, True, 1, "w"]], set()),
        ([["claim", 10, "1", 1, 1, False, 1, "w"]], set()),
        ([["claim", 11, "1", 1, 1, False, 1, "w"]], {"wrong order"}),
        ([["order", 5, "lifo", 4], ["claim", 5, "3", 1, 3, True, 1, "w"]], {"wrong order"}),
        ([["order", 11, "lifo", 11], ["claim", 11, "3", 1, 3, True, 1, "w"]], {"wrong order"}),
        ([["order", 11, "lifo", 10], ["claim", 11, "1", 1, 1, False, 1, "w"]], {"wrong end"}),
    ):
        assert errors_of(*begin, *events) == expected


def test_an_adaptive_order_keeps_to_its_bounds(logged: LoggedQueue) -> None:
    bounds = {"lifo_above_us": 8_000_000, "lifo_below_us": 4_000_000}
    logged.rule(mode="continuous", order="adaptive", oldest_share_ppm=250_000, **bounds)

    for step in range(60):
        logged.clock.forward(s=1)
        if step < 40:
            logged.send(*(f"{step}-{n}" for n in range(4)))
        for token in logged.claim(3):
            logged.clock.forward(us=1)
            logged.settle(token)

    found = logged.checked().found
    assert found.texts == []
    assert (logged.count("order_switches_to_lifo"), logged.count("order_switches_to_fifo")) == (1, 1)
    assert 0 < found.claims_from_the_bottom < found.claims


def test_claims_beyond_the_credits_and_from_the_wrong_end_are_found() -> None:
    history = [
        *TWO_JOBS,
        ["policy", 2, "windows", "lifo", 0],
        ["open", 3, 1, 1, "lifo", 1_000_000, False],
        ["claim", 3, "2", 1, 2, True, 1, "w"],
        ["claim", 3, "1", 1, 1, False, 1, "w"],
    ]

    assert errors_of(*history) == {"wrong end", "credits overrun"}


@pytest.mark.parametrize("order", ["lifo", "fifo"])
def test_claims_from_the_other_end_than_the_order_says_are_found(order: str) -> None:
    takes_the_top = order == "fifo"
    history = [
        *TWO_JOBS,
        ["policy", 2, "continuous", order, 0],
        ["claim", 3, "2" if takes_the_top else "1", 1, 2 if takes_the_top else 1, takes_the_top, 0, "w"],
    ]

    assert errors_of(*history) == {"wrong end"}


@pytest.mark.parametrize(
    ("window", "now_us", "moves"),
    [
        (0, 4, []),
        (2, 4, []),
        (1, 9, []),
        (1, 4, [["close", 4, 1, "operator"]]),
        (1, 4, [["open", 4, 2, False, "lifo", 0, False]]),
    ],
    ids=[
        "outside of windows",
        "in one that never was",
        "when its time is up",
        "when it is closed",
        "when it is replaced",
    ],
)
def test_a_claim_at_a_closed_gate_is_found(window: int, now_us: int, moves: list[Event]) -> None:
    history = [
        *TWO_JOBS,
        ["policy", 2, "windows", "lifo", 0],
        ["open", 3, 1, False, "lifo", 0, 9],
        *moves,
        ["claim", now_us, "2", 1, 2, True, window, "w"],
    ]

    assert errors_of(*history) == {"closed gate"}


def test_windows_keep_to_their_credits_and_take_the_oldest_as_often_as_they_should(logged: LoggedQueue) -> None:
    logged.rule(batch=7, oldest_share_ppm=300_000)
    logged.send_each(*"abcdefghij")
    logged.open(credits=7)
    logged.claim(3)
    logged.claim(9)

    found = logged.checked().found
    assert found.texts == []
    assert (found.claims, found.claims_from_the_bottom, found.windows) == (7, 2, 1)


def test_a_window_whose_counts_differ_from_its_claims_is_found(logged: LoggedQueue) -> None:
    logged.rule(batch=7)
    logged.send("a")
    window = logged.open(credits=7)
    logged.claim()
    logged.raw.hset(keys.windows(logged.name), window.number, msgpack.packb([0] * len(WINDOW_FIELDS)))

    assert "window differs" in logged.checked().found.errors


def test_a_log_is_read_once_even_if_nothing_could_be_removed(logged: LoggedQueue, redis_url: str) -> None:
    class Deaf(redis.Redis):
        def pipeline(self, *_: object, **__: object) -> None:
            raise redis.ConnectionError

    with Deaf.from_url(redis_url) as deaf:
        log = EventLog(deaf, logged.name)
        logged.send("a")
        assert [event[2] for event in log.read()] == ["a"]
        logged.send("b")
        assert [event[2] for event in log.read()] == ["b"]
        log._client = logged.raw
        logged.send("c")
        assert read_all(log, logged.checker) == 1


def test_an_operators_retry_that_takes_the_turn_of_an_older_job_is_no_error(logged: LoggedQueue) -> None:
    logged.send_about("a", "old")
    (old,) = logged.claim()
    logged.send_about("a", "new")
    (new,) = logged.claim()
    logged.settle(new, "rejected")
    logged.settle(old, "put_back")

    assert logged.retry("new", logged.encoded("new")) == "queued"

    assert logged.status("old") == "superseded"
    assert logged.checked().found.texts == []


@pytest.mark.parametrize("by", ["2", "0", "nobody"])
def test_a_job_that_is_superseded_by_no_newer_one_of_its_subject_is_found(by: str) -> None:
    history = [*([["accept", n, f"{n}", n, 0, 0, subject] for n, subject in ((0, "a"), (1, "a"), (2, "b"))])]

    assert "superseded in vain" in errors_of(*history, ["supersede", 3, "1", by])


def test_a_job_that_makes_room_is_the_one_at_the_bottom(logged: LoggedQueue) -> None:
    logged.send_each(*"abc")
    logged.offer("d", most_waiting=2, drop_oldest=True)

    found = logged.checked().found
    assert (found.texts, found.expired) == ([], 2)
    logged.checker.replay([["expire", logged.clock.now_us, "d", "overflow"]])
    assert "dropped too early" in logged.checker.found.errors
