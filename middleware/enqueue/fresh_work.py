"""What messages say beside their payload: their deadlines, subjects and groups (docs/fresh-work.md, docs/groups.md)."""

from __future__ import annotations

from typing import Any

import dramatiq

from ..commands.types import NO_SUBJECT, Subject
from . import deadlines, groups, subjects

TASK_OPTIONS = frozenset({deadlines.EXPIRES_IN}) | subjects.OPTIONS | groups.OPTIONS
"""The options that tasks may have beside those of Dramatiq."""

_OPTIONS = deadlines.OPTIONS | subjects.OPTIONS | groups.OPTIONS


class FreshWork:
    """The deadlines, subjects and groups of messages, by their own options and those of their tasks."""

    def __init__(self) -> None:
        self._deadlines = deadlines.Deadlines()
        self._subjects = subjects.Subjects()
        self._groups = groups.Groups()
        self._tasks: set[str] = set()

    def declare(self, actor: dramatiq.Actor[Any, Any]) -> None:
        """Know a task.

        Raises:
          ValueError: what it says of deadlines, subjects or groups makes no sense.
        """
        if TASK_OPTIONS.isdisjoint(actor.options):
            return
        self._deadlines.declare(actor)
        self._subjects.declare(actor)
        self._groups.declare(actor)
        self._tasks.add(actor.actor_name)

    def of(self, message: dramatiq.Message[Any]) -> tuple[bytes, Subject, str]:
        """The deadline of a message as ``accept.lua`` takes it, its subject, and the digest of its group; both are
        noted in its options.

        Raises:
          ValueError: what is said makes no sense.
        """
        if message.actor_name not in self._tasks and _OPTIONS.isdisjoint(message.options):
            return b"", NO_SUBJECT, ""
        return self._deadlines.word(message), self._subjects.of(message), self._groups.of(message)
