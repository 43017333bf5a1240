"""Calling the hooks of middleware: which, in what order, and what happens when one fails."""

from __future__ import annotations

from typing import Any

import dramatiq
import pytest
from dramatiq.middleware import Middleware, MiddlewareError

from middleware.broker import LifoBroker


class Noting(Middleware):
    """Notes which of its hooks were called."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self._name = name
        self._notes = notes

    def before_ack(self, broker: dramatiq.Broker, message: Any) -> None:
        self._notes.append(f"before {self._name} {message}")

    def after_ack(self, broker: dramatiq.Broker, message: Any) -> None:
        self._notes.append(f"after {self._name} {message}")


class Failing(Middleware):
    """Fails in all of its hooks."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def before_ack(self, broker: dramatiq.Broker, message: Any) -> None:
        raise self._error

    def after_ack(self, broker: dramatiq.Broker, message: Any) -> None:
        raise self._error

    def before_enqueue(self, broker: dramatiq.Broker, message: Any, delay: int | None) -> None:
        raise self._error

    def after_enqueue(self, broker: dramatiq.Broker, message: Any, delay: int | None) -> None:
        raise self._error


def a_broker(*middleware: Middleware) -> LifoBroker:
    return LifoBroker(url="redis://127.0.0.1:1/0", middleware=list(middleware))


def test_hooks_are_called_in_order_and_backwards_after_the_deed() -> None:
    notes: list[str] = []
    broker = a_broker(Noting("a", notes), Middleware(), Noting("b", notes))

    broker.emit_before("ack", 1)
    broker.emit_after("ack", 1)

    assert notes == ["before a 1", "before b 1", "after b 1", "after a 1"]


def test_middleware_that_comes_or_goes_later_is_heeded() -> None:
    notes: list[str] = []
    broker = a_broker(Noting("a", notes))
    broker.emit_before("ack", 1)

    broker.add_middleware(late := Noting("b", notes))
    broker.emit_before("ack", 2)
    broker.middleware.remove(late)
    broker.emit_before("ack", 3)

    assert notes == ["before a 1", "before a 2", "before b 2", "before a 3"]


def test_a_hook_that_fails_does_not_keep_the_others_from_their_call(caplog: pytest.LogCaptureFixture) -> None:
    notes: list[str] = []
    broker = a_broker(Failing(ZeroDivisionError()), Noting("a", notes), Failing(ZeroDivisionError()))

    broker.emit_before("ack", 1)
    broker.emit_after("ack", 1)

    assert notes == ["before a 1", "after a 1"]
    assert caplog.text.count("Unexpected failure in before_ack") == 2
    assert caplog.text.count("Unexpected failure in after_ack") == 2


def test_middleware_can_refuse_before_a_deed_but_not_after_it() -> None:
    broker = a_broker(Failing(MiddlewareError("no")))

    with pytest.raises(MiddlewareError):
        broker.emit_before("enqueue", 1, None)
    broker.emit_after("enqueue", 1, None)


def test_nothing_keeps_a_job_that_ended_from_being_settled(caplog: pytest.LogCaptureFixture) -> None:
    notes: list[str] = []
    broker = a_broker(Failing(MiddlewareError("no")), Noting("a", notes))

    broker.emit_before("ack", 1)

    assert notes == ["before a 1"]
    assert "Unexpected failure in before_ack" in caplog.text


def test_a_hook_that_is_replaced_is_called_in_the_place_of_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[str] = []
    broker = a_broker(noting := Noting("a", notes))
    broker.emit_before("ack", 1)

    monkeypatch.setattr(noting, "before_ack", lambda broker, message: notes.append("mine"))
    broker.emit_before("ack", 2)
    monkeypatch.undo()
    monkeypatch.setattr(Noting, "before_ack", lambda self, broker, message: notes.append("of all"))
    broker.emit_before("ack", 3)

    assert notes == ["before a 1", "mine", "of all"]


def test_a_hook_that_did_nothing_before_is_heeded_from_the_next_boot_of_a_worker_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    notes: list[str] = []
    broker = a_broker(plain := Middleware())
    broker.emit_before("ack", 1)

    monkeypatch.setattr(plain, "before_ack", lambda broker, message: notes.append("patched"))
    broker.emit_before("worker_boot", None)
    broker.emit_before("ack", 2)

    assert notes == ["patched"]


def test_a_hook_that_did_nothing_before_is_heeded_at_once_by_a_program_that_sends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    notes: list[str] = []
    broker = a_broker(plain := Middleware())
    broker.emit_before("enqueue", 1, None)

    monkeypatch.setattr(plain, "before_enqueue", lambda broker, message, delay: notes.append("patched"))
    broker.emit_before("enqueue", 2, None)

    assert notes == ["patched"]
