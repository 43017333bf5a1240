"""What is wrong with a cadence, or with what it is to be tried on."""

from __future__ import annotations

from middleware.errors import LastInError


class CadenceError(LastInError):
    """The cadence can't be read: the message names the file or variable, the key, the value and what is allowed."""


class ArrivalsError(LastInError):
    """Arrivals can't be replayed: the message names what is wrong with them, and what was expected."""
