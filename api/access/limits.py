"""How many requests a client may send: Flask-Limiter over our Redis, shown in the headers of
draft-ietf-httpapi-ratelimit-headers-09."""

from __future__ import annotations

import logging
import time

from flask import Flask, Response, g, request
from flask_limiter import Limiter, RateLimitExceeded, RequestLimit
from redis.exceptions import RedisError

from middleware.commands import keys
from middleware.redis_link.route import pool
from middleware.settings import Settings

from ..wire.problems import RATE_LIMITED, ProblemError, answer
from .auth import asked_path, scope_needed
from .clients import client
from .headers import SAFE_METHODS
from .scopes import NONE, is_open, is_page

PATIENCE_S = 0.25
"""So long a request waits for Redis's count at most. Then the process counts by itself, and looks after Redis again in
growing intervals."""


def install(app: Flask, settings: Settings) -> None:
    """With ``RATE_LIMIT``, count the requests of each client, and refuse those beyond. What is open to everybody isn't
    counted. It comes after the caller is known and before the caller is refused, so that guessing is counted too."""
    if not settings.rate_limit:
        return
    # It logs every single request that it refuses.
    logging.getLogger("flask-limiter").setLevel(logging.WARNING)
    limiter = Limiter(
        client,
        app=app,
        application_limits=[settings.rate_limit],
        in_memory_fallback=[settings.rate_limit],
        storage_uri="redis://",
        storage_options={
            "connection_pool": pool(settings.redis_address, timeout_s=PATIENCE_S, key=keys.rate_limits()),  # type: ignore[dict-item]
            "key_prefix": keys.rate_limits(),
        },
        request_identifier=lambda: "all",
        swallow_errors=True,
    )
    limiter.request_filter(lambda: is_open(request.path) or _is_watching())
    app.register_error_handler(RateLimitExceeded, lambda _: _refuse(limiter))
    app.after_request(lambda response: _add_headers(limiter, response))


def _is_watching() -> bool:
    """Whether somebody who was let in looks at a page, which asks for news by itself, as often as it was made to."""
    return request.method in SAFE_METHODS and is_page(asked_path()) and "refusal" not in g and scope_needed() != NONE


def _refuse(limiter: Limiter) -> Response:
    waits = [_seconds_left(limit) for limit in limiter.current_limits if limit.breached]
    return answer(ProblemError(RATE_LIMITED, headers={"Retry-After": str(max(waits, default=1))}))


def _add_headers(limiter: Limiter, response: Response) -> Response:
    """The policies with their quotas and windows, and what is left of them for how long."""
    try:
        left = [f'"{_name(limit)}";r={limit.remaining};t={_seconds_left(limit)}' for limit in limiter.current_limits]
    except RedisError:  # between the count and this: the answer stands, and the next request finds out
        return response
    if left:
        policies = [(_name(limit), limit.limit) for limit in limiter.current_limits]
        response.headers["RateLimit-Policy"] = ", ".join(
            f'"{name}";q={policy.amount};w={policy.get_expiry()}' for name, policy in policies
        )
        response.headers["RateLimit"] = ", ".join(left)
    return response


def _name(limit: RequestLimit) -> str:
    return f"{limit.limit.amount}-per-{limit.limit.get_expiry()}s"


def _seconds_left(limit: RequestLimit) -> int:
    return max(1, int(limit.reset_at - time.time()))
