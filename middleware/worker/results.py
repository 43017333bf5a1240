"""Results the Dramatiq way: stock ``Results`` with a backend that hands the value to the settlement."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from dramatiq.results import ResultBackend, ResultFailure, ResultMissing, ResultTimeout
from dramatiq.results.backend import DEFAULT_TIMEOUT

from ..errors import ResultRefusedError
from ..jobs import Job, JobStatus
from ..redis_link.backoff import Backoff
from .delivery import Delivery
from .result_encoding import decoded_result

FIRST_LOOK_S, LONGEST_LOOK_S = 0.005, 0.25


class JobResults(ResultBackend):
    """Keeps a task's return value on its job, for as long as the job is kept (``result_ttl`` isn't used)."""

    def __init__(self, get_job: Callable[[str], Job | None]) -> None:
        super().__init__()
        self._get_job = get_job

    def store_result(self, message: Any, result: Any, ttl: int) -> None:
        """Note the result on the delivery; the script that settles the job keeps it."""
        if isinstance(message, Delivery):
            message.note_result(result)

    def store_exception(self, message: Any, exception: BaseException, ttl: int) -> None:
        """Nothing to do: the settlement carries the failure itself."""

    def get_result(self, message: Any, *, block: bool = False, timeout: int | None = None) -> Any:
        """The result of a message, waiting up to ``timeout`` milliseconds when ``block`` is set: also for a job that
        isn't there yet, as the last one of a pipeline.

        Raises:
          ResultMissing: the job isn't finished or isn't kept any more (``block`` not set).
          ResultTimeout: it isn't finished in time, or isn't kept any more.
          ResultFailure: it ended in another way than ``processed``.
          ResultRefusedError: it was processed, but its result couldn't be kept.
        """
        deadline = time.monotonic() + (DEFAULT_TIMEOUT if timeout is None else timeout) / 1000
        backoff = Backoff(FIRST_LOOK_S, LONGEST_LOOK_S)
        while True:
            job = self._get_job(message.message_id)
            if job is not None and job.status.is_final:
                return _outcome(job)
            if not block:
                raise ResultMissing(message)
            pause_s = backoff.next_s()
            if time.monotonic() + pause_s > deadline:
                raise ResultTimeout(message)
            time.sleep(pause_s)


def _outcome(job: Job) -> Any:
    if job.status is JobStatus.PROCESSED:
        if job.encoded_result is not None:
            return decoded_result(job.encoded_result)
        if job.result_error is not None:
            raise ResultRefusedError(f"Job {job.id} ({job.task}) was processed, but {job.result_error}.")
        return job.result
    if job.error is None:
        raise ResultFailure(f"the job was {job.status}", orig_exc_type="", orig_exc_msg="")
    raise ResultFailure(
        f"actor raised {job.error.type}: {job.error.message}",
        orig_exc_type=job.error.type,
        orig_exc_msg=job.error.message,
    )
