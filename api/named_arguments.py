"""The arguments that a task names as its jobs' subject and group: what they hold must fit these too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from middleware.enqueue.groups import GROUP, LONGEST_GROUP
from middleware.enqueue.named_argument import text_of
from middleware.enqueue.subjects import LONGEST_SUBJECT, SUBJECT
from tasks import Task

LONGEST = {SUBJECT: LONGEST_SUBJECT, GROUP: LONGEST_GROUP}
"""Characters."""


def unfit_arguments(task: Task, arguments: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, list[str]]:
    """What is wrong with which argument.

    Parameters:
      options: of the job's message; what they say takes the place of the argument.
    """
    wrong: dict[str, list[str]] = {}
    for option, longest in LONGEST.items():
        name = task.actor.options.get(option)
        if name is None or option in options:
            continue
        try:
            text_of(option, arguments.get(name), longest)
        except ValueError as error:
            wrong.setdefault(name, []).append(f"It is the job's {option}: {error}.")
    return wrong
