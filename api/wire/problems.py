"""Problem documents (RFC 9457): the one shape of every error answer."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice
from typing import Any

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from middleware.errors import (
    DuplicateJobError,
    KeyReusedError,
    LargerThanQueueError,
    QueueFullError,
    RedisAwayError,
    RedisClusterError,
    ReplayGoneError,
    TooFewReplicasError,
    TooManyWaitingError,
)
from tasks.payload import flat

from .tracing import current_request_id

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 50
"""A body with ten thousand unknown names doesn't get as many errors back."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem. Its name is stable, for clients to compare; a kind without a name is only its status."""

    name: str
    status: int
    title: str
    detail: str

    @property
    def type(self) -> str:
        """The URI reference that identifies this kind; ``about:blank`` as RFC 9457, 4.2.1, says."""
        return f"/problems/{self.name}" if self.name else "about:blank"


MALFORMED = Kind("malformed-json", 400, "The body can't be read as JSON", "Send one JSON document, in UTF-8.")
VALIDATION = Kind("validation", 400, "The request doesn't fit the contract", "See errors.")
REQUEST_LINE = Kind(
    "malformed-request", 400, "The request can be read in two ways", "Send it as RFC 9112 says; see errors."
)
UNAUTHENTICATED = Kind(
    "unauthenticated", 401, "A valid access token is needed", "Send it as `Authorization: Bearer …`; nowhere else."
)
FORBIDDEN = Kind("forbidden", 403, "The token doesn't allow this", "A token with another scope is needed.")
CROSS_SITE = Kind("cross-site", 403, "From another site", "Pages of other sites may not change anything here.")
FOREIGN_HOST = Kind("foreign-host", 403, "Sent to another name", "Use an IP address or localhost in the Host header.")
NOT_FOUND = Kind("not-found", 404, "Not found", "There is nothing at this address.")
METHOD = Kind("method-not-allowed", 405, "Method not allowed", "The Allow header lists the methods that it takes.")
FINISHED = Kind("already-finished", 409, "Already finished", "A job that has ended can't be cancelled.")
NOT_RETRYABLE = Kind(
    "not-retryable", 409, "Can't be retried", "Only rejected, cancelled or expired jobs can be retried."
)
WINDOW_REFUSED = Kind("window-refused", 409, "No window can be opened", "The queue's jobs need no window.")
SLOW = Kind("body-too-slow", 408, "The body took too long", "All of it must arrive within 30 s.")
TOO_LARGE = Kind("too-large", 413, "The body is too large", "Send less at once.")
MEDIA = Kind("unsupported-media-type", 415, "Unsupported media type", "Send the body as application/json.")
RATE_LIMITED = Kind("rate-limited", 429, "Too many requests", "Wait as long as Retry-After says.")
REUSED = Kind("key-reused", 422, "The key stands for another request", "Choose a new Idempotency-Key.")
UNMEETABLE = Kind(
    "deadline-unmeetable",
    422,
    "The deadline can't be met",
    "As things stand, the job would expire before it could start.",
)
GONE = Kind(
    "replay-gone", 409, "Carried out, and pruned since", "The request was carried out before; its jobs are gone."
)
DUPLICATE = Kind("duplicate-job", 409, "Accepted before", "A job with this id exists already.")
INTERNAL = Kind("internal", 500, "Internal error", "This is a fault of the service; it was logged with request_id.")
CODING = Kind("unknown-coding", 501, "Unknown transfer coding", "Send the body in chunks, or with its length.")
UNCONFIRMED = Kind(
    "unconfirmed",
    503,
    "Too few replicas have it",
    "The jobs were accepted, but too few replicas of the database confirmed them in time: a failover may lose them. "
    "Send the request again: under the same Idempotency-Key it makes no job twice, without one it may.",
)
UNAVAILABLE = Kind("unavailable", 503, "Unavailable", "The database of the queues can't be reached now: try again.")
KEYS_AWAY = Kind("keys-away", 503, "Tokens can't be checked now", "The issuer's keys aren't available now: try again.")
FULL = Kind("queue-full", 503, "No room for more jobs", "The database of the queues is full: try again later.")
CROWDED = Kind("too-many-waiting", 503, "Too many jobs wait", "The queue takes no more jobs for now: try again later.")
CROWDED_BODIES = Kind("too-many-bodies", 503, "Too many bodies are on their way", "Send it again in a few seconds.")
STUCK = Kind("not-consuming", 503, "Jobs aren't consumed as they should be", "See detail for the reason.")

KINDS = tuple(each for each in list(globals().values()) if isinstance(each, Kind))
"""All of the above."""
BY_STATUS: Mapping[int, Kind] = {kind.status: kind for kind in (NOT_FOUND, METHOD, TOO_LARGE, MEDIA, INTERNAL)}


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one part of a request. ``source`` is ``pointer`` (RFC 6901), ``parameter`` or ``header``."""

    source: str
    where: str
    detail: str

    def as_dict(self) -> dict[str, str]:
        return {self.source: self.where, "detail": self.detail}


class ProblemError(HTTPException):
    """Ends a request with a problem document."""

    def __init__(
        self,
        kind: Kind,
        detail: str | None = None,
        *,
        errors: Iterable[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(kind.detail if detail is None else detail)
        self.code = kind.status
        self.kind = kind
        self.errors = list(errors)[:MAX_ERRORS]
        self.headers = dict(headers or {})


def invalid(errors: Iterable[FieldError]) -> ProblemError:
    """A request whose parts are wrong; the first is also said in words."""
    found = list(islice(errors, MAX_ERRORS))
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    where = found[0].where or "The body"
    return ProblemError(VALIDATION, f"{where}: {found[0].detail}{more}", errors=found)


def field_errors(messages: Any, location: str) -> Iterator[FieldError]:
    """marshmallow's nested messages as flat errors: pointers into the body, or names of parameters and headers."""
    source = {"json": "pointer", "headers": "header"}.get(location, "parameter")
    for pointer, text in flat(messages):
        yield FieldError(source, pointer if source == "pointer" else _name(pointer), text)


def _name(pointer: str) -> str:
    """The parameter or header that a pointer begins with."""
    return pointer.split("/", 2)[1].replace("~1", "/").replace("~0", "~") if pointer else ""


def answer(error: HTTPException) -> Response:
    """The problem document of an exception, with the headers that belong to it (``Allow``, ``Retry-After``)."""
    if isinstance(error, ProblemError):
        return _document(error.kind, error.description or error.kind.detail, error.errors, error.headers)
    kind = _kind_of_status(error.code or 500)
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    return _document(kind, kind.detail, [], headers)


def _kind_of_status(status: int) -> Kind:
    phrase = HTTPStatus(status).phrase
    return BY_STATUS.get(status) or Kind("", status, phrase, phrase)


def _document(kind: Kind, detail: str, errors: list[FieldError], headers: Mapping[str, str]) -> Response:
    document = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "errors": [error.as_dict() for error in errors],
        "request_id": current_request_id(),
    }
    return Response(orjson.dumps(document), status=kind.status, headers=dict(headers), content_type=MEDIA_TYPE)


def example(status: int) -> dict[str, Any]:
    """What a problem of this status looks like."""
    kind = next(kind for kind in KINDS if kind.status == status and kind is not MALFORMED)
    errors = [FieldError("pointer", "/delay", "Unknown field. Did you mean delay_s?").as_dict()]
    return {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": kind.detail,
        "errors": errors if kind is VALIDATION else [],
        "request_id": "01a223a7-da69-73b8-98a9-737b6c78be87",
    }


def _redis_away(error: RedisAwayError) -> Response:
    logger.warning("Redis is away: %s", error)
    return answer(ProblemError(UNAVAILABLE, headers={"Retry-After": "1"}))


def _unconfirmed(error: TooFewReplicasError) -> Response:
    logger.warning("%s", error)
    return answer(ProblemError(UNCONFIRMED, headers={"Retry-After": "1"}))


def _redis_cluster(error: RedisClusterError) -> Response:
    logger.error("%s", error)
    detail = "The service isn't set up for its database: whoever runs it must change REDIS_CLUSTER or REDIS_URL."
    return answer(ProblemError(UNAVAILABLE, detail, headers={"Retry-After": "60"}))


def _queue_full(error: QueueFullError) -> Response:
    logger.warning("No room for more jobs: %s", error)
    return answer(ProblemError(FULL, headers={"Retry-After": "5"}))


def _crowded(error: TooManyWaitingError) -> Response:
    logger.warning("Too many jobs wait: %s", error)
    return answer(ProblemError(CROWDED, headers={"Retry-After": str(error.retry_after_s)}))


def _larger_than_queue(error: LargerThanQueueError) -> Response:
    return answer(invalid([FieldError("pointer", "/jobs" if request.path.endswith("/batch") else "", str(error))]))


def _key_reused(error: KeyReusedError) -> Response:
    return answer(ProblemError(REUSED, str(error), errors=[FieldError("header", "Idempotency-Key", str(error))]))


def _replay_gone(error: ReplayGoneError) -> Response:
    return answer(ProblemError(GONE, str(error)))


def _duplicate(error: DuplicateJobError) -> Response:
    return answer(ProblemError(DUPLICATE, str(error)))


def install(app: Flask) -> None:
    """Answer what the middleware raises with problem documents too."""
    app.register_error_handler(RedisAwayError, _redis_away)
    app.register_error_handler(RedisClusterError, _redis_cluster)
    app.register_error_handler(TooFewReplicasError, _unconfirmed)
    app.register_error_handler(QueueFullError, _queue_full)
    app.register_error_handler(TooManyWaitingError, _crowded)
    app.register_error_handler(LargerThanQueueError, _larger_than_queue)
    app.register_error_handler(KeyReusedError, _key_reused)
    app.register_error_handler(ReplayGoneError, _replay_gone)
    app.register_error_handler(DuplicateJobError, _duplicate)
