"""Cron expressions: what the five or six fields say, spelled out.

APScheduler reads fields too, but counts weekdays from Monday and passes over what it doesn't understand
(``jan-mar/2``). So the fields are read here, by the rules of crontab(5), and handed over as plain lists of numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {name: number for number, name in enumerate(MONTH_NAMES, start=1)}
WEEKDAYS = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name in messages, the numbers it may hold, and names that stand for numbers."""

    name: str
    low: int
    high: int
    names: dict[str, int]


FIELDS = (
    Field("second", 0, 59, {}),
    Field("minute", 0, 59, {}),
    Field("hour", 0, 23, {}),
    Field("day", 1, 31, {}),
    Field("month", 1, 12, MONTHS),
    Field("weekday", 0, 7, WEEKDAYS),
)
ALL = "*"

_ITEM = re.compile(r"(?P<first>\*|[0-9]{1,2}|[a-z]{3})(?:-(?P<last>[0-9]{1,2}|[a-z]{3}))?(?:/(?P<step>[0-9]{1,2}))?")


@dataclass(frozen=True, slots=True)
class Crontab:
    """The fields in APScheduler's words: ``*`` or a list of numbers; weekdays count from Monday as 0."""

    second: str
    minute: str
    hour: str
    day: str
    month: str
    weekday: str
    hour_is_wild: bool
    """The hour field starts with ``*``: the times go by elapsed time where clocks are changed, as in cron(8)."""
    either_day: bool
    """Day and weekday are both restricted: crontab(5) then lets a date match either of them."""


def parse_crontab(expression: str) -> Crontab:
    """Minute, hour, day, month, weekday; with six fields the seconds come first.

    Raises:
      ValueError: what is wrong, and what the field may hold.
    """
    texts = expression.lower().split()
    if len(texts) not in (5, 6):
        raise ValueError(f"it has {len(texts)} fields, not 5 (minute hour day month weekday) or 6 (seconds first)")
    if len(texts) == 5:
        texts.insert(0, "0")
    expanded = [_expand(field, text) for field, text in zip(FIELDS, texts, strict=True)]
    second, minute, hour, day, month, weekday = expanded
    return Crontab(
        second=second,
        minute=minute,
        hour=hour,
        day=day,
        month=month,
        weekday=_from_monday(weekday),
        hour_is_wild=texts[2].startswith(ALL),
        either_day=not texts[3].startswith(ALL) and not texts[5].startswith(ALL),
    )


def _expand(field: Field, text: str) -> str:
    if text == ALL:
        return ALL
    numbers: set[int] = set()
    for item in text.split(","):
        numbers.update(_numbers(field, item))
    return ",".join(map(str, sorted(numbers)))


def _numbers(field: Field, item: str) -> range:
    match = _ITEM.fullmatch(item)
    if match is None or (match["first"] == ALL and match["last"]):
        raise ValueError(f"its {field.name} holds {item!r}, which isn't *, 5, 1-5, */10, 10-50/20 or a list of these")
    if match["first"] == ALL:
        first, last = field.low, field.high
    else:
        first = _number(field, match["first"])
        last = _number(field, match["last"]) if match["last"] else field.high if match["step"] else first
    step = int(match["step"] or 1)
    if first > last or step == 0:
        raise ValueError(f"its {field.name} holds {item!r}, which runs backwards or stands still")
    return range(first, last + 1, step)


def _number(field: Field, text: str) -> int:
    number = int(text) if text.isdigit() else field.names.get(text, -1)
    if not field.low <= number <= field.high:
        names = f" or {', '.join(field.names)}" if field.names else ""
        raise ValueError(f"its {field.name} holds {text!r}, which isn't {field.low}-{field.high}{names}")
    return number


def _from_monday(weekday: str) -> str:
    """Crontab counts from Sunday (0 and 7), APScheduler from Monday."""
    if weekday == ALL:
        return ALL
    return ",".join(map(str, sorted({(int(number) - 1) % 7 for number in weekday.split(",")})))
