"""The groups of jobs: what callers and tasks give (docs/groups.md)."""

from __future__ import annotations

from typing import Any

import dramatiq

from ..tags import digests
from .named_argument import NO_ARGUMENT, NamedArgument, named_argument, text_of

GROUP = "group"
"""Option of messages: a text. Tasks have it too: there it is the name of the argument that holds it."""
OPTIONS = frozenset({GROUP})
LONGEST_GROUP = 128
"""Characters."""


class Groups:
    """The groups that messages get: their own, or that of the argument which their task names."""

    def __init__(self) -> None:
        self._of_tasks: dict[str, NamedArgument] = {}

    def declare(self, actor: dramatiq.Actor[Any, Any]) -> None:
        """Know a task.

        Raises:
          ValueError: it names an argument that there isn't.
        """
        argument = named_argument(actor, GROUP)
        if argument is not NO_ARGUMENT:
            self._of_tasks[actor.actor_name] = argument

    def of(self, message: dramatiq.Message[Any]) -> str:
        """The digest of a message's group, which is noted in its options; empty: it has none.

        Raises:
          ValueError: that is no group.
        """
        options = message.options
        argument = self._of_tasks.get(message.actor_name, NO_ARGUMENT)
        value = options[GROUP] if GROUP in options else argument.value_in(message)
        group = text_of(GROUP, value, LONGEST_GROUP)
        if not group:
            return ""
        options[GROUP] = group
        return digests([group])


def group_options(group: str | None) -> dict[str, Any]:
    """The options that say so; None: nothing is said."""
    return {} if group is None else {GROUP: group}
