"""What a declaration of a task must fulfil, checked when its module is imported."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from dramatiq import Broker
from marshmallow import fields, missing, validate

from middleware.commands.keys import QUEUE_NAME
from middleware.enqueue.groups import GROUP, LONGEST_GROUP
from middleware.enqueue.named_argument import is_nameable
from middleware.enqueue.subjects import LONGEST_SUBJECT, SUBJECT
from middleware.errors import LastInError

ACTOR_OPTIONS = frozenset({"actor_name", "queue_name", "priority", "store_results"})
"""Options that every actor of ours has, whatever the broker's middleware."""

LONGEST = {SUBJECT: LONGEST_SUBJECT, GROUP: LONGEST_GROUP}
"""The options that name a field, and how many characters its value has at most."""

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


def bounded(payload: Fields, options: Mapping[str, Any]) -> dict[str, fields.Field[Any]]:
    """The payload, in which a field that holds the subject or the group takes no longer text than those may have.

    Raises:
      TaskError: such a field holds neither a text nor a whole number.
    """
    bounded = dict(payload)
    for option, longest in LONGEST.items():
        name = options.get(option)
        if isinstance(name, str) and name in bounded:
            bounded[name] = _bounded_field(bounded[name], f"{option}={name!r}", longest)
    return bounded


def _bounded_field(field: fields.Field[Any], said: str, longest: int) -> fields.Field[Any]:
    match field:
        case fields.Integer() | fields.UUID() | fields.Date() | fields.IP() | fields.IPInterface():
            return field
        case fields.String():
            field = copy.copy(field)  # another task may share it
            field.validators = [*field.validators, validate.Length(max=longest)]
            return field
        case fields.Enum() if not field.by_value or all(is_nameable(member.value) for member in field.enum):
            return field
    raise TaskError(
        f"{said} needs a text or a whole number, such as fields.String, Integer, UUID, Date or Enum; "
        f"that field is a {type(field).__name__}."
    )


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
