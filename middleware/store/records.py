"""Job records as Redis keeps them, and the jobs that they stand for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import dramatiq
import orjson

from ..clock import is_time_us
from ..commands.layout import ENCODED, REFUSED, STATUS_LETTERS, unpack_record
from ..jobs import Job, JobError, JobStatus, Progress
from ..messages import WARNING, MessageDetails
from ..tags import tags_of

NOT_SHOWN = "the result isn't JSON, so it can't be shown here; the program's own encoder has kept it for get_result()"


def job_from(
    id: str,
    queue: str,
    packed_record: bytes,
    message: dramatiq.Message[Any],
    details_of: Callable[[dramatiq.Message[Any]], MessageDetails],
    *,
    result: bytes | None = None,
    failure: bytes | None = None,
    progress: bytes | None = None,
) -> Job:
    """A job from what Redis keeps of it."""
    r = unpack_record(packed_record)
    status = STATUS_LETTERS[r.status]
    known = details_of(message)
    options = message.options
    return Job(
        id=id,
        seq=r.seq,
        place=None if r.place == 0 else (r.place or r.seq),
        status=status,
        task=r.task or message.actor_name,
        queue=queue,
        payload=known.payload,
        tags=tags_of(options),
        subject=_word(options.get("subject")),
        group=_word(options.get("group")),
        attempts=r.attempts,
        max_attempts=known.max_attempts,
        generated_at_us=generated_at_us(options),
        due_at_us=r.due,
        expires_at_us=r.expires,
        queued_at_us=None if r.entered == 0 else (r.entered or r.seq),
        started_at_us=r.started,
        finished_at_us=r.finished,
        window=None if r.window is None else f"{queue}.{r.window}",
        worker=r.worker,
        progress=_progress(progress),
        cancel_requested=r.cancel is not None,
        result=_result(status, result),
        result_error=_result_error(status, result),
        encoded_result=_encoded_result(status, result),
        error=_error(failure),
        reason=r.reason,
        warning=_word(options.get(WARNING)),
        superseded_by=r.superseded_by,
        request_id=_word(options.get("request_id")),
        traceparent=_word(options.get("traceparent")),
    )


def _word(option: Any) -> str | None:
    """Redis may hold anything as an option, and one job's must not keep the others from being shown."""
    return option if isinstance(option, str) else None


def generated_at_us(options: Mapping[str, Any]) -> int | None:
    """When a message says that its job was generated; None: it doesn't, or in no way that can be shown."""
    time_us = options.get("generated_at")
    return time_us if is_time_us(time_us) else None


def _result(status: JobStatus, kept: bytes | None) -> Any:
    if status is not JobStatus.PROCESSED or not kept or kept.startswith((REFUSED, ENCODED)):
        return None
    return orjson.loads(kept)


def _result_error(status: JobStatus, kept: bytes | None) -> str | None:
    if status is not JobStatus.PROCESSED or not kept:
        return None
    if kept.startswith(ENCODED):
        return NOT_SHOWN
    return kept.removeprefix(REFUSED).decode() if kept.startswith(REFUSED) else None


def _encoded_result(status: JobStatus, kept: bytes | None) -> bytes | None:
    is_encoded = status is JobStatus.PROCESSED and kept is not None and kept.startswith(ENCODED)
    return kept.removeprefix(ENCODED) if kept is not None and is_encoded else None


def _error(kept: bytes | None) -> JobError | None:
    if not kept:
        return None
    at_us, _, text = kept.partition(b" ")
    words = orjson.loads(text)
    return JobError(words["type"], words["message"], words["traceback"], int(at_us))


def _progress(kept: bytes | None) -> Progress | None:
    if not kept:
        return None
    words = orjson.loads(kept)
    return Progress(words["share"], words["note"])


def seq_of(packed_record: bytes) -> int:
    """The seq in a packed record."""
    return unpack_record(packed_record).seq


def status_of(packed_record: bytes) -> JobStatus:
    """The status in a packed record."""
    return STATUS_LETTERS[unpack_record(packed_record).status]


def is_asked_to_stop(packed_record: bytes) -> bool:
    """Whether its job runs and was asked to stop."""
    record = unpack_record(packed_record)
    return STATUS_LETTERS[record.status] is JobStatus.RUNNING and record.cancel is not None


def fresh_job(  # noqa: PLR0917 - what makes up a job
    queue: str,
    message: dramatiq.Message[Any],
    seq: int,
    due_us: int | None,
    expires_us: int | None,
    known: MessageDetails,
) -> Job:
    """As :func:`job_from`, a job that was just accepted, from what is known here: to put a record together first would
    take half as long again, and a batch has a thousand of them."""
    options = message.options
    is_due = due_us is None
    return Job(
        id=message.message_id,
        seq=seq,
        place=seq if is_due else None,
        status=JobStatus.QUEUED if is_due else JobStatus.SCHEDULED,
        task=message.actor_name,
        queue=queue,
        payload=known.payload,
        tags=tags_of(options),
        subject=_word(options.get("subject")),
        group=_word(options.get("group")),
        attempts=0,
        max_attempts=known.max_attempts,
        generated_at_us=generated_at_us(options),
        due_at_us=due_us,
        expires_at_us=expires_us,
        queued_at_us=seq if is_due else None,
        started_at_us=None,
        finished_at_us=None,
        window=None,
        worker=None,
        progress=None,
        cancel_requested=False,
        result=None,
        result_error=None,
        error=None,
        reason=None,
        warning=_word(options.get(WARNING)),
        superseded_by=None,
        request_id=_word(options.get("request_id")),
        traceparent=_word(options.get("traceparent")),
    )
