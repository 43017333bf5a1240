"""Lines that Dramatiq writes of each job, and of each worker's start and end.

Of a failure it writes up to three (a traceback, "Retrying message …", "Retries exceeded …"), of a success none, and
none with fields. LastIn writes one line for each attempt that ends, with the traceback, and lines of its own for a
worker that starts and stops. So these say nothing new.
"""

from __future__ import annotations

import logging

OF_JOBS = frozenset(
    {
        "Failed to process message %s with unhandled exception.",
        "Failed to process message %s with expected exception %s.",
        "Message %s was skipped.",
        "Message %r has exceeded its age limit.",
        "Received message for undefined actor %r. Moving it to the DLQ.",
        "Time limit exceeded. Raising exception in worker thread %r.",
        "Retrying message %r in %d milliseconds.",
        "Retries exceeded for message %r.",
        "Aborting message %r.",
    }
)
OF_PROCESSES = frozenset(
    {
        "Worker process is ready for action.",
        "Fork process %r is ready for action.",
        "Stopping worker process...",
        "Stopping fork process...",
        "Shutting down...",
        "Worker has been shut down.",
    }
)


def is_said_by_us(record: logging.LogRecord) -> bool:
    """Whether a line of ours says it better; with LOG_LEVEL=DEBUG, those of processes are there too."""
    if not record.name.startswith("dramatiq"):
        return False
    return record.msg in OF_JOBS or (record.msg in OF_PROCESSES and not logging.getLogger().isEnabledFor(logging.DEBUG))
