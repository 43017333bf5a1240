"""Queues: how they stand, pausing them and letting them go on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from middleware.nearest import hint

from ..endings import Missing
from ..sources import Shown, Source

if TYPE_CHECKING:
    from middleware.broker import LifoBroker


def everyone(source: Source) -> list[Shown]:
    """All queues, by name."""
    return source.get("/v1/queues", {}, lambda broker: broker.control.describe_all())


def names(source: Source) -> list[str]:
    """The names of all queues."""
    return [queue["name"] for queue in everyone(source)]


def one(source: Source, name: str) -> Shown:
    """A queue.

    Raises:
      Missing: there is none of this name; the nearest one is told.
    """
    try:
        return source.get(f"/v1/queues/{quote(name, safe='')}", {}, lambda broker: _described(broker, name))
    except Missing:
        raise missing(source, name) from None


def pause(source: Source, name: str, reason: str) -> Shown:
    """The queue, paused; a pause that was there stays.

    Raises:
      Missing: there is none of this name.
    """

    def here(broker: LifoBroker) -> Shown:
        _described(broker, name)
        broker.control.pause(name, by=_command_user(), reason=reason)
        return _described(broker, name)

    return source.post(f"/v1/queues/{quote(name, safe='')}/pause", {"reason": reason}, here)


def resume(source: Source, name: str, reason: str | None) -> Shown:
    """The queue, whose pause has ended.

    Raises:
      Missing: there is none of this name.
    """

    def here(broker: LifoBroker) -> Shown:
        _described(broker, name)
        broker.control.resume(name, by=_command_user(), reason=reason)
        return _described(broker, name)

    body = {} if reason is None else {"reason": reason}
    return source.post(f"/v1/queues/{quote(name, safe='')}/resume", body, here)


def missing(source: Source, name: str) -> Missing:
    """What there is to say when there is no such queue."""
    return Missing(f"There is no queue {name}.{hint(name, names(source))}")


def _described(broker: LifoBroker, name: str) -> Shown:
    if (described := broker.control.describe(name)) is None:
        raise Missing(f"There is no queue {name}.")
    return described


def _command_user() -> str:
    from middleware.queues.command_user import command_user  # noqa: PLC0415 (not before the broker is there)

    return command_user()
