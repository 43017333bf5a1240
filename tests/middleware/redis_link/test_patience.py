"""How long a program without a worker waits for Redis in ``send()``, and what it hears then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import dramatiq
import pytest

from local.embedded import EmbeddedServer, free_port
from middleware.broker import PATIENCE_S, LifoBroker
from middleware.errors import RedisAwayError, RedisRefusedError
from middleware.redis_link.backoff import Backoff
from middleware.redis_link.patience import persist

TIMEOUT_S = 5.0


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A server with a password."""
    with EmbeddedServer(tmp_path / "redis", password="the-right-one") as server:
        yield server


def sending_to(url: str) -> LifoBroker:
    """A program that only sends."""
    broker = LifoBroker(url=url)
    broker.declare_queue("default")
    return broker


def message() -> dramatiq.Message[None]:
    return dramatiq.Message("default", "work", (), {}, {})


def test_a_program_without_a_worker_gives_up_in_time_for_who_waits_for_its_answer() -> None:
    broker = sending_to(f"redis://127.0.0.1:{free_port()}/0")

    began = time.monotonic()
    with pytest.raises(RedisAwayError):
        broker.enqueue(message())

    assert PATIENCE_S - 0.6 < time.monotonic() - began < PATIENCE_S + TIMEOUT_S


def test_it_bears_a_restart_of_redis(own_server: EmbeddedServer) -> None:
    broker = sending_to(own_server.url)
    broker.enqueue(message())
    own_server.kill()
    own_server.start()

    broker.enqueue(message())
    assert len(broker.store.page().jobs) == 2
    broker.close()


@pytest.mark.parametrize("wrong", [":another-one@", "somebody:the-right-one@", ""])
def test_a_wrong_password_is_raised_at_once(guarded: EmbeddedServer, wrong: str) -> None:
    broker = sending_to(f"redis://{wrong}127.0.0.1:{guarded.port}/0")

    began = time.monotonic()
    with pytest.raises(RedisRefusedError, match="check user and password in REDIS_URL") as refusal:
        broker.enqueue(message())

    assert time.monotonic() - began < PATIENCE_S - 1
    assert "one" not in str(refusal.value).replace("none", "")


def test_who_never_gives_up_outlives_a_change_of_passwords() -> None:
    answers = iter([RedisRefusedError("WRONGPASS"), RedisAwayError("away"), None])

    def call() -> str:
        if error := next(answers):
            raise error
        return "done"

    assert persist(call, patience_s=None) == "done"


def test_the_pause_between_two_tries_leaves_time_for_the_first_claim() -> None:
    backoff = Backoff()

    pauses_s = [backoff.next_s() for _ in range(200)]

    assert pauses_s == sorted(pauses_s)
    assert (pauses_s[0], pauses_s[-1]) == (0.02, 0.25)
