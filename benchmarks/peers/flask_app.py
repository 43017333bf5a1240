"""``/v1/jobs`` in plain Flask: the body is checked by hand."""

from __future__ import annotations

import os

import orjson
import redis
from flask import Flask, Response, request

from . import web_jobs

app = Flask(__name__)
client = redis.Redis.from_url(os.environ["REDIS_URL"])


@app.post("/v1/jobs")
def submit() -> Response:
    """Accept a job."""
    body = orjson.loads(request.get_data())
    message = body.get("message") if isinstance(body, dict) else None
    if not isinstance(message, str) or not message.strip() or len(message) > web_jobs.LONGEST or len(body) != 1:
        return Response(b'{"detail": "expected a message"}', status=400, content_type="application/json")
    id, words = web_jobs.arguments(message)
    try:
        seq = client.execute_command("EVALSHA", *words)
    except redis.exceptions.NoScriptError:
        seq = client.execute_command("EVAL", web_jobs.ACCEPT, *words[1:])
    answer = web_jobs.answer(id, message, seq)
    return Response(answer, status=201, headers={"Location": f"/v1/jobs/{id}"}, content_type="application/json")


@app.get("/v1/jobs")
def newest() -> Response:
    """A page of the newest jobs."""
    words = web_jobs.page_arguments(request.args.get("limit"))
    try:
        found = client.execute_command("EVALSHA", *words)
    except redis.exceptions.NoScriptError:
        found = client.execute_command("EVAL", web_jobs.PAGE, *words[1:])
    return Response(web_jobs.page(found), content_type="application/json")
