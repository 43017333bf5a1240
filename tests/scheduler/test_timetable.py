from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from scheduler.blackout import parse_blackout
from scheduler.cadence import QueueCadence
from scheduler.ticks import Cron, Every
from scheduler.timetable import Timetable

from .times import BERLIN, at

UTC_ZONE = ZoneInfo("UTC")
HOUR_US = 3_600_000_000
HOURLY = Every(HOUR_US)
# 6 June 2025 is a Friday.


@pytest.mark.parametrize(
    ("span", "inside", "outside"),
    [
        ("22:00-06:00", ["2025-06-06 22:00:00", "2025-06-07 05:59:59"], ["2025-06-06 21:59:59", "2025-06-07 06:00:00"]),
        ("Sat", ["2025-06-07 00:00:00", "2025-06-07 23:59:59"], ["2025-06-06 23:59:59", "2025-06-08 00:00:00"]),
        ("sat-mon", ["2025-06-07 00:00:00", "2025-06-09 12:00:00"], ["2025-06-06 23:00:00", "2025-06-10 00:00:00"]),
        ("Mon-Fri 08:00-17:00", ["2025-06-06 08:00:00"], ["2025-06-06 17:00:00", "2025-06-07 12:00:00"]),
        ("Fri 22:00-06:00", ["2025-06-06 22:00:00", "2025-06-07 05:00:00"], ["2025-06-06 05:00:00"]),
        ("Fri 20:00-24:00", ["2025-06-06 23:59:59"], ["2025-06-07 00:00:00"]),
    ],
)
def test_a_blackout_covers_its_span(span: str, inside: list[str], outside: list[str]) -> None:
    blackout = parse_blackout([span], UTC_ZONE)
    assert [blackout.covers(at(time)) for time in inside] == [True] * len(inside)
    assert [blackout.covers(at(time)) for time in outside] == [False] * len(outside)


@pytest.mark.parametrize(
    "span",
    ["", " ", "Sun Mon", "25:00-06:00", "22:00", "10:00-10:00", "10:00-24:30", "Sat10:00-12:00", "Sunday", "6-7"],
)
def test_what_is_not_a_span_is_refused(span: str) -> None:
    with pytest.raises(ValueError, match=r"isn't a span|must end"):
        parse_blackout([span], UTC_ZONE)


def test_a_blackout_that_leaves_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="whole week"):
        parse_blackout(["06:00-22:00", "Mon-Sun 22:00-06:00"], UTC_ZONE)


def test_no_tick_lies_in_a_blackout() -> None:
    timetable = Timetable(HOURLY, parse_blackout(["22:00-06:00", "Sat", "Sun"], UTC_ZONE))
    assert timetable.after(at("2025-06-06 20:30:00")) == at("2025-06-06 21:00:00")
    assert timetable.after(at("2025-06-06 21:00:00")) == at("2025-06-09 06:00:00")
    assert timetable.until(at("2025-06-07 12:00:00")) is None
    assert timetable.until(at("2025-06-09 06:00:00")) == at("2025-06-09 06:00:00")


def test_a_blackout_goes_by_the_clocks_of_its_time_zone() -> None:
    timetable = Timetable(HOURLY, parse_blackout(["01:00-02:30"], BERLIN))
    # In winter, in summer, and in the night in which 02:00 to 03:00 is left out.
    assert timetable.after(at("2025-01-14 23:30:00")) == at("2025-01-15 02:00:00")
    assert timetable.after(at("2025-06-14 22:30:00")) == at("2025-06-15 01:00:00")
    assert timetable.after(at("2025-03-29 23:30:00")) == at("2025-03-30 01:00:00")


def test_a_timetable_whose_ticks_are_all_blacked_out_has_none() -> None:
    assert Timetable(Cron("0 23 * * *", UTC_ZONE), parse_blackout(["22:00-06:00"], UTC_ZONE)).after(0) is None


def test_a_window_ends_with_what_comes_first() -> None:
    tick_us = at("2025-06-06 21:00:00")
    lasting = {"timetable": Timetable(HOURLY), "queue": "default"}
    dark = {"timetable": Timetable(HOURLY, parse_blackout(["21:30-06:00"], UTC_ZONE)), "queue": "default"}

    assert QueueCadence(**lasting).end_of(tick_us, tick_us) == at("2025-06-06 22:00:00")
    assert QueueCadence(**lasting, lasts_us=HOUR_US // 4).end_of(tick_us, tick_us) == at("2025-06-06 21:15:00")
    assert QueueCadence(**lasting, lasts_us=HOUR_US * 3).end_of(tick_us, tick_us) == at("2025-06-06 22:00:00")
    assert QueueCadence(**dark).end_of(tick_us, tick_us) == at("2025-06-06 21:30:00")
    assert QueueCadence(**dark, lasts_us=HOUR_US).end_of(tick_us, tick_us) == at("2025-06-06 21:30:00")


def test_a_late_window_ends_when_it_would_have_ended_and_a_missed_one_gets_its_length_if_told_so() -> None:
    tick_us, late_us, missed_us = at("2025-06-06 21:00:00"), at("2025-06-06 21:10:00"), at("2025-06-06 21:20:00")
    section = {"timetable": Timetable(HOURLY), "queue": "default", "lasts_us": HOUR_US // 4}

    assert QueueCadence(**section).end_of(tick_us, late_us) == at("2025-06-06 21:15:00")
    assert QueueCadence(**section).end_of(tick_us, missed_us) <= missed_us
    assert QueueCadence(**section, missed="open").end_of(tick_us, late_us) == at("2025-06-06 21:15:00")
    assert QueueCadence(**section, missed="open").end_of(tick_us, missed_us) == at("2025-06-06 21:35:00")


@pytest.mark.parametrize("after_us", [0, 1, 9, 10, 11, 29])
@pytest.mark.parametrize("before_us", [0, 1, 10, 30, 31, 40])
def test_ticks_between_two_times_are_counted_as_if_one_by_one(after_us: int, before_us: int) -> None:
    expected = sum(1 for tick in range(0, 100, 10) if after_us < tick < before_us)
    assert Timetable(Every(10)).count_between(after_us, before_us) == expected


def test_of_very_many_ticks_only_so_many_are_counted() -> None:
    for timetable in (Timetable(Every(1_000_000)), Timetable(Cron("* * * * * *", BERLIN))):
        assert timetable.count_between(0, 20_000_000_000) == 10_000


def test_timetables_with_the_same_ticks_have_the_same_text() -> None:
    def text(*spans: str) -> str:
        return str(Timetable(Every(10), parse_blackout(spans, BERLIN)))

    assert str(Timetable(Every(10_000))) == str(Timetable(Every(10_000)))
    assert text("Sat", "22:00-06:00") == text("Sat", "22:00-06:00")
    others = (Timetable(Every(10_000)), Timetable(Every(20_000)), text("Sat"), text("Sun"), text("12:00-13:00"))
    assert len({str(other) for other in others}) == 5


@pytest.mark.parametrize(
    "timetable", [Timetable(Every(60_000_000)), Timetable(Cron("* * * * *", ZoneInfo("UTC")))], ids=str
)
def test_ticks_that_the_clock_left_out_are_not_counted(timetable: Timetable) -> None:
    def minutes(*clocks: str) -> list[int]:
        return [at(f"2025-06-01 {clock}:00") for clock in clocks]

    after_us, before_us = minutes("12:00", "12:10")
    first, second = minutes("12:02", "12:04"), minutes("12:07", "12:09")
    gaps = [(low_us, high_us) for low_us, high_us in (first, second)]
    # 12:03 and 12:08 are left out. The ends of a gap are times that the clock did show.
    assert timetable.count_between(after_us, before_us) == 9
    assert timetable.count_between(after_us, before_us, gaps) == 7
    assert timetable.count_between(after_us, before_us, [(after_us - 1, before_us + 1)]) == 0
    assert timetable.count_between(after_us, before_us, [(before_us, before_us + 1)]) == 9
    assert not timetable.has_between(*minutes("12:02", "12:04"), [(first[0], first[1])])
    assert timetable.has_between(*minutes("12:02", "12:04"), [(first[0] + 1, first[0] + 2)])
