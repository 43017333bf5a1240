"""What a declaration of a task must fulfil, checked when its module is imported."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from dramatiq import Broker
from marshmallow import fields, missing

from middleware.commands.keys import QUEUE_NAME
from middleware.errors import LastInError

ACTOR_OPTIONS = frozenset({"actor_name", "queue_name", "priority", "store_results"})
"""Options that every actor of ours has, whatever the broker's middleware."""

Fields = Mapping[str, fields.Field[Any]]


class TaskError(LastInError):
    """A task is declared in a way that can't work: the message says what to change."""


def where(fn: Callable[..., Any]) -> str:
    """A function as people find it."""
    return f"{fn.__module__}.{fn.__qualname__}"


def check_options(payload: Fields, options: Mapping[str, Any], broker: Broker) -> None:
    """Options are known to the broker, and no field has the name of one.

    Raises:
      TaskError: otherwise.
    """
    known = ACTOR_OPTIONS | broker.actor_options
    for name in payload:
        if name in known:
            raise TaskError(f"{name!r} is an option of Dramatiq actors: give the field another name.")
    for name, value in options.items():
        if isinstance(value, type) and issubclass(value, fields.Field):
            raise TaskError(f"{name!r} is a field class: give an instance, {name}=fields.{value.__name__}().")
        if name not in known:
            raise TaskError(f"{name!r} is neither a marshmallow field nor an option of Dramatiq actors.")


def check_queue(name: object) -> None:
    """The name of a queue is one that keys, URLs and metrics can carry.

    Raises:
      TaskError: otherwise.
    """
    if not isinstance(name, str) or not QUEUE_NAME.fullmatch(name):
        raise TaskError(f"the name of a queue must match {QUEUE_NAME.pattern}, but this one is {name!r}.")


def check_fields(fn: Callable[..., Any], payload: Fields) -> None:
    """Each argument gets a value, and each field has an argument to go to.

    Raises:
      TaskError: otherwise.
    """
    arguments = inspect.signature(fn).parameters.values()
    named = {argument.name: argument for argument in arguments if argument.kind not in _COLLECTING}
    takes_any = any(argument.kind is inspect.Parameter.VAR_KEYWORD for argument in arguments)
    for argument in named.values():
        _check_argument(argument, payload.get(argument.name))
    for name, field in payload.items():
        if name not in named and not takes_any:
            raise TaskError(f"the field {name!r} has no argument to go to; the arguments are ({', '.join(named)}).")
        _check_field(name, field)


_COLLECTING = frozenset({inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD})


def _check_argument(argument: inspect.Parameter, field: fields.Field[Any] | None) -> None:
    name = argument.name
    if argument.kind is inspect.Parameter.POSITIONAL_ONLY:
        raise TaskError(f"the argument {name!r} is positional-only, but a payload is passed by name.")
    if argument.default is not inspect.Parameter.empty:
        return
    if field is None:
        raise TaskError(f"the argument {name!r} has neither a field nor a default.")
    if not field.required and field.load_default is missing:
        raise TaskError(f"the field {name!r} may be absent, but its argument has no default: make the field required.")


def _check_field(name: str, field: fields.Field[Any]) -> None:
    if field.load_only or field.dump_only:
        raise TaskError(f"the field {name!r} is load_only or dump_only, but a payload goes both ways.")
    if isinstance(field, fields.Decimal) and not field.as_string:
        raise TaskError(f"the field {name!r} needs as_string=True: a message is JSON, which has no decimals.")
