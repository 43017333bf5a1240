"""What keeps stale work from being done: when messages were generated, their deadlines and subjects
(docs/fresh-work.md)."""

from __future__ import annotations

from typing import Any, NamedTuple

import dramatiq

from ..commands.types import NO_SUBJECT, Subject
from . import deadlines, generated, subjects

TASK_OPTIONS = frozenset({deadlines.EXPIRES_IN}) | subjects.OPTIONS
"""The options that tasks may have beside those of Dramatiq."""

_OPTIONS = deadlines.OPTIONS | subjects.OPTIONS | generated.OPTIONS


class Said(NamedTuple):
    """What is said of a message's job: its deadline as ``accept.lua`` takes it, its subject, and when it was generated
    in µs since the epoch (None: nobody said)."""

    deadline: bytes = b""
    subject: Subject = NO_SUBJECT
    generated_us: int | None = None


SILENT = Said()


class FreshWork:
    """The deadlines and subjects of messages, by their own options and those of their tasks."""

    def __init__(self) -> None:
        self._deadlines = deadlines.Deadlines()
        self._subjects = subjects.Subjects()
        self._tasks: set[str] = set()

    def declare(self, actor: dramatiq.Actor[Any, Any]) -> None:
        """Know a task.

        Raises:
          ValueError: what it says of deadlines or subjects makes no sense.
        """
        if TASK_OPTIONS.isdisjoint(actor.options):
            return
        self._deadlines.declare(actor)
        self._subjects.declare(actor)
        self._tasks.add(actor.actor_name)

    def knows(self, task: str) -> bool:
        """Whether a task says something for all of its jobs."""
        return task in self._tasks

    def of(self, message: dramatiq.Message[Any]) -> Said:
        """What a message and its task say; subject and time of generation are noted in its options.

        Raises:
          ValueError: what is said makes no sense.
        """
        if message.actor_name not in self._tasks and _OPTIONS.isdisjoint(message.options):
            return SILENT
        return Said(self._deadlines.word(message), self._subjects.of(message), generated.generated_us(message))
