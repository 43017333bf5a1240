"""What bounds a task's attempts, as Dramatiq's middleware will apply it: the actor's options, else the broker's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dramatiq import Actor, Message
from dramatiq.middleware import AgeLimit, Retries, TimeLimit

from middleware.messages import details_of, middleware_of


@dataclass(frozen=True, slots=True)
class Limits:
    """None: there is no such bound. ``time_limit_ms`` is for each attempt, ``max_age_ms`` from the sending on."""

    max_attempts: int | None
    min_backoff_ms: int | None
    max_backoff_ms: int | None
    time_limit_ms: int | None
    max_age_ms: int | None

    def as_dict(self) -> dict[str, int | None]:
        """By name, as the API shows them."""
        return {name: getattr(self, name) for name in self.__slots__}


def limits_of(actor: Actor[Any, Any]) -> Limits:
    """The limits of an actor whose message says nothing else."""
    options = actor.options
    retries = middleware_of(actor.broker, Retries)
    times, ages = middleware_of(actor.broker, TimeLimit), middleware_of(actor.broker, AgeLimit)
    message: Message[Any] = Message(actor.queue_name, actor.actor_name, (), {}, {})
    return Limits(
        max_attempts=details_of(message, actor).max_attempts,
        min_backoff_ms=options.get("min_backoff", retries.min_backoff) if retries else None,
        max_backoff_ms=options.get("max_backoff", retries.max_backoff) if retries else None,
        time_limit_ms=_finite(options.get("time_limit", times.time_limit)) if times else None,
        max_age_ms=options.get("max_age", ages.max_age) if ages else None,
    )


def _finite(time_ms: float | None) -> int | None:
    """A program may say "no limit" with infinity, which JSON can't."""
    return None if time_ms is None or time_ms == float("inf") else int(time_ms)
