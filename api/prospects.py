"""Deadlines that can't be met: said on the job, or the job isn't accepted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dramatiq

from middleware.commands import keys
from middleware.commands.types import KEYLESS, IdempotencyKey
from middleware.diagnosis.prospects import warnings_of
from middleware.enqueue.deadlines import EXPIRES_AT_US, EXPIRES_IN
from middleware.messages import WARNING
from tasks import broker

from .new_jobs import NewJob
from .wire.handling import applied, is_strict
from .wire.problems import UNMEETABLE, FieldError, ProblemError


def look_at_deadlines(
    new: Sequence[NewJob], messages: Sequence[dramatiq.Message[Any]], key: IdempotencyKey, *, at: str
) -> None:
    """Note on each message why its job couldn't meet its deadline. Where none has one, nothing is read.

    Parameters:
      key: of the request; what was accepted under it before is shown again, and not refused.
      at: where a job stands in the body: ``/jobs/{}``, or nothing.

    Raises:
      ProblemError: the request prefers to be refused then.
      RedisAwayError: Redis doesn't answer.
    """
    wrong: list[FieldError] = []
    texts = warnings_of(messages, [job.due for job in new], broker)
    for index, text in enumerate(texts):
        if text is not None:
            messages[index].options[WARNING] = text
            wrong.append(FieldError("pointer", at.format(index) + _field(new[index]), text))
    if is_strict() and wrong and not _is_known(messages[0].queue_name, key):
        raise ProblemError(UNMEETABLE, wrong[0].detail, errors=wrong, headers=applied())


def _field(job: NewJob) -> str:
    """What says the deadline; nothing, where it is the task that does."""
    return "/expires_in_s" if EXPIRES_IN in job.options else "/expires_at" if EXPIRES_AT_US in job.options else ""


def _is_known(queue: str, key: IdempotencyKey) -> bool:
    return key != KEYLESS and bool(broker.redis.call("HEXISTS", keys.idempotency_keys(queue), key.name))
