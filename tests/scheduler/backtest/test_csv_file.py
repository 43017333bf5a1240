"""Arrivals in CSV files, and what is said of those that aren't any."""

from __future__ import annotations

from pathlib import Path

import pytest

from middleware.tags import digests
from scheduler.backtest.arrivals import UNSET, Arrival, Arrivals, Span
from scheduler.backtest.csv_file import read_csv
from scheduler.errors import ArrivalsError

from ..times import at

NOON = at("2030-01-07 12:00:00")
EVERYTHING = Span()


def read(tmp_path: Path, text: str, span: Span = EVERYTHING) -> list[Arrival]:
    path = tmp_path / "came.csv"
    path.write_bytes(text.encode())
    return list(read_csv(path, span))


def test_times_are_rfc_3339_or_seconds_since_the_epoch(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "created_at,expires_in_s,run_ms\n"
        "2030-01-07T12:00:00Z,0.5,12.5\n"
        "2030-01-07 14:00:00.000001+02:00,,\n"
        f"{NOON // 1_000_000}.25,10,0\n",
    )
    assert found == [
        Arrival(NOON, NOON + 500_000, 12_500),
        Arrival(NOON + 1),
        Arrival(NOON + 250_000, NOON + 10_250_000, 0),
    ]


def test_columns_may_come_in_any_order_after_a_byte_order_mark_and_with_blank_lines(tmp_path: Path) -> None:
    found = read(tmp_path, "\ufeffexpires_at, created_at\r\n7,5\r\n\r\n,6\r\n")

    assert found == [Arrival(5_000_000, 7_000_000), Arrival(6_000_000)]


def test_groups_are_kept_as_digests(tmp_path: Path) -> None:
    found = read(tmp_path, "group,created_at\ncustomer 7,1\n,2\n")

    assert [arrival.group for arrival in found] == [digests(["customer 7"]), ""]
    assert Arrivals.of(found).groups == [arrival.group for arrival in found]


def test_subjects_are_kept_as_digests(tmp_path: Path) -> None:
    found = read(tmp_path, "created_at,subject\n1,customer 7\n2,\n3,customer 7\n")

    assert [arrival.subject for arrival in found] == [digests(["customer 7"]), "", digests(["customer 7"])]
    assert Arrivals.of(reversed(found)).subjects == [arrival.subject for arrival in found]


def test_arrivals_are_sorted_and_those_of_the_same_time_stay_in_their_order() -> None:
    arrivals = Arrivals.of([Arrival(3, None, 1), Arrival(1, 9), Arrival(3, None, 2)])

    assert list(arrivals.at_us) == [1, 3, 3]
    assert list(arrivals.deadlines_us) == [9, UNSET, UNSET]
    assert list(arrivals.runs_us) == [UNSET, 1, 2]


def test_only_those_within_the_span_are_taken(tmp_path: Path) -> None:
    found = read(tmp_path, "created_at\n1\n2\n3\n4\n", Span(after_us=1_000_000, before_us=4_000_000))

    assert [arrival.at_us for arrival in found] == [2_000_000, 3_000_000]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: must name the columns; expected are created_at, and if they are known expires_at or"),
        ("when\n1\n", "line 1: there is no column 'when'; expected are created_at"),
        ("created_at,created_at\n", "line 1: the column 'created_at' is there twice; expected are"),
        ("run_ms\n1\n", "line 1: must name the columns; expected are created_at"),
        ("created_at,expires_at,expires_in_s\n", "line 1: a job has one deadline, so leave expires_at or"),
        ("created_at\n1\nsoon\n", "line 3: created_at must be a time such as 2030-01-31T12:00:00Z, or seconds since"),
        ("created_at\n\n\n", None),
        ("created_at,run_ms\n,1\n", "line 2: created_at must be a time such as"),
        ("created_at\n2030-01-07T12:00:00\n", "line 2: created_at must be a time such as"),
        ("created_at\n-1\n", "line 2: created_at must be a time such as"),
        ("created_at\nNaN\n", "line 2: created_at must be"),
        ("created_at\nInfinity\n", "line 2: created_at must be"),
        ("created_at\n1e40\n", "line 2: created_at must be"),
        ("created_at,run_ms\n1,fast\n", "line 2: run_ms must be a number of milliseconds, or nothing, but is 'fast'."),
        ("created_at,run_ms\n1,-1\n", "line 2: run_ms must be a number of milliseconds"),
        ("created_at,expires_in_s\n1,-1\n", "line 2: expires_in_s must be a number of seconds"),
        ("created_at,run_ms\n1\n", "line 2: has 1 values for 2 columns (created_at, run_ms)."),
        ("created_at\n1,2\n", "line 2: has 2 values for 1 columns (created_at)."),
        ('created_at\n"1\n', "isn't CSV: unexpected end of data."),
    ],
)
def test_a_bad_file_is_an_error_that_names_line_and_column(tmp_path: Path, text: str, said: str | None) -> None:
    if said is None:
        assert read(tmp_path, text) == []
        return
    with pytest.raises(ArrivalsError) as error:
        read(tmp_path, text)
    assert str(error.value).startswith(f"{tmp_path / 'came.csv'}")
    assert said in str(error.value)


def test_a_file_that_is_no_text_or_not_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "binary.csv").write_bytes(b"created_at\n\xff\xfe")
    with pytest.raises(ArrivalsError, match="it isn't UTF-8"):
        list(read_csv(tmp_path / "binary.csv", EVERYTHING))
    with pytest.raises(ArrivalsError, match="can't be read: No such file or directory"):
        list(read_csv(tmp_path / "missing.csv", EVERYTHING))


def test_more_than_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.backtest.arrivals.MOST_ARRIVALS", 2)
    Arrivals.of([Arrival(1), Arrival(2)])
    with pytest.raises(ArrivalsError, match="There are more than 2 arrivals"):
        Arrivals.of([Arrival(1), Arrival(2), Arrival(3)])
