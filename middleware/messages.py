"""What a message means to its task: the payload by names, and how often it will be tried."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar, cast

import dramatiq
from dramatiq.middleware import Retries, TimeLimit

from .errors import UndecodableMessageError

M = TypeVar("M", bound=dramatiq.Middleware)

WARNING = "warning"
"""Option of a message: what was known against its job when it was accepted, in words."""


@dataclass(frozen=True, slots=True)
class MessageDetails:
    """What a message holds of its job, with what only its task knows."""

    payload: Mapping[str, Any]
    max_attempts: int | None


def details_of(message: dramatiq.Message[Any], actor: dramatiq.Actor[Any, Any] | None) -> MessageDetails:
    """The details of a message; ``actor`` is None when no task of this program has its name."""
    return MessageDetails(_payload(message, actor), _max_attempts(message, actor))


def _payload(message: dramatiq.Message[Any], actor: dramatiq.Actor[Any, Any] | None) -> dict[str, Any]:
    """The arguments by name; positional ones get their names from the task, or ``args`` when it isn't known."""
    if not message.args:
        return message.kwargs
    if actor is not None:
        try:
            return dict(inspect.signature(actor.fn).bind_partial(*message.args, **message.kwargs).arguments)
        except TypeError:
            pass
    return {"args": list(message.args), **message.kwargs}


def _max_attempts(message: dramatiq.Message[Any], actor: dramatiq.Actor[Any, Any] | None) -> int | None:
    """Attempts until Dramatiq's Retries gives up; None when it never does by count, or nobody here knows."""
    if actor is None or actor.options.get("retry_when") is not None:
        return None
    retries = middleware_of(actor.broker, Retries)
    if retries is None:
        return 1
    if retries.retry_when is not None:
        return None
    most = message.options.get("max_retries", actor.options.get("max_retries", retries.max_retries))
    # Redis may hold anything, and one job's options must not keep the others from being shown.
    return most + 1 if isinstance(most, int) else None


def time_limit_s(task: str, options: Mapping[str, Any], broker: dramatiq.Broker) -> float:
    """For how many seconds a job may run, as Dramatiq's TimeLimit has it; infinite where nobody says.

    Parameters:
      options: those of the job's message.
    """
    limiter = middleware_of(broker, TimeLimit)
    actor = broker.actors.get(task)
    if limiter is None or actor is None:
        return math.inf
    limit_ms = options.get("time_limit") or actor.options.get("time_limit", limiter.time_limit)
    return limit_ms / 1000 if isinstance(limit_ms, int | float) else math.inf


def middleware_of(broker: dramatiq.Broker, kind: type[M]) -> M | None:
    """A broker's middleware of this kind, or None; looked for once for all jobs."""
    found: M | None = _first(cast("Any", kind), tuple(broker.middleware))
    return found


@lru_cache(maxsize=8)
def _first(kind: type[Any], middleware: tuple[dramatiq.Middleware, ...]) -> Any:
    return next((m for m in middleware if isinstance(m, kind)), None)


def decoded(queue: str, id: str, body: bytes | None) -> dramatiq.Message[Any]:
    """The message of a claimed job.

    Raises:
      UndecodableMessageError: it is gone, no message, or not this job's.
    """
    if body is None:
        raise UndecodableMessageError(f"Job {id} has no message any more: somebody removed it from Redis.")
    try:
        message = dramatiq.Message.decode(body)
    except dramatiq.errors.DecodeError as error:
        raise UndecodableMessageError(f"Job {id} has a message that can't be decoded: {error.error}.") from error
    if message.message_id != id or message.queue_name != queue or not is_well_formed(message):
        raise UndecodableMessageError(f"Job {id} of queue {queue!r} has a message that isn't its own: {body[:200]!r}.")
    return message


def message_of(id: str, queue: str, body: bytes) -> dramatiq.Message[Any]:
    """The message, or for one that can't be decoded an empty one, so that its job can be seen all the same."""
    try:
        message: dramatiq.Message[Any] | None = dramatiq.Message.decode(body)
    except dramatiq.errors.DecodeError:
        message = None
    if message is not None and is_well_formed(message):
        return message
    return dramatiq.Message(queue, "", (), {}, {}, message_id=id, message_timestamp=0)


def is_well_formed(message: Any) -> bool:
    """Whether a decoded message has the parts that Dramatiq takes for granted; Redis may hold anything."""
    return (
        isinstance(message.kwargs, dict)
        and isinstance(message.options, dict)
        and isinstance(message.actor_name, str)
        and isinstance(message.queue_name, str)
    )


def without_retries(body: bytes) -> bytes:
    """A message whose count of retries begins anew, without a warning about the deadline that its job had; one that
    can't be decoded stays as it is."""
    try:
        message: dramatiq.Message[Any] = dramatiq.Message.decode(body)
    except dramatiq.errors.DecodeError:
        return body
    if is_well_formed(message):
        message.options.pop("retries", None)
        message.options.pop(WARNING, None)
    return message.encode()
