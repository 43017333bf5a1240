"""What can be run: the ``@task`` decorator and the tasks that it declared."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ParamSpec, TypeVar, overload

import dramatiq
from dramatiq import Actor, Broker, Message
from marshmallow import fields
from uuid_utils import uuid7

from .declaration import TaskError, bounded, check_fields, check_options, check_queue, where
from .payload import StrictSchema

P = ParamSpec("P")
R = TypeVar("R")


DEFAULT_TASK = "process_message"
"""The task of a job that names none, ``{"message": …}``. Ours makes room for another one of this name."""


class TaskActor(Actor[P, R]):
    """An actor whose messages have UUIDv7 ids (RFC 9562): sorted by id is sorted by time."""

    def message_with_options(
        self, *, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None, **options: Any
    ) -> Message[R]:
        if "on_failure" in options or "on_success" in options:
            message = super().message_with_options(args=args, kwargs=kwargs, **options)
            return replace(message, message_id=str(uuid7()))
        # What Dramatiq does when there are no callbacks, without making a UUIDv4 that nobody will see.
        return Message(self.queue_name, self.actor_name, args, kwargs or {}, options, message_id=str(uuid7()))


@dataclass(frozen=True, slots=True)
class Task:
    """A Python function that can be run, and what its payload must look like."""

    name: str
    actor: TaskActor[Any, Any]
    schema: type[StrictSchema]
    reader: StrictSchema
    """An instance of the schema: making one is costly."""

    @property
    def queue(self) -> str:
        """The queue that its jobs wait in."""
        return self.actor.queue_name

    @property
    def summary(self) -> str:
        """The first line of the function's docstring, or nothing."""
        return (inspect.getdoc(self.actor.fn) or "").partition("\n")[0]

    def arguments(self, loaded: Mapping[str, Any]) -> dict[str, Any]:
        """A loaded payload as the function's keyword arguments, in the JSON form that a message can carry."""
        declared = self.reader.fields
        return {name: declared[name].serialize(name, loaded) for name in loaded}


class Registry(Mapping[str, Task]):
    """The tasks of one broker, by name, in the order of their declaration."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self._tasks: dict[str, Task] = {}

    def __getitem__(self, name: str) -> Task:
        return self._tasks[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)

    @overload
    def task(self, fn: Callable[P, R], /) -> TaskActor[P, R]: ...
    @overload
    def task(self, /, **arguments: Any) -> Callable[[Callable[P, R]], TaskActor[P, R]]: ...
    def task(self, fn: Callable[..., Any] | None = None, /, **arguments: Any) -> Any:
        """Declare a function as a task.

        Keyword arguments that are marshmallow fields are its payload; all others are options of the Dramatiq actor
        (``queue_name``, ``max_retries``, ``min_backoff``, ``time_limit``, …). The function gets each value in its
        JSON form, whether it comes over HTTP or by ``send``: a ``DateTime`` field checks a text and passes the text.

        Raises:
          TaskError: when the fields don't fit the function, or the options the broker.
        """
        payload = {name: field for name, field in arguments.items() if isinstance(field, fields.Field)}
        options = {name: value for name, value in arguments.items() if name not in payload}
        if fn is not None:
            return self._declare(fn, payload, options)
        return lambda function: self._declare(function, payload, options)

    def _declare(
        self, fn: Callable[P, R], payload: dict[str, fields.Field[Any]], options: dict[str, Any]
    ) -> TaskActor[P, R]:
        name = str(options.get("actor_name", fn.__name__))
        if name in self._tasks:
            if where(self._tasks[name].actor.fn) != f"{__package__}.{DEFAULT_TASK}.{DEFAULT_TASK}":
                before = where(self._tasks[name].actor.fn)
                raise TaskError(f"Task {name!r} ({where(fn)}): {before} has that name already.")
            del self._tasks[name], self.broker.actors[name]
        try:
            check_options(payload, options, self.broker)
            check_queue(options.get("queue_name", "default"))
            check_fields(fn, payload)
            payload = bounded(payload, options)
            actor = self._actor(fn, options)
        except (TaskError, ValueError) as error:
            raise TaskError(f"Task {name!r} ({where(fn)}): {error}") from error
        schema = _payload_schema(name, payload)
        self._tasks[name] = Task(name, actor, schema, schema())
        return actor

    def _actor(self, fn: Callable[P, R], options: dict[str, Any]) -> TaskActor[P, R]:
        if "store_results" in self.broker.actor_options:  # a test's broker may have no Results
            options = {"store_results": True, **options}
        actor: TaskActor[P, R] = dramatiq.actor(broker=self.broker, actor_class=TaskActor, **options)(fn)  # type: ignore[assignment]
        return actor


def _payload_schema(name: str, payload: dict[str, fields.Field[Any]]) -> type[StrictSchema]:
    title = "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", name))
    return type(f"{title}Payload", (StrictSchema,), dict(payload))
