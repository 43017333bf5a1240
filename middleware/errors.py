"""One class per thing that a caller can handle. A message says what was expected, what came, what to do."""

from typing import Self

import dramatiq
from dramatiq.results import ResultError


class LastInError(Exception):
    """Base of the errors that LastIn raises itself."""


class SettingsError(LastInError):
    """A setting can't be read, or settings contradict each other. Programs end with exit status 2."""


class RedisAwayError(LastInError):
    """Redis can't be reached or can't be written to now: try again later."""


class RedisClusterError(RedisAwayError):
    """Redis is a cluster and REDIS_CLUSTER isn't set, or the other way round: trying again doesn't help. Programs end
    with exit status 2."""

    @classmethod
    def unexpected(cls, answer: str) -> Self:
        """A server that is one of a cluster."""
        return cls(
            f"REDIS_URL leads to a node of a Redis Cluster ({answer}): set REDIS_CLUSTER=1, or REDIS_URL to a Redis or "
            "Valkey that holds all keys (cluster-enabled no)."
        )

    @classmethod
    def missing(cls, answer: str) -> Self:
        """A server that is none."""
        return cls(
            f"REDIS_CLUSTER is 1, but REDIS_URL doesn't lead to a Redis Cluster ({answer}): set REDIS_CLUSTER=0, or "
            "REDIS_URL to one of the cluster's servers."
        )


class TooFewReplicasError(RedisAwayError):
    """A call was carried out, but fewer replicas than ``WAIT_REPLICAS`` confirmed it in time: what it made is there,
    and may be lost if another server becomes the primary. The same call, sent again, makes nothing twice."""


class RedisRefusedError(RedisAwayError):
    """Redis takes neither this program's password nor its lack of one: trying again doesn't help before one of the two
    is changed. Programs that start end with exit status 2."""

    def __init__(self, answer: str) -> None:
        super().__init__(f"Redis refuses this program ({answer.rstrip('.')}): check user and password in REDIS_URL.")


class QueueFullError(LastInError):
    """Redis refuses new data because its ``maxmemory`` is reached: drain or enlarge it, then try again."""


class TooManyWaitingError(LastInError):
    """As many jobs of the queue wait as ``MAX_QUEUED`` or ``MAX_QUEUED_BYTES`` let wait: send more when some of them
    have run, in ``retry_after_s`` seconds at the earliest."""

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class LargerThanQueueError(LastInError):
    """More jobs at once than ``MAX_QUEUED`` lets wait, or more bytes than ``MAX_QUEUED_BYTES``: that never fits, so
    send less in one call."""


class DuplicateJobError(LastInError):
    """A job with this id has been accepted before; ids are unique, so nothing was enqueued."""


class KeyReusedError(LastInError):
    """Another request was sent under this idempotency key: one key stands for one request."""


class ReplayGoneError(LastInError):
    """What was made under this idempotency key has been pruned since: it was made, and can't be shown any more."""


class UnknownQueueError(LastInError, dramatiq.errors.QueueNotFound):
    """No task declares this queue."""

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)
        self.message = message


class ResultRefusedError(LastInError, ResultError):
    """The job was processed, but what its task returned couldn't be kept: return something smaller or simpler, store it
    elsewhere and return where, or choose an encoder that carries it (``dramatiq.set_encoder``)."""

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)
        self.message = message


class JobRejectedError(LastInError):
    """A job was rejected while somebody waited for its queue with ``fail_fast``."""


class WindowRefusedError(LastInError):
    """A window can't be opened: its tick isn't later than the last one, or is more than a second ahead."""


class UndecodableMessageError(LastInError):
    """What Redis holds as a message isn't one: its job is rejected, and the bytes stay on its record."""
