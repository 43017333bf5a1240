"""Names that nobody knows get the nearest one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question after the nearest name, or all of them where none is near; begins with a space."""
    names = sorted(known)
    if near := get_close_matches(name, names, n=1):
        return f" Did you mean {near[0]}?"
    return f" There are: {', '.join(names)}." if names else ""
