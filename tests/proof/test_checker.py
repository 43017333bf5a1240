"""What the checker of histories says of histories that are made up, and of windows."""

from __future__ import annotations

import redis

from .conftest import LoggedQueue
from .history import Event, EventLog, HistoryChecker, read_all


def errors_of(*events: Event) -> set[str]:
    """The kinds of errors in a history."""
    checker = HistoryChecker()
    checker.replay(events)
    return set(checker.found.errors)


def test_a_claim_that_passes_over_a_due_job_is_found() -> None:
    history = [["accept", 1, "later", 1, 5], ["accept", 2, "now", 2, 0], ["claim", 6, "now", 1, 2, True, 0]]

    assert errors_of(*history) == {"passed over"}


def test_a_job_that_comes_back_at_another_place_is_found() -> None:
    history = [
        ["accept", 1, "a", 1, 0],
        ["claim", 2, "a", 1, 1, True, 0],
        ["reclaim", 3, "a", 1, "q"],
        ["claim", 4, "a", 2, 9, True, 0],
    ]

    assert "wrong place" in errors_of(*history)


def test_a_claim_in_a_pause_is_found() -> None:
    history = [
        ["accept", 1, "a", 1, 0],
        ["accept", 2, "b", 2, 0],
        ["pause", 3, "somebody"],
        ["claim", 4, "b", 1, 2, True, 0],
        ["resume", 5, "somebody"],
        ["claim", 6, "a", 1, 1, True, 0],
    ]

    assert errors_of(*history) == {"claimed in a pause"}


def test_claims_beyond_the_credits_and_from_the_wrong_end_are_found() -> None:
    checker = HistoryChecker()
    checker.expect_window(1, credits=1, oldest_share_ppm=1_000_000)
    checker.replay([["accept", n, f"{n}", n, 0] for n in (1, 2)])
    checker.replay([["claim", 3, "2", 1, 2, True, 1], ["claim", 3, "1", 1, 1, False, 1]])

    assert checker.found.errors == {"wrong end": 1, "credits overrun": 1}


def test_windows_keep_to_their_credits_and_take_the_oldest_as_often_as_they_should(logged: LoggedQueue) -> None:
    logged.rule(batch=7, oldest_share_ppm=300_000)
    logged.send_each(*"abcdefghij")
    window = logged.open(credits=7)
    logged.checker.expect_window(window.number, credits=7, oldest_share_ppm=300_000)
    logged.claim(3)
    logged.claim(9)

    found = logged.checked().found
    assert found.texts == []
    assert (found.claims, found.claims_from_the_bottom) == (7, 2)


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
