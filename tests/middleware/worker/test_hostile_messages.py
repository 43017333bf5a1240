"""Whatever lies in Redis under a job's name: a worker reads it as JSON, runs nothing of it, and goes on.

``LASTIN_FUZZ=5000`` tries that many messages of each kind instead of a few, other ones in each run.
"""

from __future__ import annotations

import json
import os
import pickle
from contextlib import suppress
from typing import Any

import dramatiq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from middleware.broker import LifoBroker
from middleware.commands.types import Offer
from middleware.errors import UndecodableMessageError
from middleware.messages import decoded, without_retries

from ..workers import ended, working

GOOD = {"queue_name": "default", "actor_name": "work", "args": [], "kwargs": {}, "options": {}}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
NAMES = st.sampled_from([*GOOD, "message_id", "message_timestamp", "other"])


class Harmful:
    """Unpickled, it would end the test run."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exit, (13,)


def _encoded(**parts: Any) -> bytes:
    return json.dumps({**GOOD, "message_id": "hostile", "message_timestamp": 0, **parts}).encode()


HOSTILE = {
    "pickle": pickle.dumps(Harmful()),
    "nested deep": b"[" * 200_000,
    "nested deep in the payload": _encoded(kwargs={"a": 1}).replace(b"1}", b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "a long integer": _encoded(message_timestamp=1).replace(b'timestamp": 1', b'timestamp": ' + b"1" * 5000),
    "not a number": _encoded(message_timestamp=float("nan")),
    "half a character": _encoded(kwargs={"a": "\ud800"}),
    "not UTF-8": b'{"message_id": "\xff"}',
    "arguments that are no list": _encoded(args=7),
    "a payload that is no object": _encoded(kwargs=[1]),
    "options that are no object": _encoded(options="no"),
    "retries that are no number": _encoded(options={"retries": "many", "max_retries": {}}),
    "tags and traces that are none": _encoded(options={"tags": 7, "request_id": {}, "traceparent": [1]}),
    "a time limit that is no number": _encoded(options={"time_limit": "long"}),
    "a pipe to nowhere": _encoded(options={"pipe_target": {"actor_name": "nobody"}}),
    "a group that isn't one": _encoded(options={"group_completion_uuid": 7, "group_completion_callbacks": "x"}),
    "callbacks of tasks that don't exist": _encoded(options={"on_success": "nobody", "on_failure": [1]}),
    "an unknown key": _encoded(other=1),
}


EXAMPLES = int(os.environ.get("LASTIN_FUZZ", "0"))
fuzzed = settings(
    max_examples=EXAMPLES or 60,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@fuzzed
@given(st.binary() | st.dictionaries(NAMES, VALUES).map(lambda parts: json.dumps(parts).encode()))
def test_whatever_is_there_is_a_message_or_undecodable(body: bytes) -> None:
    try:
        message = decoded("default", "hostile", body)
    except UndecodableMessageError:
        return
    assert (message.message_id, message.queue_name) == ("hostile", "default")


@fuzzed
@given(st.dictionaries(NAMES, VALUES))
def test_parts_of_a_message_may_be_anything(parts: dict[str, Any]) -> None:
    body = json.dumps({**GOOD, "message_id": "hostile", "message_timestamp": 0, **parts}).encode()
    with suppress(UndecodableMessageError):
        decoded("default", "hostile", body)
    without_retries(body)


@pytest.mark.parametrize("body", HOSTILE.values(), ids=list(HOSTILE))
def test_a_hostile_message_ends_and_harms_no_other_job(broker: LifoBroker, body: bytes) -> None:
    @dramatiq.actor(max_retries=0)
    def work(**payload: Any) -> None:
        pass

    last = work.send()
    broker.redis.queue("default").accept([Offer("hostile", "work", body)])
    with working(broker, threads=2):
        assert ended(broker, last).status.value == "processed"
        job = ended(broker, "hostile")

    assert job.status.value in {"processed", "rejected"}
    assert json.dumps(job.as_dict())
    broker.retry("hostile")
    assert broker.store.get("hostile") is not None
