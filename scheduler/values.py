"""The values of a section: what each key may hold, checked, with errors that say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, overload
from zoneinfo import ZoneInfo

from middleware.queues.policy import PPM
from middleware.settings.values import Unreadable, integer

from .durations import format_duration, parse_duration
from .errors import CadenceError

MOST_CREDITS = 1_000_000_000
LONGEST_US = 31 * 86_400_000_000
"""The longest duration that a key takes."""


@dataclass(frozen=True, slots=True)
class Given:
    """A value as TOML has it, and its origin: a file with a key, or an environment variable."""

    value: Any
    origin: str

    def error(self, allowed: str) -> CadenceError:
        return CadenceError(f"{self.origin} must be {allowed}, but holds {_shown(self.value)}.")


class Section:
    """Hands out the checked values of a section. A key that isn't given has its default."""

    def __init__(self, name: str, given: Mapping[str, Given]) -> None:
        self.name = name
        self._given = given

    def __contains__(self, key: str) -> bool:
        return key in self._given

    def __getitem__(self, key: str) -> Given:
        return self._given[key]

    @overload
    def duration(self, key: str, low_us: int, high_us: int, default: None = None) -> int | None: ...
    @overload
    def duration(self, key: str, low_us: int, high_us: int, default: int) -> int: ...
    def duration(self, key: str, low_us: int, high_us: int, default: int | None = None) -> int | None:
        """Microseconds."""
        if key not in self._given:
            return default
        given = self._given[key]
        try:
            duration_us = parse_duration(given.value)
        except (TypeError, ValueError):
            duration_us = -1
        if not low_us <= duration_us <= high_us:
            low, high = format_duration(low_us), format_duration(high_us)
            raise given.error(f'a duration from "{low}" to "{high}", such as "500ms", "2s" or "1h30m"')
        return duration_us

    def whole(self, key: str, low: int, high: int, default: int) -> int:
        if key not in self._given:
            return default
        given = self._given[key]
        if type(given.value) is not int or not low <= given.value <= high:
            raise given.error(f"a whole number from {low} to {high}")
        return given.value

    def share(self, key: str, default: int) -> int:
        """Parts per million, exactly: nothing is rounded to a binary fraction."""
        if key not in self._given:
            return default
        given = self._given[key]
        number = Decimal(given.value) if type(given.value) in (int, Decimal) else Decimal("nan")
        if number.is_nan() or not 0 <= number <= 1 or number * PPM % 1:
            raise given.error("a number from 0.0 to 1.0 with at most six decimals")
        return int(number * PPM)

    def boolean(self, key: str, default: bool) -> bool:
        if key not in self._given:
            return default
        given = self._given[key]
        if type(given.value) is not bool:
            raise given.error("true or false")
        return given.value

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        if key not in self._given:
            return default
        given = self._given[key]
        if given.value not in choices:
            raise given.error(" or ".join(f'"{choice}"' for choice in choices))
        return str(given.value)

    def timezone(self, key: str) -> ZoneInfo:
        """UTC when it isn't given, since the local time zone differs between machines."""
        if key not in self._given:
            return ZoneInfo("UTC")
        given = self._given[key]
        try:
            return ZoneInfo(given.value)
        except Exception:  # zoneinfo raises KeyError, ValueError, OSError or TypeError, by what is wrong with the name
            raise given.error('the name of a time zone, such as "Europe/Berlin"') from None


def read_whole(text: str, low: int, high: int) -> int:
    """A number as an option of a command has it.

    Raises:
      ValueError: says what was expected.
    """
    try:
        return integer(low, high)(text)
    except Unreadable as error:
        raise ValueError(f"expected {error}, got {text!r}") from None


def read_duration(text: str, low_us: int, high_us: int) -> int:
    """A duration as an option of a command has it, in microseconds.

    Raises:
      ValueError: says what was expected.
    """
    duration_us = parse_duration(text)
    if not low_us <= duration_us <= high_us:
        low, high = format_duration(low_us), format_duration(high_us)
        raise ValueError(f"expected a duration from {low} to {high}, got {text!r}")
    return duration_us


def _shown(value: Any) -> str:
    """About as TOML writes it, so that it can be found in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, Decimal) else repr(value)
