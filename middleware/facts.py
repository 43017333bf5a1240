"""What a message means to its task: the payload by names, and how often it will be tried."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import dramatiq
from dramatiq.middleware import Retries


@dataclass(frozen=True, slots=True)
class Facts:
    """What a message tells of its job, with what only its task knows."""

    payload: Mapping[str, Any]
    max_attempts: int | None


def facts_of(message: dramatiq.Message[Any], actor: dramatiq.Actor[Any, Any] | None) -> Facts:
    """The facts of a message; ``actor`` is None when no task of this program has its name."""
    return Facts(_payload(message, actor), _max_attempts(message, actor))


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
    retries = _retries(tuple(actor.broker.middleware))
    if retries is None:
        return 1
    if retries.retry_when is not None:
        return None
    most = message.options.get("max_retries", actor.options.get("max_retries", retries.max_retries))
    # Redis may hold anything, and one job's options must not keep the others from being shown.
    return most + 1 if isinstance(most, int) else None


@lru_cache(maxsize=1)
def _retries(middleware: tuple[dramatiq.Middleware, ...]) -> Retries | None:
    """The one that retries, found once for all jobs of a page."""
    return next((m for m in middleware if isinstance(m, Retries)), None)
