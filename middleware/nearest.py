"""What somebody may have meant who used a name that there isn't."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

LONGEST_NAME = 64
"""Of a longer name nobody means another: and to compare takes the longer, the longer it is."""
MOST_COMPARED = 200
MOST_LISTED = 20


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name that is most like this one; None where none is."""
    if len(name) > LONGEST_NAME or len(known) > MOST_COMPARED:
        return None
    by_plain_name = {_plain(each): each for each in sorted(known)}
    found = get_close_matches(_plain(name), by_plain_name, n=1, cutoff=0.7)
    return by_plain_name[found[0]] if found else None


def hint(name: str, known: Collection[str]) -> str:
    """A sentence, after a space, on what may have been meant, or else on what there is; nothing where that is much."""
    if meant := nearest(name, known):
        return f" Did you mean {meant}?"
    return f" There are: {', '.join(sorted(known))}." if 0 < len(known) <= MOST_LISTED else ""


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
