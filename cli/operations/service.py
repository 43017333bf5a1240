"""The service as a whole: its tasks, its workers, its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..sources import Shown, Source
from . import queues

if TYPE_CHECKING:
    from middleware.broker import LifoBroker


def tasks(source: Source) -> list[Shown]:
    """What can be run."""

    def here(broker: LifoBroker) -> list[Shown]:
        from api.task_list import described_tasks  # noqa: PLC0415 (the payloads' schemas need all of the API)

        return described_tasks()

    return source.get("/v1/tasks", {}, here)


def task_names(source: Source) -> list[str]:
    """The names of what can be run."""
    found = source.get("/v1/tasks", {}, lambda broker: [{"name": name} for name in broker.actors])
    return [task["name"] for task in found]


def workers(source: Source) -> list[Shown]:
    """The workers and schedulers that live."""
    return source.get("/v1/workers", {}, lambda broker: [found.as_dict() for found in broker.registry.processes()])


def stats(source: Source, queue: str | None) -> Shown:
    """Statistics of a queue, or of all.

    Raises:
      Missing: there is no such queue.
    """

    def here(broker: LifoBroker) -> Shown:
        now = broker.stats.now()
        return (now if queue is None else now.of(queue)).as_dict()

    found = source.get("/v1/stats", {} if queue is None else {"queue": queue}, here)
    if queue is not None and not found["queues"]:
        raise queues.missing(source, queue)
    return found
