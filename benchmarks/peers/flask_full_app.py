"""``POST /v1/jobs`` in plain Flask, with what clients and operators get of LastIn beside the job, written by hand.

Media type and size of the body are checked. The request has an id, taken or made, kept on the job and told. The answer
has an ETag, and the same headers for browsers. A line of JSON is logged, and the request is counted by method, route
and status; what Python's handbooks know to make that cheap is done.

What the measured request doesn't ask for is left out (``Idempotency-Key``, ``Prefer``, tags, delays, tokens), and so
are some checks: repeated names in the body, other hosts and sites.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import sys
import time
from functools import cache

import orjson
import redis
from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram
from uuid_utils import uuid7

from . import web_jobs

MAX_BYTES = 1024 * 1024
REQUEST_ID = re.compile(r"[!-~]{1,128}")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


class JsonFormatter(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {"time": record.created, "level": record.levelname, "logger": record.name}
        return orjson.dumps({**line, "message": record.getMessage(), **getattr(record, "fields", {})}).decode()


app = Flask(__name__)
client = redis.Redis.from_url(os.environ["REDIS_URL"])
registry = CollectorRegistry()
LABELS = ("method", "url_rule", "status")
seconds = Histogram("http_request_duration_seconds", "How long a request took.", LABELS, registry=registry)
requests = Counter("http_requests", "Answered requests.", LABELS, registry=registry)
log = logging.getLogger("requests")
handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(JsonFormatter())
log.addHandler(handler)
log.setLevel(logging.INFO)
# No line shows these: they needn't be found out (docs.python.org/3/howto/logging.html#optimization).
logging._srcfile = None
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


@app.before_request
def begin() -> None:
    """Give the request its id and its time."""
    g.began = time.perf_counter()
    sent = request.headers.get("X-Request-Id", "")
    g.request_id = sent if REQUEST_ID.fullmatch(sent) else str(uuid7())


@app.after_request
def finish(answer: Response) -> Response:
    """Add the headers, count the request, and log it."""
    answer.headers.extend(HEADERS)
    answer.headers["X-Request-Id"] = g.request_id
    took_s = time.perf_counter() - g.began
    count(request.method, request.url_rule.rule if request.url_rule else None, answer.status_code, took_s)
    fields = {
        "method": request.method,
        "path": request.path,
        "status": answer.status_code,
        "took_ms": round(took_s * 1000, 3),
        "peer": request.remote_addr,
        "job_id": g.get("job_id"),
        "request_id": g.request_id,
    }
    log.info("%s %s: %d", request.method, request.path, answer.status_code, extra={"fields": fields})
    return answer


def count(method: str, url_rule: str | None, status: int, took_s: float) -> None:
    """One request more."""
    of_its_kind, answered = counters(method, url_rule, status)
    of_its_kind.observe(took_s)
    answered.inc()


@cache
def counters(*labels: str | int | None) -> tuple[Histogram, Counter]:
    """Those with these labels; looked up once."""
    return seconds.labels(*labels), requests.labels(*labels)


@app.post("/v1/jobs")
def submit() -> Response:
    """Accept a job."""
    if request.mimetype != "application/json":
        return problem(415, "expected application/json")
    if (request.content_length or 0) > MAX_BYTES:
        return problem(413, "the body is too large")
    try:
        body = orjson.loads(request.get_data())
    except ValueError:
        return problem(400, "expected JSON")
    message = body.get("message") if isinstance(body, dict) else None
    if not isinstance(message, str) or not message.strip() or len(message) > web_jobs.LONGEST or len(body) != 1:
        return problem(400, "expected a message")
    g.job_id, words = web_jobs.arguments(message, request_id=g.request_id)
    try:
        seq = client.execute_command("EVALSHA", *words)
    except redis.exceptions.NoScriptError:
        seq = client.execute_command("EVAL", web_jobs.ACCEPT, *words[1:])
    answer = web_jobs.answer(g.job_id, message, seq, g.request_id)
    etag = f'"{hashlib.blake2b(answer, digest_size=12).hexdigest()}"'
    headers = {"Location": f"/v1/jobs/{g.job_id}", "ETag": etag}
    return Response(answer, status=201, headers=headers, content_type="application/json")


def problem(status: int, detail: str) -> Response:
    """A problem document (RFC 9457)."""
    document = {"type": "about:blank", "status": status, "detail": detail, "request_id": g.request_id}
    return Response(orjson.dumps(document), status=status, content_type="application/problem+json")
