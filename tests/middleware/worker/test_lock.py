"""The line to Redis: one at a time, and those who wait come first."""

from __future__ import annotations

import threading

from middleware.worker.lock import WaitersFirstLock

from ...service import wait_until


def test_it_is_taken_by_one_at_a_time() -> None:
    line = WaitersFirstLock()

    assert line.take_if_free()
    assert not line.take_if_free()
    line.leave()
    assert line.take_if_free()


def test_who_waits_comes_before_who_asks() -> None:
    line = WaitersFirstLock()
    assert line.take_if_free()
    inside, may_leave = threading.Event(), threading.Event()

    def wait_for_it() -> None:
        with line:
            inside.set()
            may_leave.wait(10)

    waiting = threading.Thread(target=wait_for_it)
    waiting.start()
    wait_until(lambda: line.is_wanted, "the line to be wanted")
    line.leave()

    assert not line.take_if_free()
    assert inside.wait(10)
    assert not line.is_wanted
    may_leave.set()
    waiting.join(10)
    assert line.take_if_free()
