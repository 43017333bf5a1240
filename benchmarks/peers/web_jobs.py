"""What the HTTP peers share: a job's message, scripts that accept it and read a page, and the answers."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import orjson
import redis
from uuid_utils import uuid7

from middleware.clock import rfc3339

QUEUE = "default"
TASK = "process_message"
LONGEST = 65_536
KEYS = [f"by-hand:{name}" for name in ("stack", "messages", "records", "seq")]
ACCEPT = """
local time = redis.call('TIME')
local seq = math.max(tonumber(redis.call('GET', KEYS[4]) or 0) + 1, time[1] * 1000000 + time[2])
redis.call('SET', KEYS[4], string.format('%.0f', seq))
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[3], ARGV[1], cmsgpack.pack({'queued', seq, 0}))
redis.call('ZADD', KEYS[1], seq, ARGV[1])
return seq
"""
"""What a program would do that keeps a stack by hand: less than LastIn's, which keeps records and windows."""
SHA = hashlib.sha1(ACCEPT.encode()).hexdigest()
PAGE = """
local ids = redis.call('ZREVRANGE', KEYS[1], 0, ARGV[1] - 1)
if #ids == 0 then return {} end
local messages, seqs = redis.call('HMGET', KEYS[2], unpack(ids)), {}
for i, packed in ipairs(redis.call('HMGET', KEYS[3], unpack(ids))) do
  seqs[i] = string.format('%.0f', cmsgpack.unpack(packed)[2])
end
return {messages, seqs}
"""
PAGE_SHA = hashlib.sha1(PAGE.encode()).hexdigest()


def arguments(message: str, **options: str) -> tuple[str, list[str | bytes | int]]:
    """A new id, and the arguments of EVALSHA that accept a job with this message, which has these options."""
    id = str(uuid7())
    envelope = {
        "queue_name": QUEUE,
        "actor_name": TASK,
        "args": [],
        "kwargs": {"message": message},
        "options": options,
        "message_id": id,
        "message_timestamp": int(time.time() * 1000),
    }
    return id, [SHA, len(KEYS), *KEYS, id, orjson.dumps(envelope)]


def page_arguments(limit: str | None) -> list[str | int]:
    """The arguments of EVALSHA that read the newest jobs, 50 by default."""
    return [PAGE_SHA, len(KEYS), *KEYS, int(limit or 50)]


def accept(client: redis.Redis, count: int) -> None:
    """Accept ``count`` jobs, without a request for each."""
    client.script_load(ACCEPT)
    for begin in range(0, count, 1000):
        with client.pipeline(transaction=False) as pipe:
            for n in range(begin, min(begin + 1000, count)):
                pipe.execute_command("EVALSHA", *arguments(f"message {n}")[1])
            pipe.execute()


def page(found: list[list[bytes]]) -> bytes:
    """What the script found, as LastIn shows it."""
    jobs = []
    for message, seq in zip(*found, strict=True):
        envelope = orjson.loads(message)
        jobs.append(job(envelope["message_id"], envelope["kwargs"]["message"], int(seq)))
    return orjson.dumps(jobs)


def answer(id: str, message: str, seq: int, request_id: str | None = None) -> bytes:
    """The job as LastIn shows it, in JSON."""
    return orjson.dumps(job(id, message, seq) | {"request_id": request_id})


def job(id: str, message: str, seq: int) -> dict[str, Any]:
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
    return {
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
