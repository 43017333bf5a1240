"""What of it a program has, and its start."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import dramatiq

from ..errors import SettingsError


@cache
def has_opentelemetry() -> bool:
    """Whether spans can be made."""
    return find_spec("opentelemetry") is not None


def tracing() -> list[dramatiq.Middleware]:
    """Middleware that makes spans, if OpenTelemetry is installed; whoever starts the program sets up its SDK."""
    if not has_opentelemetry():
        return []
    from .tracing import Tracing  # noqa: PLC0415 -- it isn't there otherwise

    return [Tracing()]


@dataclass(slots=True)
class Sending:
    """``is_void``: nothing is sent after all, and no span is to tell of it."""

    is_void: bool = False


def sending(messages: Sequence[dramatiq.Message[Any]]) -> AbstractContextManager[Sending]:
    """The span in which messages of one queue are accepted without being enqueued one by one, if OpenTelemetry is
    installed."""
    if not has_opentelemetry():
        return nullcontext(Sending())
    from .tracing import sending as spanned  # noqa: PLC0415 -- it isn't there otherwise

    return spanned(messages)


def flush() -> None:
    """Export the spans that there still are, before a process ends that was forked."""
    if has_opentelemetry():
        from .tracing import flush as export  # noqa: PLC0415 -- it isn't there otherwise

        export()


def start_sentry(dsn: str | None, release: str) -> None:
    """Send failures of tasks to Sentry, if there is a ``dsn``; before the broker is made, which it changes.

    Raises:
      SettingsError: there is one, but its library isn't installed.
    """
    if dsn is None:
        return
    if find_spec("sentry_sdk") is None:
        raise SettingsError("SENTRY_DSN is set, but sentry-sdk isn't installed: install it, or leave SENTRY_DSN out.")
    import sentry_sdk  # noqa: PLC0415 -- it isn't there otherwise
    from sentry_sdk.integrations.dramatiq import DramatiqIntegration  # noqa: PLC0415

    sentry_sdk.init(dsn, release=release, integrations=[DramatiqIntegration()])
