"""Lines of the log that are written often: each is put together once by who writes it, with its fields.

The standard library asks of each line where it comes from and what is to be put into it, and :class:`.format.Json`
looks through all attributes of its record for what was added. That costs more than the line itself.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

from . import origin


class Line(logging.LogRecord):
    """A line with its fields in their order; ``fields`` are those of the context as well."""

    fields: origin.Fields

    @classmethod
    def of(  # noqa: PLR0917 - what makes up a line
        cls, logger: str, created: float, level: int, message: str, fields: origin.Fields, trace: str | None = None
    ) -> Line:
        """As ``LogRecord`` makes it, but what is the same in all lines is found out once for each logger and level."""
        made = cls.__new__(cls)
        made.__dict__.update(
            _alike(logger, level), created=created, msg=message, message=message, fields=fields, exc_text=trace
        )
        return made


@lru_cache(maxsize=32)
def _alike(logger: str, level: int) -> dict[str, Any]:
    return logging.LogRecord(logger, level, "", 0, "", (), None).__dict__
