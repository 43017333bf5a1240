"""What the HTTP peers share: a job's message, the packed call of LastIn's script, and the answer's keys."""

from __future__ import annotations

import time
from typing import Any

import orjson
from uuid_utils import uuid7

from middleware import keys
from middleware.clock import rfc3339
from middleware.sources import script

QUEUE = "default"
TASK = "process_message"
LONGEST = 65_536
KEYS = keys.of_queue(QUEUE)


def arguments(message: str) -> tuple[str, list[Any]]:
    """A new id, and the arguments of EVALSHA that accept a job with this message."""
    id = str(uuid7())
    envelope = {
        "queue_name": QUEUE,
        "actor_name": TASK,
        "args": [],
        "kwargs": {"message": message},
        "options": {},
        "message_id": id,
        "message_timestamp": int(time.time() * 1000),
    }
    return id, [script("accept").sha, len(KEYS), *KEYS, "", "closed", 0, "", 0, id, TASK, "", orjson.dumps(envelope)]


def answer(id: str, message: str, seq: int) -> bytes:
    """The job as LastIn shows it."""
    empty = dict.fromkeys(
        [
            "due_at",
            "started_at",
            "finished_at",
            "wait_ms",
            "run_ms",
            "window",
            "worker",
            "progress",
            "result",
            "result_error",
            "error",
            "reason",
            "request_id",
            "traceparent",
        ]
    )
    at = rfc3339(seq)
    return orjson.dumps(
        {
            "id": id,
            "seq": seq,
            "place": seq,
            "status": "queued",
            "task": TASK,
            "queue": QUEUE,
            "payload": {"message": message},
            "tags": [],
            "attempts": 0,
            "max_attempts": 21,
            "created_at": at,
            "queued_at": at,
            "cancel_requested": False,
            **empty,
        }
    )
