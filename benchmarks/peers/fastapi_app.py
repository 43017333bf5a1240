"""``POST /v1/jobs`` in FastAPI: the body is checked by pydantic, Redis is asked asynchronously."""

from __future__ import annotations

import os
from typing import Annotated

import redis.asyncio
from fastapi import FastAPI, Response
from pydantic import BaseModel, ConfigDict, StringConstraints
from redis.exceptions import NoScriptError

from . import web_jobs

app = FastAPI()
client = redis.asyncio.Redis.from_url(os.environ["REDIS_URL"])


class NewJob(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(extra="forbid", strict=True)

    message: Annotated[str, StringConstraints(min_length=1, max_length=web_jobs.LONGEST, pattern=r"\S")]


@app.post("/v1/jobs", status_code=201)
async def submit(new: NewJob) -> Response:
    """Accept a job."""
    id, words = web_jobs.arguments(new.message)
    try:
        seq = await client.execute_command("EVALSHA", *words)
    except NoScriptError:
        seq = await client.execute_command("EVAL", web_jobs.ACCEPT, *words[1:])
    answer = web_jobs.answer(id, new.message, seq)
    return Response(answer, 201, {"Location": f"/v1/jobs/{id}"}, "application/json")
