"""Arrivals from a CSV file (RFC 4180) whose first line names the columns."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from middleware.clock import to_us
from middleware.tags import digests

from ..errors import ArrivalsError
from .arrivals import Arrival, Span

CREATED_AT, EXPIRES_AT, EXPIRES_IN_S, RUN_MS, SUBJECT = "created_at", "expires_at", "expires_in_s", "run_ms", "subject"
GROUP = "group"
COLUMNS = (CREATED_AT, EXPIRES_AT, EXPIRES_IN_S, RUN_MS, SUBJECT, GROUP)
"""Named as the API names them."""
A_TIME = "a time such as 2030-01-31T12:00:00Z, or seconds since the epoch"
EXPECTED = {
    CREATED_AT: A_TIME,
    EXPIRES_AT: A_TIME,
    EXPIRES_IN_S: "a number of seconds, or nothing",
    RUN_MS: "a number of milliseconds, or nothing",
}
LATEST_US = to_us(datetime.fromisoformat("9999-01-01T00:00:00Z"))


def read_csv(path: Path, span: Span) -> Iterator[Arrival]:
    """The arrivals of a file that lie in ``span``, in the file's order.

    Raises:
      ArrivalsError: names the file, the line and the column, what it holds and what was expected.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            try:
                yield from _arrivals(path, rows, span)
            except csv.Error as error:
                raise ArrivalsError(f"{path}, line {rows.line_num}: isn't CSV: {error}.") from None
    except OSError as error:
        raise ArrivalsError(f"{path}: can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ArrivalsError(f"{path}: can't be read: it isn't UTF-8.") from None


def _arrivals(path: Path, rows: Any, span: Span) -> Iterator[Arrival]:
    """``rows``: of :func:`csv.reader`, whose type has no public name."""
    columns = [name.strip() for name in next(rows, [])]
    _check(path, columns)
    for row in rows:
        if not row:
            continue
        where = f"{path}, line {rows.line_num}"
        if len(row) != len(columns):
            raise ArrivalsError(f"{where}: has {len(row)} values for {len(columns)} columns ({', '.join(columns)}).")
        arrival = _arrival(where, dict(zip(columns, row, strict=True)))
        if arrival.at_us in span:
            yield arrival


def _check(path: Path, columns: Sequence[str]) -> None:
    expected = (
        f"expected are {CREATED_AT}, and if they are known {EXPIRES_AT} or {EXPIRES_IN_S}, {RUN_MS}, {SUBJECT}, {GROUP}"
    )
    for column in columns:
        if column not in COLUMNS:
            raise ArrivalsError(f"{path}, line 1: there is no column {column!r}; {expected}.")
        if columns.count(column) > 1:
            raise ArrivalsError(f"{path}, line 1: the column {column!r} is there twice; {expected}.")
    if CREATED_AT not in columns:
        raise ArrivalsError(f"{path}, line 1: must name the columns; {expected}.")
    if EXPIRES_AT in columns and EXPIRES_IN_S in columns:
        raise ArrivalsError(f"{path}, line 1: a job has one deadline, so leave {EXPIRES_AT} or {EXPIRES_IN_S} out.")


def _arrival(where: str, values: dict[str, str]) -> Arrival:
    def value(column: str, read: Callable[[str], int]) -> int:
        text = values[column].strip()
        try:
            return read(text)
        except (ValueError, InvalidOperation, OverflowError):
            raise ArrivalsError(f"{where}: {column} must be {EXPECTED[column]}, but is {text!r}.") from None

    def maybe(column: str, read: Callable[[str], int]) -> int | None:
        return value(column, read) if values.get(column, "").strip() else None

    at_us = value(CREATED_AT, _time_us)
    in_us = maybe(EXPIRES_IN_S, _us_of_s)
    deadline_us = maybe(EXPIRES_AT, _time_us) if in_us is None else at_us + in_us
    subject, group = (digests(filter(None, [values.get(column, "")])) for column in (SUBJECT, GROUP))
    return Arrival(at_us, deadline_us, maybe(RUN_MS, _us_of_ms), subject, group)


def _time_us(text: str) -> int:
    try:
        time_us = _us_of_s(text)
    except InvalidOperation:
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            raise ValueError("it has no offset") from None
        time_us = to_us(time)
    if not 0 <= time_us < LATEST_US:
        raise ValueError("it is before the epoch, or too late")
    return time_us


def _us_of_s(text: str) -> int:
    return _whole_us(text, 1_000_000)


def _us_of_ms(text: str) -> int:
    return _whole_us(text, 1000)


def _whole_us(text: str, unit_us: int) -> int:
    number = Decimal(text)
    if not 0 <= number < LATEST_US:
        raise ValueError("it is negative, too large, or no number")
    return int(number * unit_us)
