"""What keeps stale work from being done: the deadlines and subjects of messages (docs/fresh-work.md)."""

from __future__ import annotations

from typing import Any

import dramatiq

from ..commands.types import NO_SUBJECT, Subject
from . import deadlines, subjects

TASK_OPTIONS = frozenset({deadlines.EXPIRES_IN}) | subjects.OPTIONS
"""The options that tasks may have beside those of Dramatiq."""

_OPTIONS = deadlines.OPTIONS | subjects.OPTIONS


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

    def of(self, message: dramatiq.Message[Any]) -> tuple[bytes, Subject]:
        """The deadline of a message as ``accept.lua`` takes it, and its subject, which is noted in its options.

        Raises:
          ValueError: what is said makes no sense.
        """
        if message.actor_name not in self._tasks and _OPTIONS.isdisjoint(message.options):
            return b"", NO_SUBJECT
        return self._deadlines.word(message), self._subjects.of(message)
