"""What messages say beside their payload: their deadlines, subjects and groups, and when they were generated
(docs/fresh-work.md, docs/groups.md)."""

from __future__ import annotations

from typing import Any, NamedTuple

import dramatiq

from ..commands.types import NO_SUBJECT, Subject
from . import deadlines, generated, groups, subjects

TASK_OPTIONS = frozenset({deadlines.EXPIRES_IN}) | subjects.OPTIONS | groups.OPTIONS
"""The options that tasks may have beside those of Dramatiq."""

_OPTIONS = deadlines.OPTIONS | subjects.OPTIONS | groups.OPTIONS | generated.OPTIONS


class Said(NamedTuple):
    """What is said of a message's job: its deadline as ``accept.lua`` takes it, its subject, the digest of its group
    (empty: it has none), and when it was generated in µs since the epoch (None: nobody said)."""

    deadline: bytes = b""
    subject: Subject = NO_SUBJECT
    group: str = ""
    generated_us: int | None = None


SILENT = Said()


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

    def deadline(self, message: dramatiq.Message[Any]) -> bytes:
        """The deadline of a message, as in :meth:`of`.

        Raises:
          ValueError: that is none, or there are two.
        """
        return self._deadlines.argument(message)

    def of(self, message: dramatiq.Message[Any]) -> Said:
        """What a message and its task say; subject, group and time of generation are noted in its options.

        Raises:
          ValueError: what is said makes no sense.
        """
        if message.actor_name not in self._tasks and _OPTIONS.isdisjoint(message.options):
            return SILENT
        return Said(
            self._deadlines.argument(message),
            self._subjects.of(message),
            self._groups.of(message),
            generated.generated_us(message),
        )
