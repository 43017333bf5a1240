from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "duration_us"),
    [
        ("500ms", 500_000),
        ("2s", 2_000_000),
        ("1m", 60_000_000),
        ("1h30m", 5_400_000_000),
        ("1d", 86_400_000_000),
        ("1m500ms", 60_500_000),
        ("0s", 0),
    ],
)
def test_a_duration_is_read_in_microseconds(text: str, duration_us: int) -> None:
    assert parse_duration(text) == duration_us


@pytest.mark.parametrize(
    "text", ["", "2", "s", "1.5s", "-1s", "2 s", "2S", "2s ", "30m1h", "1s1s", "2sec", "٣s", "1" * 13 + "s"]
)
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="isn't a duration such as"):
        parse_duration(text)


@given(st.integers(0, 10**9))
def test_what_is_shown_is_read_back(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds * 1000)) == milliseconds * 1000
