"""Fields for what requests hold beside payloads."""

from __future__ import annotations

import copy
import re
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields
from werkzeug.routing import BaseConverter

from middleware.clock import to_us
from middleware.commands.keys import QUEUE_NAME
from middleware.store.reading import Cursor

MOST_VALUES = 16
"""The most values of one filter: each is looked for by itself."""
DIGITS = re.compile(r"[0-9]{1,18}")
DATE_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-](?:[01]\d|2[0-3]):[0-5]\d))", re.ASCII
)
LATEST_US = to_us(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
NOT_A_DATE_TIME = "Not an RFC 3339 date-time with an offset, such as 2030-01-31T12:00:00Z."


class QueryInteger(fields.Integer):
    """A whole number in a query: ASCII digits only, where ``int()`` also takes ``1_0``, ``+5`` and other scripts."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not DIGITS.fullmatch(value):
            raise self.make_error("invalid", input=value)
        return int(value)


class DateTimeUs(fields.Field[int]):
    """An RFC 3339 date-time with its offset, as microseconds since the epoch; finer digits are cut off."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        time_us = _microseconds(value) if isinstance(value, str) else None
        if time_us is None or time_us >= LATEST_US + 1_000_000:
            raise ValidationError(NOT_A_DATE_TIME)
        # From the year 2255 on (2^53 µs) Redis's scores don't hold every microsecond, but every 32nd.
        return time_us if time_us < 2**53 else time_us // 32 * 32


def _microseconds(text: str) -> int | None:
    parts = DATE_TIME.fullmatch(text)
    if parts is None:
        return None
    date, minute, second, fraction, _, offset = parts.groups()
    leap_s = 1 if second == "60" else 0  # RFC 3339, 5.7: the second after :59
    seconds = f"{'59' if leap_s else second}.{(fraction or '0')[:6]:0<6}"
    try:
        return to_us(datetime.fromisoformat(f"{date}T{minute}:{seconds}{offset or '+00:00'}")) + leap_s * 1_000_000
    except ValueError:
        return None


class Several(fields.Field[list[Any]]):
    """One value or several, each as ``inner`` has it. In a body: a value, or a list of them. In a query: a parameter
    that may be repeated, with one value or several between commas each time."""

    def __init__(self, inner: fields.Field[Any], *, in_query: bool, **options: Any) -> None:
        super().__init__(**options)
        self.inner = inner
        self.is_multiple = in_query

    def _bind_to_schema(self, field_name: str, parent: Any) -> None:
        super()._bind_to_schema(field_name, parent)
        self.inner = copy.deepcopy(self.inner)
        self.inner._bind_to_schema(field_name, self)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if self.is_multiple:
            value = [part for text in value for part in text.split(",")]
        elif not isinstance(value, list):
            return [self.inner.deserialize(value, **kwargs)]
        if not 1 <= len(value) <= MOST_VALUES:
            raise ValidationError(f"Expected 1 to {MOST_VALUES} values.")
        found, wrong = [], {}
        for index, each in enumerate(value):
            try:
                found.append(self.inner.deserialize(each, **kwargs))
            except ValidationError as error:
                wrong[index] = error.messages
        if wrong:
            raise ValidationError(wrong)
        return found


class CursorText(fields.Field[Cursor]):
    """A place in a list, as a ``Link`` header gave it: ``seq.queue``. Not a secret word, so that the contract can tell
    exactly which texts are taken."""

    pattern = rf"([0-9]{{1,16}})\.({QUEUE_NAME.pattern})"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Cursor:
        parts = re.fullmatch(self.pattern, value)
        if parts is None:
            raise ValidationError("Not a cursor: take it from the Link header of the page before.")
        return Cursor(seq=int(parts[1]), queue=parts[2])

    @staticmethod
    def written(cursor: Cursor) -> str:
        """The text of a cursor."""
        return f"{cursor.seq}.{cursor.queue}"


class Matches:
    """A validator that wants the whole text to match, which ``validate.Regexp`` doesn't."""

    def __init__(self, pattern: str, expected: str) -> None:
        self.regex = re.compile(f"^{pattern}$")
        self.expected = expected

    def __call__(self, value: str) -> None:
        if not self.regex.fullmatch(value):
            raise ValidationError(f"Not {self.expected}.")


class JobIdConverter(BaseConverter):
    """A job's id in a path: any text but the names of the operations on many jobs, so that those answer 405 to other
    methods and never 404."""

    regex = "(?!(?:batch|cancel|retry)$)[^/]+"
    part_isolating = True
