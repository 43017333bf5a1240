"""Windows: what each let through, opening and closing them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from middleware.queues.command_user import command_user

from ..endings import Missing
from ..sources import Page, Shown, Source
from . import queues
from .paging import cursor_of, cursor_text, walked

if TYPE_CHECKING:
    from middleware.broker import LifoBroker
    from middleware.queues.window import Window

IDS_SHOWN = 100
BY_HAND = ("opener", "closer")
"""Who opened and closed a window by hand: Redis knows, and the API has no place for it."""


def newest(source: Source, *, queue: str | None, limit: int) -> list[Shown]:
    """The newest windows, of one queue or of all."""

    def page(size: int, cursor: str | None) -> Page:
        query = {"limit": str(size)} | ({"queue": queue} if queue else {}) | ({"cursor": cursor} if cursor else {})

        def here(broker: LifoBroker) -> Page:
            found = broker.windows.page(queue=queue, limit=size, cursor=cursor_of(cursor))
            return Page([shown(window) for window in found.windows], cursor_text(found.next))

        return source.page("/v1/windows", query, here)

    return list(walked(page, limit))


def one(source: Source, id: str) -> Shown:
    """A window.

    Raises:
      Missing: there is none of this id.
    """
    try:
        return source.get(f"/v1/windows/{quote(id, safe='')}", {}, lambda broker: _existing(broker.windows.get(id)))
    except Missing:
        raise Missing(f"There is no window {id}, or it was a tick's and nothing was claimed in it.") from None


def close(source: Source, id: str) -> Shown:
    """The window, closed.

    Raises:
      Missing: there is none of this id.
    """

    def here(broker: LifoBroker) -> Shown:
        return _existing(broker.windows.close(id, by=command_user()))

    return source.post(f"/v1/windows/{quote(id, safe='')}/close", {}, here)


def coming(source: Source, queue: str) -> Shown:
    """The window that opens next, and what it would let through now.

    Raises:
      Missing: there is no such queue.
    """

    def here(broker: LifoBroker) -> Shown:
        if not broker.control.is_known(queue):
            raise Missing(queue)
        return broker.windows.next(queue, limit=IDS_SHOWN).as_dict()

    try:
        return source.get("/v1/windows/next", {"queue": queue}, here)
    except Missing:
        raise queues.missing(source, queue) from None


def shown(window: Window) -> Shown:
    """What the API shows, and ``BY_HAND``."""
    return {**window.as_dict(), **{name: getattr(window, name) for name in BY_HAND}}


def _existing(window: Window | None) -> Shown:
    if window is None:
        raise Missing("There is no such window.")
    return shown(window)
