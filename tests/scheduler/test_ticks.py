from __future__ import annotations

import re
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.ticks import Cron, Every, Ticks

from .times import BERLIN, at, shown

UTC_ZONE = ZoneInfo("UTC")


def ticks_after(ticks: Ticks, start: str, count: int) -> list[int]:
    found, time_us = [], at(start)
    for _ in range(count):
        time_us = ticks.after(time_us)
        found.append(time_us)
    return found


def berlin_ticks(expression: str, start: str, count: int) -> list[str]:
    return [shown(tick_us) for tick_us in ticks_after(Cron(expression, BERLIN), start, count)]


@given(st.integers(100_000, 10**13), st.integers(0, 4 * 10**15))
def test_ticks_of_every_are_whole_multiples_of_the_period_since_the_epoch(period_us: int, now_us: int) -> None:
    every = Every(period_us)
    assert every.after(now_us) % period_us == every.until(now_us) % period_us == 0
    assert every.until(now_us) <= now_us < every.after(now_us) == every.until(now_us) + period_us


def test_a_cron_with_seconds_first_ticks_within_the_minute() -> None:
    ticks = ticks_after(Cron("*/10 * * * * *", UTC_ZONE), "2025-06-01 11:59:45.5", 3)
    assert ticks == [at("2025-06-01 11:59:50"), at("2025-06-01 12:00:00"), at("2025-06-01 12:00:10")]


@pytest.mark.parametrize(
    ("expression", "start", "expected"),
    [
        ("*/15 * * * *", "2025-06-01 00:00:00", ["2025-06-01 00:15:00", "2025-06-01 00:30:00"]),
        ("0 3 * * *", "2025-06-01 03:00:00", ["2025-06-02 03:00:00", "2025-06-03 03:00:00"]),
        ("10-50/20 1,2 * * *", "2025-06-01 01:30:00", ["2025-06-01 01:50:00", "2025-06-01 02:10:00"]),
        ("5/20 0 * * *", "2025-06-01 00:00:00", ["2025-06-01 00:05:00", "2025-06-01 00:25:00"]),
        ("0 0 29 2 *", "2025-06-01 00:00:00", ["2028-02-29 00:00:00", "2032-02-29 00:00:00"]),
        ("0 12 * jan-mar *", "2025-03-31 12:00:00", ["2026-01-01 12:00:00", "2026-01-02 12:00:00"]),
        ("0 12 * * 0", "2025-06-01 00:00:00", ["2025-06-01 12:00:00", "2025-06-08 12:00:00"]),
        ("0 12 * * 7", "2025-06-01 00:00:00", ["2025-06-01 12:00:00", "2025-06-08 12:00:00"]),
        ("0 12 * * MON-FRI", "2025-06-06 00:00:00", ["2025-06-06 12:00:00", "2025-06-09 12:00:00"]),
        ("0 12 * * 5-7", "2025-06-01 12:00:00", ["2025-06-06 12:00:00", "2025-06-07 12:00:00"]),
        # Day and weekday both restricted: either will do, by crontab(5).
        ("0 0 13 * fri", "2025-06-06 00:00:00", ["2025-06-13 00:00:00", "2025-06-20 00:00:00"]),
        ("0 0 10 * fri", "2025-06-06 00:00:00", ["2025-06-10 00:00:00", "2025-06-13 00:00:00"]),
        # The last day of the month, its last weekday, its last Friday, its second Monday.
        ("0 0 L * *", "2025-02-01 00:00:00", ["2025-02-28 00:00:00", "2025-03-31 00:00:00"]),
        ("0 0 LW * *", "2025-05-01 00:00:00", ["2025-05-30 00:00:00", "2025-06-30 00:00:00"]),
        ("0 0 * * 5L", "2025-06-01 00:00:00", ["2025-06-27 00:00:00", "2025-07-25 00:00:00"]),
        ("0 0 * * mon#2", "2025-06-01 00:00:00", ["2025-06-09 00:00:00", "2025-07-14 00:00:00"]),
    ],
)
def test_cron_expressions_mean_what_crontab_says(expression: str, start: str, expected: list[str]) -> None:
    assert ticks_after(Cron(expression, UTC_ZONE), start, 2) == [at(time) for time in expected]


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("* * * *", "it has 4 fields"),
        ("", "it has 0 fields"),
        ("* * * * * * *", "it has 7 fields"),
        ("60 * * * *", "its minute must be *, 5, 1-5, */10, 10-50/20 or a list of these, from 0-59"),
        ("60 * * * * *", "its second must be"),
        ("* 24 * * *", "its hour must be"),
        ("* * 0 * *", "its day-of-month must be"),
        ("* * * 13 *", "its month must be *, 5, 1-5, */10, 10-50/20 or a list of these, from 1-12 or jan-dec"),
        ("* * * * 8", "its day-of-week must be"),
        ("* * * * fru", "its day-of-week must be"),
        ("* * * mon *", "its month must be"),
        ("*/0 * * * *", "its minute must be"),
        ("30-10 * * * *", "its minute must be"),
        ("1,,2 * * * *", "its minute must be"),
        ("*-5 * * * *", "its minute must be"),
        ("5#2 * * * *", "its minute must be"),
        ("0 0 30 2 *", "or a list of these, from 1-31, L or LW, on a date that comes"),
        ("0 0 30 2 */2", "on a date that comes"),
    ],
)
def test_a_cron_expression_that_means_nothing_is_refused(expression: str, error: str) -> None:
    with pytest.raises(ValueError, match=re.escape(error)):
        Cron(expression, UTC_ZONE)


def test_midnight_comes_on_the_day_after_the_clocks_go_forward() -> None:
    assert berlin_ticks("0 0 * * *", "2025-03-29 12:00:00", 3) == [
        "Sun 30 00:00:00+0100",
        "Mon 31 00:00:00+0200",
        "Tue 01 00:00:00+0200",
    ]


def test_a_time_that_the_clocks_skip_comes_once_as_soon_as_the_gap_is_over() -> None:
    assert berlin_ticks("30 2 * * *", "2025-03-28 12:00:00", 3) == [
        "Sat 29 02:30:00+0100",
        "Sun 30 03:00:00+0200",
        "Mon 31 02:30:00+0200",
    ]
    assert berlin_ticks("*/20 2 * * *", "2025-03-29 12:00:00", 2) == ["Sun 30 03:00:00+0200", "Mon 31 02:00:00+0200"]
    assert berlin_ticks("15 30 2 * * *", "2025-03-29 12:00:00", 2) == ["Sun 30 03:00:00+0200", "Mon 31 02:30:15+0200"]


def test_a_time_that_is_there_twice_counts_the_first_time_only() -> None:
    assert berlin_ticks("30 2 * * *", "2025-10-25 12:00:00", 2) == ["Sun 26 02:30:00+0200", "Mon 27 02:30:00+0100"]
    assert berlin_ticks("30 2 * * *", "2025-10-26 01:10:00", 1) == ["Mon 27 02:30:00+0100"]


@pytest.mark.parametrize("start", ["2025-03-29 20:00:00", "2025-10-25 20:00:00"])
@pytest.mark.parametrize(
    ("expression", "period_s"), [("*/20 * * * *", 1200), ("15 * * * *", 3600), ("7 */1 * * *", 3600)]
)
def test_with_a_wild_hour_ticks_go_by_elapsed_time_when_clocks_are_changed(
    start: str, expression: str, period_s: int
) -> None:
    ticks = ticks_after(Cron(expression, BERLIN), start, 40)
    assert {later - earlier for earlier, later in pairwise(ticks)} == {period_s * 1_000_000}


@pytest.mark.parametrize("expression", ["30 2 * * *", "*/20 * * * *", "0 0 * * *", "0 3 * * sun", "15 2,3 * * *"])
@pytest.mark.parametrize("day", ["2025-03-30", "2025-10-26", "2025-06-01"])
def test_forwards_and_backwards_give_the_same_ticks_from_every_minute_of_a_day(expression: str, day: str) -> None:
    cron = Cron(expression, BERLIN)
    start_us = at(f"{day} 00:00:00") - 3_600_000_000
    for minute in range(0, 300, 3):
        now_us = start_us + minute * 60_000_000
        last_us = cron.until(now_us)
        assert last_us is not None
        assert last_us <= now_us < cron.after(now_us) == cron.after(last_us)


def test_the_last_tick_is_found_however_long_ago_it_was() -> None:
    assert Cron("0 0 29 2 *", UTC_ZONE).until(at("2027-12-31 00:00:00")) == at("2024-02-29 00:00:00")
    assert Cron("* * 2 * * *", UTC_ZONE).until(at("2025-06-01 12:00:00")) == at("2025-06-01 02:59:59")
    # A 29 February on a Sunday: 2004, then 2032.
    assert Cron("0 0 29 2 */7", UTC_ZONE).until(at("2025-06-01 12:00:00")) is None
