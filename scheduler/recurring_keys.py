"""The keys of a recurring job's section ``[jobs.<name>]``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any, cast, get_args

import orjson
from marshmallow import ValidationError

from middleware.queues.recurring import RECURRING_NAME, MissedTick
from tasks import Task
from tasks.payload import flat

from .errors import CadenceError
from .recurring import Recurring
from .timetable_keys import read_timetable
from .values import Section

RECURRING_KEYS = ("task", "payload", "every", "cron", "timezone", "blackout", "missed", "skip_if_waiting")
MOST_TOLD = 5


def read_recurring(name: str, section: Section, tasks: Mapping[str, Task]) -> Recurring:
    """
    Raises:
      CadenceError: one line that names the key, what it holds and what is allowed; of a payload also where in it.
    """
    if not RECURRING_NAME.fullmatch(name):
        raise CadenceError(
            f"{section.name}: a recurring job's name must have 1 to 54 letters, digits, dots, dashes and underscores, "
            "and begin with a letter or an underscore."
        )
    task = _task(section, tasks)
    return Recurring(
        name=name,
        task=task,
        payload=_payload(section, task),
        timetable=read_timetable(section, needs=""),
        missed=cast(MissedTick, section.choice("missed", get_args(MissedTick), "skip")),
        skip_if_waiting=section.boolean("skip_if_waiting", default=False),
    )


def _task(section: Section, tasks: Mapping[str, Task]) -> Task:
    names = ", ".join(sorted(tasks))
    if "task" not in section:
        raise CadenceError(f"{section.name} needs task, the name of a task; declared are: {names}.")
    given = section["task"]
    if not isinstance(given.value, str) or given.value not in tasks:
        raise given.error(f"the name of a task (declared are: {names})")
    return tasks[given.value]


def _payload(section: Section, task: Task) -> Mapping[str, Any]:
    """The task's arguments, in JSON form."""
    held = section["payload"].value if "payload" in section else {}
    if not isinstance(held, dict):
        raise section["payload"].error('a table, such as { message = "Good night" }')
    try:
        arguments = task.arguments(task.reader.load(_as_json(held)))
        orjson.dumps(arguments)  # an integer of more than 64 bits, where the schema takes any value
    except ValidationError as error:
        wrong = [f"{pointer or 'it'}: {text}" for pointer, text in flat(error.messages)]
        more = f" (and {len(wrong) - MOST_TOLD} more)" if len(wrong) > MOST_TOLD else ""
        told = " ".join(wrong[:MOST_TOLD])
        raise CadenceError(f"{section.name}.payload doesn't fit task {task.name}: {told}{more}") from None
    except TypeError as error:
        raise CadenceError(f"{section.name}.payload can't be written as JSON: {error}.") from None
    return arguments


def _as_json(value: Any, *where: str) -> Any:
    """A value of TOML as one of JSON. ``where``: the keys that lead to it.

    Raises:
      ValidationError: JSON has no such values.
    """
    match value:
        case dict():
            return {key: _as_json(item, *where, key) for key, item in value.items()}
        case list():
            return [_as_json(item, *where, str(index)) for index, item in enumerate(value)]
        case Decimal() if math.isfinite(value):
            return float(value)
        case Decimal() | date() | time():  # a datetime is a date
            messages: Any = [f"JSON has no such value as {value}: put it in quotes."]
            for key in reversed(where):
                messages = {key: messages}
            raise ValidationError(messages)
    return value
