"""What ``lastin tail`` makes of the lists that it reads."""

from __future__ import annotations

import pytest

from cli.operations import following
from cli.operations.filters import Chosen
from cli.operations.following import Follower
from cli.sources import connect
from middleware.queues.policy import Policy
from tasks import broker
from tasks.process_message import process_message

pytestmark = pytest.mark.usefixtures("over")


def _changes(follower: Follower) -> list[tuple[str, str]]:
    return [(job["id"], job["status"]) for job in follower.changes()]


def test_each_change_is_told_once_and_in_order() -> None:
    old, *_ = [process_message.send(str(n)).message_id for n in range(3)]
    follower = Follower(connect(), Chosen({}))
    assert len(follower.begin(2)) == 2
    follower.changes()  # the third, which wasn't shown, is followed too

    new = process_message.send("new").message_id
    assert _changes(follower) == [(new, "queued")]
    assert _changes(follower) == []
    broker.cancel(old)
    assert _changes(follower) == [(old, "cancelled")]
    broker.windows.put_policy("default", Policy(mode="continuous"))
    broker.redis.queue("default").claim("worker", 15_000_000, 1)
    assert _changes(follower) == [(new, "running")]


def test_more_jobs_than_can_be_followed_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MOST_FOLLOWED", 2)
    follower = Follower(connect(), Chosen({}))
    follower.begin(0)
    ids = [process_message.send(str(n)).message_id for n in range(3)]

    assert _changes(follower) == [(id, "queued") for id in ids[1:]]
    assert follower.is_full


def test_filters_are_heeded() -> None:
    follower = Follower(connect(), Chosen({"queue": ["other"]}))
    follower.begin(10)
    process_message.send("x")

    assert _changes(follower) == []
