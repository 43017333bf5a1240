"""The subjects of jobs: what callers and tasks give, and what newer jobs of a subject may do to older ones."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import dramatiq

from ..commands.types import NO_SUBJECT, Subject
from ..tags import digests
from .due import check_span_ms
from .named_argument import NO_ARGUMENT, NamedArgument, named_argument, text_of

SUBJECT, SUPERSEDE_RUNNING, MAX_DEFER = "subject", "supersede_running", "max_defer"
"""Options of messages: a text; True or False; milliseconds. Tasks have them too: there the subject is the name of the
argument that holds it."""
OPTIONS = frozenset({SUBJECT, SUPERSEDE_RUNNING, MAX_DEFER})
LONGEST_SUBJECT = 256
"""Characters."""


class _OfTask(NamedTuple):
    """What a task says of the subjects of its jobs. ``argument``: the one that holds it."""

    argument: NamedArgument
    supersede_running: Any
    max_defer: Any


_SILENT = _OfTask(NO_ARGUMENT, False, None)


class Subjects:
    """The subjects that messages get: their own, or that of the argument which their task names."""

    def __init__(self) -> None:
        self._of_tasks: dict[str, _OfTask] = {}

    def declare(self, actor: dramatiq.Actor[Any, Any]) -> None:
        """Know a task.

        Raises:
          ValueError: what it says of subjects makes no sense.
        """
        argument = named_argument(actor, SUBJECT)
        running, max_defer = (actor.options.get(name) for name in (SUPERSEDE_RUNNING, MAX_DEFER))
        if argument is NO_ARGUMENT and running is None and max_defer is None:
            return
        of_task = _OfTask(argument, False if running is None else running, max_defer)
        _checked(None, of_task.supersede_running, of_task.max_defer)
        self._of_tasks[actor.actor_name] = of_task

    def of(self, message: dramatiq.Message[Any]) -> Subject:
        """The subject of a message, which is noted in its options.

        Raises:
          ValueError: that is no subject, or what newer jobs may do makes no sense, or is said of none.
        """
        options = message.options
        task = self._of_tasks.get(message.actor_name, _SILENT)
        if task is _SILENT and OPTIONS.isdisjoint(options):
            return NO_SUBJECT
        value = options[SUBJECT] if SUBJECT in options else task.argument.value_in(message)
        if value is None and (SUBJECT in options or task.argument is NO_ARGUMENT):
            for name in (SUPERSEDE_RUNNING, MAX_DEFER):
                if options.get(name) is not None:
                    raise ValueError(f"{name} needs a {SUBJECT}, and this job has none")
        subject = _checked(
            value, options.get(SUPERSEDE_RUNNING, task.supersede_running), options.get(MAX_DEFER, task.max_defer)
        )
        if subject is not NO_SUBJECT:
            options[SUBJECT] = text_of(SUBJECT, value, LONGEST_SUBJECT)
        return subject


def subject_options(subject: str | None, supersede_running: bool | None, max_defer_s: float | None) -> dict[str, Any]:
    """The options that say so; None: nothing is said."""
    max_defer = None if max_defer_s is None else math.ceil(max_defer_s * 1000)
    said = {SUBJECT: subject, SUPERSEDE_RUNNING: supersede_running, MAX_DEFER: max_defer}
    return {name: value for name, value in said.items() if value is not None}


def _checked(value: Any, supersede_running: Any, max_defer: Any) -> Subject:
    if not isinstance(supersede_running, bool):
        raise ValueError(  # noqa: TRY004 - as for all that callers say
            f"{SUPERSEDE_RUNNING} is True or False, got {supersede_running!r}"
        )
    if max_defer is not None:
        check_span_ms(MAX_DEFER, max_defer)
    text = text_of(SUBJECT, value, LONGEST_SUBJECT)
    if not text:
        return NO_SUBJECT
    return Subject(digests([text]), 0 if max_defer is None else int(max_defer * 1000), supersede_running)
