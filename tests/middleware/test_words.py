"""Numbers and spans of time as people say them."""

from __future__ import annotations

import pytest

from middleware.queues.policy import Policy
from middleware.words import counted, duration

SECOND, MINUTE, HOUR, DAY = 10**6, 60 * 10**6, 3600 * 10**6, 86_400 * 10**6


@pytest.mark.parametrize(
    ("time_us", "words"),
    [
        (0, "0.0 ms"),
        (400, "0.4 ms"),
        (9_949, "9.9 ms"),
        (9_960, "10 ms"),
        (366_123, "366 ms"),
        (999_600, "1 s"),
        (2_345_000, "2.3 s"),
        (9_960_000, "10 s"),
        (59_600_000, "1 min"),
        (200 * SECOND, "3 min 20 s"),
        (HOUR - 1, "1 h"),
        (2 * HOUR + 5 * MINUTE, "2 h 5 min"),
        (DAY - 1, "1 d"),
        (4 * DAY, "4 d"),
        (DAY + HOUR, "1 d 1 h"),
    ],
)
def test_a_span_of_time_is_said_in_the_units_that_fit(time_us: int, words: str) -> None:
    assert duration(time_us) == words


def test_one_is_singular_and_thousands_have_commas() -> None:
    assert [counted(n, "job") for n in (0, 1, 2, 1_234)] == ["0 jobs", "1 job", "2 jobs", "1,234 jobs"]


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (Policy(period_us=2 * SECOND, lasts_us=2 * SECOND, batch=1000), "every 2 s up to 1,000 jobs, newest first"),
        (
            Policy(period_us=MINUTE, lasts_us=10 * SECOND, order="fifo", oldest_share_ppm=100_000),
            "every 1 min for 10 s all jobs, oldest first, 10 % of them the oldest",
        ),
        (Policy(mode="continuous"), "at any time, newest first"),
        (
            Policy(timetable="cron */10 * * * *", batch=1, order="adaptive", lifo_above_us=30 * SECOND),
            "cron */10 * * * * up to 1 job, oldest first, or newest first once the oldest has waited 30 s",
        ),
        (Policy(mode="continuous", order_by="generated"), "at any time, last generated first"),
        (
            Policy(mode="continuous", order="adaptive", order_by="generated", lifo_above_us=30 * SECOND),
            "at any time, first generated first, or last generated first once the oldest has waited 30 s",
        ),
    ],
)
def test_a_policy_is_said_in_a_sentence(policy: Policy, words: str) -> None:
    assert policy.in_words() == words
