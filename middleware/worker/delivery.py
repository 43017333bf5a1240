"""A claimed job in a worker's hands, from the claim to its settlement."""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

import dramatiq
import orjson
from dramatiq.broker import MessageProxy

from ..commands.types import Settlement, Token
from .result_encoding import encoded_result

FAILURE_MESSAGE_LIMIT = 8_192
TRACEBACK_LIMIT = 32_768
CALLERS = ("dramatiq.", f"{__name__.rpartition('.')[0]}.")
"""Modules that call tasks begin like this."""


KeepProgress = Callable[[Token, bytes], str]
"""Keeps what the task of a token says of itself; the answer as ``progress.lua`` words it."""


def unkept(token: Token, words: bytes) -> str:
    """For deliveries that no worker runs."""
    return "stale"


class Cancelled(dramatiq.middleware.Interrupt):
    """Raised in a running task that was asked to stop; a task may catch it to tidy up, and should let it pass on."""


class Delivery(MessageProxy):
    """What a worker thread gets: the message, and the token (id, number) under which its end will be settled.

    Middleware notes here what the settlement must carry: a retry (its delay), the result. ``wait_us``: how long the job
    waited to be claimed, on the server's clock; ``started_at``, ``ended_at``: when it came into this worker's hands and
    left them (monotonic, in s). ``has_lease``: as far as is known here; ``is_leaving``: its end is being settled;
    ``running_since``: when its task began (monotonic, in s); ``is_hung``: it runs on long after its limit, and its
    lease isn't renewed any more.
    """

    def __init__(
        self,
        message: dramatiq.Message[Any],
        number: int,
        *,
        attempt: int = 1,
        wait_us: int = 0,
        window: str | None = None,
        keep_progress: KeepProgress = unkept,
    ) -> None:
        super().__init__(message)
        self._show(message)
        self.token = (message.message_id, number)
        self.attempt = attempt
        self.wait_us = wait_us
        self.started_at = self.ended_at = time.monotonic()
        self.window = window
        self._keep_progress = keep_progress
        self.has_lease = True
        self.is_leaving = False
        self.is_hung = False
        self.running_since = math.inf
        self.progress_sent_at = 0.0
        self.retry_delay_ms: int | None = None
        self.result = b""
        self.cancel_requested = False

    def keep_progress(self, words: bytes) -> str:
        """Keep what the running task says of itself, as JSON: kept, stale, or cancel (it was asked to stop)."""
        return self._keep_progress(self.token, words)

    def note_retry(self, message: dramatiq.Message[Any], delay_ms: int) -> None:
        """Dramatiq asks for another attempt; it is settled, not enqueued (docs/decisions/0003)."""
        self._message = message
        self._show(message)
        self.retry_delay_ms = delay_ms

    def note_result(self, result: Any) -> None:
        """Keep what the task returned, at most 64 KiB of it, or why it can't be kept."""
        self.result = encoded_result(result)

    def _show(self, message: dramatiq.Message[Any]) -> None:
        # Middleware reads the message's fields some thirty times a job; here Python finds them at the first look.
        self.__dict__.update(message.__dict__)

    def settlement(self) -> Settlement:
        """How this attempt ended. An exception without any decision counts as a failure, never as ``processed``."""
        id, number = self.token
        failure = encoded_failure(self._exception) if self._exception is not None else b""
        if isinstance(self._exception, Cancelled):
            return Settlement(id, number, "cancelled", reason="requested", failure=failure)
        if self.failed or (self._exception is not None and self.retry_delay_ms is None):
            return Settlement(id, number, "rejected", reason=self._reason(), failure=failure)
        if self.retry_delay_ms is not None:
            delay_us = self.retry_delay_ms * 1000
            try:
                message = self._message_for_retry()
            except Exception as error:  # whatever somebody's encoder raises
                return Settlement(id, number, "rejected", reason="unencodable", failure=encoded_failure(error))
            return Settlement(id, number, "retry", delay_us, failure=failure, message=message)
        return Settlement(id, number, "processed", result=self.result)

    def _reason(self) -> str:
        if isinstance(self._exception, dramatiq.middleware.SkipMessage):
            return "skipped"
        if isinstance(self._exception, dramatiq.errors.ActorNotFound):
            return "unknown_task"
        return "failed"

    def _message_for_retry(self) -> bytes:
        # The traceback is kept with the job's failure; Dramatiq would carry it in every message as well.
        options = {key: value for key, value in self._message.options.items() if key != "traceback"}
        return self._message._replace(options=options).encode()


def delivery_of(message: MessageProxy) -> Delivery:
    """The message, which a consumer of ours gave out.

    Raises:
      TypeError: it is another one.
    """
    if not isinstance(message, Delivery):
        raise TypeError(f"expected a message that this broker's consumer gave out, got {message!r}")
    return message


def put_back(delivery: Delivery) -> Settlement:
    """The settlement of a job that wasn't run to its end and goes back to its own place."""
    id, number = delivery.token
    return Settlement(id, number, "put_back")


def encoded_failure(error: BaseException) -> bytes:
    """An exception as the record keeps it, but for its time, which the settling script puts in front."""
    trace = "".join(traceback.format_exception(type(error), error, _from_the_task_on(error.__traceback__), limit=-30))
    return orjson.dumps(
        {
            "type": type(error).__name__,
            "message": _printable(_words_of(error))[:FAILURE_MESSAGE_LIMIT],
            "traceback": _printable(trace)[-TRACEBACK_LIMIT:],
        }
    )


def _from_the_task_on(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of those that called the task. All of it, if there are no others."""
    inner = trace
    while inner is not None and inner.tb_frame.f_globals.get("__name__", "").startswith(CALLERS):
        inner = inner.tb_next
    return inner or trace


def _words_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as unspeakable:
        return f"its text can't be made: {type(unspeakable).__name__}"


def _printable(text: str) -> str:
    """Without lone surrogates, which JSON in UTF-8 can't hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
