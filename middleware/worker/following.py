"""Following what the threads of a worker run."""

from __future__ import annotations

import time
from typing import Any

import dramatiq

from . import context
from .delivery import Delivery


class Following(dramatiq.Middleware):
    """Dramatiq middleware that remembers what each thread runs, so that ``progress()`` and retries know their job. It
    comes first, so that its ``after_`` hooks come last."""

    def before_process_message(self, broker: dramatiq.Broker, message: Any) -> None:
        """Remember it, and since when it runs."""
        if isinstance(message, Delivery):
            message.running_since = time.monotonic()
            context.enter(message)
        else:
            context.enter(None)

    def after_process_message(
        self, broker: dramatiq.Broker, message: Any, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """Forget it again."""
        context.enter(None)

    def after_skip_message(self, broker: dramatiq.Broker, message: Any) -> None:
        """Forget it again."""
        context.enter(None)
