"""``/v1/jobs`` in FastAPI: the body is checked by pydantic, Redis is asked asynchronously."""

from __future__ import annotations

import os
from typing import Annotated

import redis.asyncio
from fastapi import FastAPI, Query, Response
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


@app.get("/v1/jobs")
async def newest(limit: Annotated[int, Query(ge=1, le=500)] = 50) -> Response:
    """A page of the newest jobs."""
    words = web_jobs.page_arguments(str(limit))
    try:
        found = await client.execute_command("EVALSHA", *words)
    except NoScriptError:
        found = await client.execute_command("EVAL", web_jobs.PAGE, *words[1:])
    return Response(web_jobs.page(found), media_type="application/json")
