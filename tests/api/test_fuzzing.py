"""Whatever is sent: no fault, a problem document that names the request, and nothing stored of what was refused.

``LASTIN_FUZZ=5000`` tries that many requests of each kind instead of a few, other ones in each run.
"""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
import redis
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from api.wire.waiting import LONGEST_WAIT_S, preferred_wait_s
from middleware.queues.policy import Policy
from tasks import broker

from .client import PROBLEM_KEYS, Answer, Client
from .hostile import (
    BATCHES,
    CHARACTERS,
    HEADERS,
    JOBS,
    LISTS,
    MEDIA_TYPES,
    PATHS,
    POSTS,
    QUERIES,
    SEGMENTS,
    TEXTS,
    Header,
    bodies,
    query,
    sent,
)

EXAMPLES = int(os.environ.get("LASTIN_FUZZ", "0"))
fuzzed = settings(
    max_examples=EXAMPLES or 80,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
pytestmark = pytest.mark.timeout(0 if EXAMPLES else 300)

JSON = ("Content-Type", b"application/json")


def _stored(client: redis.Redis) -> dict[bytes, Any]:
    """All that Redis holds of queues; what processes report of themselves, with a dot before its name, isn't."""
    return {key: client.dump(key) for key in client.scan_iter(match="lastin:{[^.]*", count=1000)}


def _check(answer: Answer) -> Answer:
    assert answer.status < 500, answer.body
    assert answer.headers["X-Request-Id"]
    if answer.status >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json", answer.body
        problem = answer.json
        assert set(problem) == PROBLEM_KEYS
        assert problem["status"] == answer.status
        assert problem["request_id"] == answer.headers["X-Request-Id"]
        assert len(answer.body) < 100_000
    return answer


def _post(client: Client, raw: redis.Redis, target: str, body: bytes, headers: list[Header]) -> Answer:
    """A POST to an API that holds nothing; if it is refused nothing is stored."""
    raw.flushall()
    for queue in ("default", "mail"):
        broker.windows.put_policy(queue, Policy(mode="windows", batch=2, close_when_empty=False))
    before = _stored(raw)
    answer = _check(sent(client.port, "POST", target, headers, body))
    if answer.status >= 400:
        assert _stored(raw) == before
    return answer


@pytest.fixture
def raw(redis_url: str) -> Any:
    """A client of this run's Redis that decodes nothing."""
    with redis.Redis.from_url(redis_url) as client:
        yield client


@fuzzed
@given(target=st.sampled_from(POSTS), body=bodies(), media_type=MEDIA_TYPES, headers=HEADERS)
def test_any_body_is_taken_or_refused(
    *, client: Client, raw: redis.Redis, target: str, body: bytes, media_type: bytes, headers: list[Header]
) -> None:
    _post(client, raw, target, body, [("Content-Type", media_type), *headers])


@fuzzed
@given(job=JOBS, is_ascii=st.booleans())
def test_a_job_that_is_taken_comes_back_as_it_was_sent(
    client: Client, raw: redis.Redis, job: dict[str, Any], is_ascii: bool
) -> None:
    body = json.dumps(job, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    answer = _post(client, raw, "/v1/jobs", body, [JSON])

    assert answer.status in {201, 400}
    if answer.status == 201:
        shown = client.get(f"/v1/jobs/{answer.json['id']}").json
        payload = job.get("payload", {"message": job.get("message")})
        assert shown == answer.json
        assert payload.items() <= shown["payload"].items()
        assert shown["tags"] == (job.get("tags") or [])
        assert shown["task"] == job.get("task", "process_message")


@fuzzed
@given(
    message=st.text(CHARACTERS, min_size=1, max_size=200), tags=st.lists(st.text(CHARACTERS, min_size=1), max_size=3)
)
def test_any_text_is_kept_as_it_is(client: Client, message: str, tags: list[str]) -> None:
    assume(message.strip())
    tags = [tag[:64].replace(",", ";") for tag in tags]
    answer = client.post_job({"message": message, "tags": tags})

    assert answer.status == 201, answer.body
    shown = client.get(f"/v1/jobs/{answer.json['id']}").json
    assert (shown["payload"], shown["tags"]) == ({"message": message}, tags)


@fuzzed
@given(batch=BATCHES)
def test_a_batch_is_taken_whole_or_not_at_all(client: Client, raw: redis.Redis, batch: dict[str, Any]) -> None:
    body = json.dumps(batch).encode()
    answer = _post(client, raw, "/v1/jobs/batch", body, [JSON])

    assert answer.status in {201, 400}
    if answer.status == 201:
        assert len(client.get("/v1/jobs").json) == len(batch["jobs"])


@fuzzed
@given(path=st.sampled_from(LISTS), pairs=QUERIES, rest=st.binary(max_size=10))
def test_any_query_is_answered(client: Client, path: str, pairs: list[tuple[str, bytes]], rest: bytes) -> None:
    _check(sent(client.port, "GET", f"{path}?{query(pairs)}{quote_from_bytes(rest, safe='&=;+')}"))


@fuzzed
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "X"]),
    start=st.sampled_from(PATHS),
    segments=st.lists(SEGMENTS, max_size=3),
    headers=HEADERS,
)
def test_any_path_is_answered(
    client: Client, method: str, start: str, segments: list[bytes], headers: list[Header]
) -> None:
    target = "/".join([start, *(quote_from_bytes(segment, safe="%") for segment in segments)]) or "/"
    answer = sent(client.port, method, target, headers)

    if method == "HEAD":
        assert answer.status < 500
        assert answer.body == b""
    else:
        _check(answer)


@fuzzed
@given(headers=HEADERS)
def test_a_job_is_taken_or_refused_for_its_headers(client: Client, raw: redis.Redis, headers: list[Header]) -> None:
    answer = _post(client, raw, "/v1/jobs", b'{"message": "a"}', [JSON, *headers])

    assert answer.status in {201, 400, 403, 415}
    if answer.status == 201:
        assert answer.json["request_id"] == answer.headers["X-Request-Id"]
        again = _check(sent(client.port, "POST", "/v1/jobs", [JSON, *headers], b'{"message": "a"}'))
        is_replay = any(name == "Idempotency-Key" for name, _ in headers)
        assert (again.json["id"] == answer.json["id"]) == is_replay


@fuzzed
@given(TEXTS | st.from_regex(r"(?i)[a-z, ;]*wait\s*=\s*\"?\d{1,12}\"?[,;]?"))
def test_no_preference_waits_for_longer_than_the_bound(prefer: str) -> None:
    assert 0 <= preferred_wait_s(prefer) <= LONGEST_WAIT_S
