"""What is wrong with a cadence."""

from __future__ import annotations

from middleware.errors import LastInError


class CadenceError(LastInError):
    """The cadence can't be read: the message names the file or variable, the key, the value and what is allowed."""
