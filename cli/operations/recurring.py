"""Recurring jobs: when they tick, pausing them and letting them go on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from middleware.nearest import hint
from middleware.queues.command_user import command_user

from ..endings import Missing
from ..sources import Shown, Source

if TYPE_CHECKING:
    from middleware.broker import LifoBroker
    from middleware.queues.recurring import RecurringJob


def everyone(source: Source) -> list[Shown]:
    """All recurring jobs, by name."""
    return source.get("/v1/recurring", {}, lambda broker: [job.as_dict() for job in broker.recurring.all()])


def names(source: Source) -> list[str]:
    """The names of all recurring jobs."""
    return [job["name"] for job in everyone(source)]


def one(source: Source, name: str) -> Shown:
    """A recurring job.

    Raises:
      Missing: there is none of this name; the nearest one is told.
    """
    try:
        return source.get(_path(name), {}, lambda broker: _shown(broker.recurring.get(name), name))
    except Missing:
        raise Missing(f"There is no recurring job {name}.{hint(name, names(source))}") from None


def pause(source: Source, name: str, reason: str) -> Shown:
    """The recurring job, paused; a pause that was there stays.

    Raises:
      Missing: there is none of this name.
    """

    def here(broker: LifoBroker) -> Shown:
        return _shown(broker.recurring.pause(name, by=command_user(), reason=reason), name)

    return source.post(f"{_path(name)}/pause", {"reason": reason}, here)


def resume(source: Source, name: str) -> Shown:
    """The recurring job, whose pause has ended.

    Raises:
      Missing: there is none of this name.
    """

    def here(broker: LifoBroker) -> Shown:
        return _shown(broker.recurring.resume(name, by=command_user()), name)

    return source.post(f"{_path(name)}/resume", {}, here)


def _path(name: str) -> str:
    return f"/v1/recurring/{quote(name, safe='')}"


def _shown(job: RecurringJob | None, name: str) -> Shown:
    if job is None:
        raise Missing(f"There is no recurring job {name}.")
    return job.as_dict()
