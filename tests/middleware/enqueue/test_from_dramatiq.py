"""Moving what waits in Dramatiq's RedisBroker over to LifoBroker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dramatiq
import pytest
import redis
from dramatiq.brokers.redis import RedisBroker

from local.embedded import EmbeddedServer
from middleware.broker import LifoBroker
from middleware.enqueue.from_dramatiq import move

from ...service import ROOT, python
from ..workers import working


@pytest.fixture
def stock_server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """The server of the old broker."""
    with EmbeddedServer(tmp_path / "stock") as server:
        yield server


def declared(broker: dramatiq.Broker) -> tuple[dramatiq.Actor[Any, None], list[Any]]:
    """The program's actor, on its old broker and on its new one."""
    ran: list[Any] = []

    @dramatiq.actor(broker=broker, actor_name="work")
    def work(n: int) -> None:
        ran.append(n)

    return work, ran


def test_what_waits_is_moved_and_the_newest_is_on_top(stock_server: EmbeddedServer, redis_url: str) -> None:
    old, new = RedisBroker(url=stock_server.url), LifoBroker(url=redis_url)
    send, (_, ran) = declared(old)[0], declared(new)
    for n in range(250):
        send.send(n)

    with redis.Redis.from_url(stock_server.url) as client:
        (moved,) = move(client, new, ["default"], namespace="dramatiq")
        assert str(moved) == "default: 250 waiting and 0 delayed messages moved."
        assert client.llen("dramatiq:default") == client.hlen("dramatiq:default.msgs") == 0
    with working(new):
        new.join("default", timeout=20_000)

    assert ran == list(range(249, -1, -1))
    new.close()


def test_delayed_messages_keep_their_time(stock_server: EmbeddedServer, redis_url: str) -> None:
    old, new = RedisBroker(url=stock_server.url), LifoBroker(url=redis_url)
    send, _ = declared(old)[0], declared(new)
    message = send.send_with_options(args=(1,), delay=3_600_000)

    with redis.Redis.from_url(stock_server.url) as client:
        (moved,) = move(client, new, ["default"], namespace="dramatiq")

    job = new.store.get(message.message_id)
    assert (moved.waiting, moved.delayed) == (0, 1)
    assert job is not None
    assert (job.status, job.payload) == ("scheduled", {"n": 1})
    assert job.due_at_us is not None
    assert abs(job.due_at_us / 1e6 - time.time() - 3600) < 60
    new.close()


def test_moving_can_be_interrupted_and_moves_nothing_twice(
    stock_server: EmbeddedServer, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = RedisBroker(url=stock_server.url), LifoBroker(url=redis_url)
    send, _ = declared(old)[0], declared(new)
    for n in range(5):
        send.send(n)
    with redis.Redis.from_url(stock_server.url) as client:
        with monkeypatch.context() as patched:
            patched.setattr("middleware.enqueue.from_dramatiq.StockQueue.forget", _interrupted)
            with pytest.raises(KeyboardInterrupt):
                list(move(client, new, ["default"], namespace="dramatiq"))

        (moved,) = move(client, new, ["default"], namespace="dramatiq")

    assert (moved.waiting, moved.again) == (5, 1)
    assert [job.payload["n"] for job in new.store.page().jobs] == [4, 3, 2, 1, 0]
    new.close()


def test_what_workers_hold_and_what_can_not_be_read_stays_and_is_told(
    stock_server: EmbeddedServer, redis_url: str
) -> None:
    old, new = RedisBroker(url=stock_server.url), LifoBroker(url=redis_url)
    send, _ = declared(old)[0], declared(new)
    for n in range(3):
        send.send(n)
    next(iter(old.consume("default", prefetch=1)))  # a worker has the oldest one
    with redis.Redis.from_url(stock_server.url) as client:
        client.rpush("dramatiq:default", "broken")
        client.hset("dramatiq:default.msgs", "broken", "{")

        (moved,) = move(client, new, ["default"], namespace="dramatiq")

        assert (moved.waiting, moved.held, moved.unreadable) == (2, 1, 1)
        assert "1 are held by workers" in str(moved)
        assert client.hget("dramatiq:default.msgs", "broken") == b"{"
    new.close()


def test_the_command_moves_the_queues_that_a_program_declares(
    stock_server: EmbeddedServer, redis_url: str, tmp_path: Path
) -> None:
    old = RedisBroker(url=stock_server.url, namespace="mine")
    send, _ = declared(old)
    send.send(7)
    (tmp_path / "program.py").write_text(
        "import os, dramatiq\n"
        "from middleware.broker import LifoBroker\n"
        "dramatiq.set_broker(LifoBroker(url=os.environ['REDIS_URL']))\n"
        "@dramatiq.actor\n"
        "def work(n): ...\n",
        encoding="utf-8",
    )
    command = ("-m", "middleware.enqueue.from_dramatiq", "program", "--redis", stock_server.url, "--namespace", "mine")

    done = python(*command, REDIS_URL=redis_url, PYTHONPATH=f"{tmp_path}:{ROOT}")
    again = python(*command, REDIS_URL=redis_url, PYTHONPATH=f"{tmp_path}:{ROOT}")

    assert (done.returncode, done.stdout) == (0, "default: 1 waiting and 0 delayed messages moved.\n"), done.stderr
    assert again.stdout == "default: 0 waiting and 0 delayed messages moved.\n"
    with redis.Redis.from_url(redis_url) as client:
        assert client.zcard("lastin:{default}:stack") == 1


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt
