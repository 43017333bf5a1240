"""Lists longer than a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..sources import Page, Shown

if TYPE_CHECKING:
    from middleware.store.reading import Cursor

LONGEST_PAGE = 500


def walked(page: Callable[[int, str | None], Page], limit: int) -> Iterator[Shown]:
    """Up to ``limit`` rows, page by page. ``page`` gives one of a size, from a cursor on."""
    cursor: str | None = None
    while limit > 0:
        found = page(min(limit, LONGEST_PAGE), cursor)
        yield from found.rows
        limit, cursor = limit - len(found.rows), found.next
        if cursor is None:
            return


def cursor_text(cursor: Cursor | None) -> str | None:
    """A cursor as the API writes it."""
    return None if cursor is None else f"{cursor.seq}.{cursor.queue}"


def cursor_of(text: str | None) -> Cursor | None:
    """A cursor that :func:`cursor_text` wrote."""
    from middleware.store.reading import Cursor  # noqa: PLC0415 (not before the broker is there)

    if text is None:
        return None
    seq, _, queue = text.partition(".")
    return Cursor(int(seq), queue)
